#include "twofold/theory/tangent_kernel_trajectory.hpp"

#include <fmt/format.h>

#include <cmath>

#include "checks.hpp"

namespace twofold::theory {
namespace {

// Steps beyond this cannot be told apart in double.
constexpr double kLastStep = 9007199254740992.0;

void check_curve(const TangentSpectrum& spectrum, Index rows, double step, std::string_view where) {
  require(spectrum.status == SolveStatus::Converged, where, "the spectrum did not converge");
  if (rows != spectrum.values.size()) {
    throw InvalidArgument(
        where, fmt::format("the start has {} rows, the kernel {}", rows, spectrum.values.size()));
  }
  require_positive(step, "step", where);
}

}  // namespace

Matrix silent_start(const ConstView<double>& X) {
  return X * X.transpose();
}

Matrix plain_start(const ConstView<double>& X, const Matrix& decoder_kernel) {
  require(decoder_kernel.rows() == X.rows() && decoder_kernel.cols() == X.rows(),
          "theory::plain_start",
          fmt::format("the decoder kernel of {} samples is {}x{}", X.rows(), decoder_kernel.rows(),
                      decoder_kernel.cols()));
  return silent_start(X) + decoder_kernel;
}

LossCurve::LossCurve(const TangentSpectrum& spectrum, const Matrix& start, double step)
    : rank_(spectrum.rank) {
  constexpr auto where = "theory::LossCurve";
  check_curve(spectrum, start.rows(), step, where);
  require(start.cols() == start.rows(), where,
          fmt::format("the start must be square, got {}x{}", start.rows(), start.cols()));
  factors_ = (1.0 - step * spectrum.values.array()).matrix();
  const Matrix images = start * spectrum.vectors;
  energies_ = 0.5 * spectrum.vectors.cwiseProduct(images).colwise().sum().transpose();
  // S is positive semi-definite, and copies have copied targets: what is below 0, and what is this
  // small in a null mode, is rounding. It would keep the loss from falling to 0.
  const double rounding = 1e-15 * static_cast<double>(start.rows()) * start.trace();
  for (Index k = 0; k < energies_.size(); ++k) {
    if (energies_[k] < (k < rank_ ? 0.0 : rounding)) energies_[k] = 0.0;
  }
}

double LossCurve::loss(double t) const {
  require_non_negative(t, "t", "theory::LossCurve::loss");
  double sum = 0.0;
  for (Index k = 0; k < factors_.size(); ++k) {
    sum += energies_[k] * std::pow(std::abs(factors_[k]), 2.0 * t);
  }
  return sum;
}

std::optional<double> LossCurve::steps_to(double target) const {
  require_positive(target, "target", "theory::LossCurve::steps_to");
  if (loss(0.0) <= target) return 0.0;
  if (rank_ == 0 || factors_.cwiseAbs().head(rank_).maxCoeff() >= 1.0) return {};
  double above = 0.0, below = 1.0;  // the loss is above the target at the first, not at the other
  while (loss(below) > target) {
    if (below >= kLastStep) return {};
    above = below;
    below *= 2.0;
  }
  while (below - above > 1.0) {
    const double middle = std::floor(0.5 * (above + below));
    (loss(middle) > target ? above : below) = middle;
  }
  return below;
}

double LossCurve::slope(double a, double b) const {
  require(a >= 0.0 && a < b, "theory::LossCurve::slope",
          fmt::format("need 0 <= a < b, got {} and {}", a, b));
  return (std::log(loss(b)) - std::log(loss(a))) / (b - a);
}

double LossCurve::asymptotic_slope() const {
  return rank_ > 0 ? 2.0 * std::log(std::abs(factors_[rank_ - 1])) : 0.0;
}

Matrix residual_at(const TangentSpectrum& spectrum, const ConstView<double>& E_0, double step,
                   double t) {
  constexpr auto where = "theory::residual_at";
  check_curve(spectrum, E_0.rows(), step, where);
  require(t >= 0.0 && std::floor(t) == t, where,
          fmt::format("t must be a whole number of steps >= 0, got {}", t));
  const Vector powers =
      spectrum.values.unaryExpr([&](double value) { return std::pow(1.0 - step * value, t); });
  const Matrix modes = powers.asDiagonal() * (spectrum.vectors.transpose() * E_0);
  return spectrum.vectors * modes;
}

}  // namespace twofold::theory
