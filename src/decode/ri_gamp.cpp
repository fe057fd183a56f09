#include "twofold/decode/ri_gamp.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ri_gamp_memory.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/model/rectangular_cumulants.hpp"

namespace twofold::decode {
namespace {

void check_layers(std::span<const model::RiGampScalars> layers) {
  constexpr auto where = "decode::ri_gamp";
  require(!layers.empty(), where, "needs at least one layer, got none");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& layer = layers[i];
    const auto t = static_cast<Index>(i) + 1;
    const bool fits = layer.beta.size() == t - 1 && layer.weights.size() == t &&
                      layer.alpha.size() == t && layer.mixing.size() == t;
    if (!fits) throw InvalidArgument(where, fmt::format("layer {} has wrong lengths", t));
  }
}

double condition_number(const Matrix& A) {
  const Vector values = symmetric_eigenvalues(A).values;
  const double least = values[values.size() - 1];
  return least > 0.0 ? values[0] / least : std::numeric_limits<double>::infinity();
}

/// The state matrices as the codes at hand show them, and the coefficients that follow.
template <typename Scalar>
class EmpiricalState {
 public:
  EmpiricalState(RiGampMemory<Scalar>& memory, std::span<const double> cumulants, double rate,
                 int layers)
      : memory_(memory), cumulants_(cumulants), rate_(rate), signal_(Vector::Zero(layers)) {
    const Matrix zero = Matrix::Zero(layers + 2, layers + 2);
    state_ = {zero, zero, zero, zero};
    state_.gamma(0, 0) = 1.0;
    state_.phi(1, 0) = std::sqrt(2.0 / std::numbers::pi);  // E z y
    state_.delta(1, 1) = 1.0;
  }

  /// Layer t up to x̂^t. False if Ω is too ill-conditioned; nothing is done then.
  bool estimate(Index t, double max_condition) {
    const auto lead = leading(t);
    const Matrix backward = model::backward_memory(cumulants_, rate_, lead);
    signal_[t - 1] = backward(t, 0);
    const Matrix noise =
        model::backward_covariance(cumulants_, rate_, lead).bottomRightCorner(t, t);
    if (!(condition_number(noise) <= max_condition)) return false;
    Vector weights = noise.ldlt().solve(signal_.head(t));
    const double precision = signal_.head(t).dot(weights);
    if (!(precision > 0.0)) return false;
    weights /= precision;
    memory_.backward(backward.row(t).segment(1, t - 1).transpose());
    variance_ = memory_.denoise(weights, 1.0 / precision);
    state_.psi.row(t).segment(1, t) = variance_ * precision * weights.transpose();
    const auto& estimates = memory_.estimates();
    for (Index i = 1; i <= t; ++i) {
      state_.gamma(t, i) = state_.gamma(i, t) =
          memory_.overlap(estimates.back(), estimates[static_cast<std::size_t>(i - 1)]);
    }
    // E x x̂^t = E (x̂^t)² for a posterior mean.
    state_.gamma(t, 0) = state_.gamma(0, t) = state_.gamma(t, t);
    return true;
  }

  /// Layer t from x̂^t to s^{t+1}. False if the belief about z is not one.
  bool use_signs(Index t) {
    const auto lead = leading(t);
    memory_.forward(model::forward_memory(cumulants_, lead).row(t).segment(1, t).transpose());
    const Matrix sigma = model::forward_covariance(cumulants_, lead);
    const Vector overlap = sigma.col(0).tail(t);
    const Vector mixing = sigma.bottomRightCorner(t, t).ldlt().solve(overlap);
    const double v = sigma(0, 0) - overlap.dot(mixing);
    if (!(v > 0.0)) return false;
    const double drop = v - memory_.use_signs(mixing, v);
    state_.phi(t + 1, 0) = drop / v;
    state_.phi.row(t + 1).segment(1, t) = -drop / v * mixing.transpose();
    const auto& s = memory_.s();
    for (Index i = 1; i <= t + 1; ++i) {
      state_.delta(t + 1, i) = state_.delta(i, t + 1) =
          memory_.overlap(s.back(), s[static_cast<std::size_t>(i - 1)]);
    }
    return true;
  }

