#include "twofold/theory/mean_field_norm_law.hpp"

#include <utility>

#include "checks.hpp"
#include "logistic_flow.hpp"
#include "mean_slope_table.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

/// Moments of each sample at second moments u.
struct SampleMoments {
  Vector slope;        // m(v)
  Vector competition;  // m'(v) P
};

SampleMoments sample_moments(const Matrix& squares, const MeanSlopeTable& table, const Vector& u) {
  const Vector norm = squares * u;                          // v
  const Vector norm2 = squares * u.cwiseProduct(u).eval();  // Σ u² x²
  SampleMoments moments{Vector(norm.size()), Vector(norm.size())};
  for (Index i = 0; i < norm.size(); ++i) {
    const auto [m, derivative] = table(norm[i]);
    moments.slope[i] = m;
    moments.competition[i] = derivative * (norm[i] - m * norm2[i]);  // P = v − m Σ u² x²
  }
  return moments;
}

}  // namespace

NormLaw::NormLaw(const Matrix& samples, const model::Activation& activation, double penalty,
                 double init_scale)
    : penalty_(penalty) {
  constexpr auto where = "theory::NormLaw";
  require(samples.size() > 0, where,
          fmt::format("samples are empty: {}x{}", samples.rows(), samples.cols()));
  require(samples.allFinite(), where, "samples hold NaN or infinity");
  require_non_negative(penalty, "penalty", where);
  require_positive(init_scale, "init_scale", where);
  squares_ = samples.array().square();
  spectrum_ = squares_.colwise().mean();
  table_ = std::make_shared<const MeanSlopeTable>(OddSlope(activation, where));
  state_.scale = Vector::Constant(samples.cols(), init_scale * init_scale);
}

void NormLaw::coefficients(const Vector& u, Vector& alpha, Vector& beta) const {
  const SampleMoments moments = sample_moments(squares_, *table_, u);
  const double weight = 2.0 / static_cast<double>(squares_.rows());
  alpha.noalias() = squares_.transpose() * (weight * (moments.slope + moments.competition));
  alpha.array() -= penalty_;
  beta.noalias() = squares_.transpose() * (weight * moments.slope.array().square()).matrix();
}

void NormLaw::step(double h) {
  require_positive(h, "step length", "theory::NormLaw::step");
  const auto rates = [this](const Vector& u, Vector& a, Vector& b) { coefficients(u, a, b); };
  state_.scale = midpoint_step(state_.scale, h, rates);
  state_.time += h;
}

SolveStatus NormLaw::advance_to(double end) {
  require_non_negative(end - time(), "time ahead", "theory::NormLaw::advance_to");
  const auto rates = [this](const Vector& u, Vector& a, Vector& b) { coefficients(u, a, b); };
  return advance_flow(state_, end, rates);
}

void NormLaw::set_scale(const Vector& scale) {
  constexpr auto where = "theory::NormLaw::set_scale";
  require_same_length(scale.size(), squares_.cols(), "scale and samples", where);
  for (const double u : scale) require_positive(u, "scale", where);
  state_.scale = scale;
}

Vector NormLaw::gain() const {
  const Vector slope = sample_moments(squares_, *table_, state_.scale).slope;
  const Vector weighted = squares_.transpose() * slope / static_cast<double>(squares_.rows());
  // A direction without variance has no slope; m(E v) is its limit.
  const double typical = slope.mean();
  Vector gains(weighted.size());
  for (Index j = 0; j < gains.size(); ++j) {
    gains[j] = state_.scale[j] * (spectrum_[j] > 0.0 ? weighted[j] / spectrum_[j] : typical);
  }
  return gains;
}

Vector NormLaw::loss_by_direction() const {
  const Vector slope = sample_moments(squares_, *table_, state_.scale).slope;
  Vector sum = Vector::Zero(squares_.cols());
  for (Index i = 0; i < squares_.rows(); ++i) {
    const auto unlearned = 1.0 - slope[i] * state_.scale.array();
    sum.array() += squares_.row(i).transpose().array() * unlearned.square();
  }
  return sum * (0.5 / static_cast<double>(squares_.rows()));
}

double NormLaw::loss() const {
  return loss_by_direction().sum();
}

Vector NormLaw::velocity() const {
  const Vector& u = state_.scale;
  Vector alpha(u.size()), beta(u.size());
  coefficients(u, alpha, beta);
  return 2.0 * u.array() * (alpha.array() - beta.array() * u.array());
}

}  // namespace twofold::theory
