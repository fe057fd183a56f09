#include "twofold/theory/tangent_kernel_fluctuation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "tangent_geometry.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

constexpr std::string_view kWhere = "theory::trajectory_fluctuation";

Matrix product(Trans left, Trans right, const Matrix& A, const Matrix& B) {
  Matrix C(left == Trans::No ? A.rows() : A.cols(), right == Trans::No ? B.cols() : B.rows());
  gemm(left, right, 1.0, A, B, 0.0, C);
  return C;
}

// η Σ_{s<t} a^{t−1−s} b^s. Where a and b nearly agree their quotient of differences is rounding,
// and the middle has an error of (t(a − b))².
double filter(double a, double b, double t, double step) {
  if (t == 0.0) return 0.0;
  if (std::abs(a - b) * t < 1e-4) return step * t * std::pow(0.5 * (a + b), t - 1.0);
  return step * (std::pow(a, t) - std::pow(b, t)) / (a - b);
}

Matrix filters(const Vector& values, double t, double step) {
  const Index n = values.size();
  Matrix matrix(n, n);
  for (Index k = 0; k < n; ++k) {
    for (Index l = 0; l < n; ++l) {
      matrix(k, l) = filter(1.0 - step * values[k], 1.0 - step * values[l], t, step);
    }
  }
  return matrix;
}

class Fluctuation {
 public:
  Fluctuation(const ConstView<double>& X, const TangentSpectrum& spectrum, const Matrix& start,
              const FluctuationProblem& problem, const FluctuationOptions& options)
      : samples_(X),
        spectrum_(spectrum),
        problem_(problem),
        stream_(options.seed, "kernel fluctuation"),
        gram_(samples_ * samples_.transpose()),
        modes_(product(Trans::Yes, Trans::No, spectrum.vectors,
                       product(Trans::No, Trans::No, start, spectrum.vectors))) {
    for (const double t : problem.steps) {
      filters_.push_back(filters(spectrum.values, t, problem.step));
    }
  }

  // E_a ‖Z‖² at each t, for the neuron of this number.
  [[nodiscard]] Vector square(Index draw) const {
    Vector w(samples_.cols());
    stream_.fill_normal(static_cast<std::uint64_t>(draw),
                        std::span(w.data(), static_cast<std::size_t>(w.size())));
    const Vector z = samples_ * w;
    const Vector active = z.unaryExpr([](double v) { return v >= 0.0 ? 1.0 : 0.0; });
    const Matrix C = problem_.rates.encoder * (active.asDiagonal() * gram_ * active.asDiagonal());
    const Matrix C_modes = product(Trans::Yes, Trans::No, spectrum_.vectors,
                                   product(Trans::No, Trans::No, C, spectrum_.vectors));
    const Vector phi = spectrum_.vectors.transpose() * z.cwiseMax(0.0);
    const Matrix P_modes = problem_.rates.decoder * (phi * phi.transpose());
    // E a aᵀ = I, E ‖a‖² a aᵀ = d I for signs and (d + 2) I for normal entries.
    const double fourth =
        static_cast<double>(samples_.cols()) + (problem_.normal_decoder ? 2.0 : 0.0);
    Vector squares(static_cast<Index>(filters_.size()));
    for (Index i = 0; i < squares.size(); ++i) {
      const Matrix& f = filters_[static_cast<std::size_t>(i)];
      const Matrix FC = f.cwiseProduct(C_modes), FP = f.cwiseProduct(P_modes);
      const Matrix C_images = product(Trans::No, Trans::No, FC, modes_);
      const Matrix P_images = product(Trans::No, Trans::No, FP, modes_);
      squares[i] = fourth * C_images.cwiseProduct(FC).sum() +
                   2.0 * C_images.cwiseProduct(FP).sum() + P_images.cwiseProduct(FP).sum();
    }
    return squares;
  }

  // ‖E Z‖², of the mean dΘ.
  [[nodiscard]] double square_of_mean(std::size_t i) const {
    const Vector mean = static_cast<double>(samples_.cols()) *
                        filters_[i].diagonal().cwiseProduct(spectrum_.values);
    return mean.cwiseAbs2().dot(modes_.diagonal());
  }

 private:
  Matrix samples_;
  const TangentSpectrum& spectrum_;
  const FluctuationProblem& problem_;
  RandomStream stream_;
  Matrix gram_;
  Matrix modes_;  // Vᵀ S V
  std::vector<Matrix> filters_;
};

void check(const ConstView<double>& X, const TangentSpectrum& spectrum, const Matrix& start,
           const FluctuationProblem& problem, const FluctuationOptions& options) {
  const Index n = X.rows();
  check_rates(problem.rates, kWhere);
  require(spectrum.status == SolveStatus::Converged, kWhere, "the spectrum did not converge");
  require(spectrum.values.size() == n && start.rows() == n && start.cols() == n, kWhere,
          fmt::format("{} samples, but {} eigenvalues and a start of {}x{}", n,
                      spectrum.values.size(), start.rows(), start.cols()));
  require_positive(problem.step, "step", kWhere);
  for (const double t : problem.steps) {
    require(t >= 0.0 && std::floor(t) == t, kWhere,
            fmt::format("t must be a whole number of steps >= 0, got {}", t));
  }
  require(problem.neurons >= 1 && options.draws >= 1, kWhere,
          fmt::format("need neurons >= 1 and draws >= 1, got {} and {}", problem.neurons,
                      options.draws));
}

}  // namespace

std::vector<double> trajectory_fluctuation(ThreadPool& pool, const ConstView<double>& X,
                                           const TangentSpectrum& spectrum, const Matrix& start,
                                           const FluctuationProblem& problem,
                                           const FluctuationOptions& options) {
  check(X, spectrum, start, problem, options);
  const Fluctuation fluctuation(X, spectrum, start, problem, options);
  Matrix squares(options.draws, static_cast<Index>(problem.steps.size()));
  pool.run(options.draws, [&](Index k) { squares.row(k) = fluctuation.square(k).transpose(); });
  const auto d = static_cast<double>(X.cols());
  const double scale = static_cast<double>(problem.neurons) * d * d * start.trace();
  std::vector<double> shares;
  for (std::size_t i = 0; i < problem.steps.size(); ++i) {
    const double variance =
        squares.col(static_cast<Index>(i)).mean() - fluctuation.square_of_mean(i);
    shares.push_back(scale > 0.0 ? std::sqrt(std::max(0.0, variance) / scale) : 0.0);
  }
  return shares;
}

}  // namespace twofold::theory