  [[nodiscard]] double variance() const { return variance_; }

 private:
  [[nodiscard]] model::RiGampState leading(Index t) const {
    const auto block = [t](const Matrix& m) { return Matrix(m.topLeftCorner(t + 1, t + 1)); };
    return {block(state_.psi), block(state_.phi), block(state_.gamma), block(state_.delta)};
  }

  RiGampMemory<Scalar>& memory_;
  std::span<const double> cumulants_;
  double rate_;
  Vector signal_;  // μ_1..μ_t
  double variance_ = 1.0;
  model::RiGampState state_;
};

}  // namespace

template <std::floating_point Scalar>
MatrixOf<Scalar> ri_gamp(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                         const data::ScalarPrior& prior, std::type_identity_t<ConstView<Scalar>> Y,
                         std::span<const model::RiGampScalars> layers) {
  require_codes(Y.cols(), encoder.code_length(), "decode::ri_gamp");
  check_layers(layers);
  RiGampMemory<Scalar> memory(pool, encoder, prior, Y);
  for (std::size_t t = 0; t < layers.size(); ++t) {
    const auto& layer = layers[t];
    memory.backward(layer.beta);
    (void)memory.denoise(layer.weights, layer.tau);
    if (t + 1 == layers.size()) break;
    memory.forward(layer.alpha);
    (void)memory.use_signs(layer.mixing, layer.v);
  }
  return memory.estimates().back();
}

template <std::floating_point Scalar>
EmpiricalRiGamp<Scalar> empirical_ri_gamp(ThreadPool& pool,
                                          const ops::EncoderOperator<Scalar>& encoder,
                                          const data::ScalarPrior& prior,
                                          std::type_identity_t<ConstView<Scalar>> Y,
                                          std::span<const double> cumulants,
                                          const EmpiricalRiGampOptions& options) {
  constexpr auto where = "decode::empirical_ri_gamp";
  require_codes(Y.cols(), encoder.code_length(), where);
  require(options.layers >= 1, where, fmt::format("layers must be >= 1, got {}", options.layers));
  require(Y.rows() >= 1, where, "needs at least one code, got none");
  require(!cumulants.empty() && std::abs(cumulants[0] - 1.0) < 1e-9, where,
          "the first cumulant must be 1 (rows of unit norm)");
  RiGampMemory<Scalar> memory(pool, encoder, prior, Y);
  EmpiricalState<Scalar> state(memory, cumulants, encoder.rate(), options.layers);
  EmpiricalRiGamp<Scalar> result;
  for (int t = 1; t <= options.layers; ++t) {
    if (!state.estimate(t, options.max_condition)) {
      result.status = SolveStatus::MaxIterations;
      break;
    }
    result.layers = t;
    result.variance = state.variance();
    if (!std::isfinite(result.variance)) {
      result.status = SolveStatus::NonFinite;
      break;
    }
    if (t < options.layers && !state.use_signs(t)) {
      result.status = SolveStatus::MaxIterations;
      break;
    }
  }
  if (!memory.estimates().empty()) result.estimate = memory.estimates().back();
  return result;
}

template MatrixF ri_gamp(ThreadPool&, const ops::EncoderOperator<float>&, const data::ScalarPrior&,
                         ConstView<float>, std::span<const model::RiGampScalars>);
template Matrix ri_gamp(ThreadPool&, const ops::EncoderOperator<double>&, const data::ScalarPrior&,
                        ConstView<double>, std::span<const model::RiGampScalars>);
template EmpiricalRiGamp<float> empirical_ri_gamp(ThreadPool&, const ops::EncoderOperator<float>&,
                                                  const data::ScalarPrior&, ConstView<float>,
                                                  std::span<const double>,
                                                  const EmpiricalRiGampOptions&);
template EmpiricalRiGamp<double> empirical_ri_gamp(ThreadPool&, const ops::EncoderOperator<double>&,
                                                   const data::ScalarPrior&, ConstView<double>,
                                                   std::span<const double>,
                                                   const EmpiricalRiGampOptions&);

}  // namespace twofold::decode
