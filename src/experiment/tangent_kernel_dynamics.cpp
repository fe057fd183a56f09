#include "experiment/tangent_kernel_dynamics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_finite.hpp"
#include "twofold/theory/tangent_kernel_movement.hpp"
#include "twofold/theory/tangent_kernel_tying.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kMostTied = 2000;  // nd of a tied kernel that is decomposed

Matrix scaled_tied_kernel(const TangentSetting& setting) {
  const theory::TiedScaling s = setting.tied_scaling();
  const double factor = s.variance * static_cast<double>(s.neurons) *
                        static_cast<double>(s.dimension) / (s.divisor * s.divisor);
  return factor * theory::tied_kernel(setting.samples);
}

void refuse_large(const TangentSetting& setting) {
  const auto rows = static_cast<double>(setting.samples.size());
  const double gigabytes = 8e-9 * rows * rows, allowed = setting.spec.predict.memory;
  require(gigabytes <= allowed, "experiment::tangent_kernel",
          fmt::format(
              "predict.kernel = \"empirical\" needs {:.3g} GB for the kernel of {} samples "
              "of length {}, but predict.memory allows {:.3g}: take at most {} samples, "
              "kernel = \"infinite\", or allow more",
              gigabytes, setting.size(), setting.dimension(), allowed,
              std::floor(std::sqrt(allowed / 8e-9) / static_cast<double>(setting.dimension()))));
}

// All of a matrix as one column, rows first.
Matrix as_column(const Matrix& E) {
  return Eigen::Map<const Matrix>(E.data(), E.size(), 1);
}

}  // namespace

std::shared_ptr<const TangentDynamics> TangentDynamics::make(
    const TangentSetting& setting, const theory::TangentPredictor* predictor,
    const model::Weights<double>& start, ThreadPool& pool) {
  TangentDynamics dynamics;
  if (setting.spec.predict.kernel == "empirical") {
    refuse_large(setting);
    const theory::EmpiricalKernel kernel(pool, start, setting.samples, setting.rates());
    dynamics.spectrum_ =
        theory::tangent_spectrum(kernel.dense(std::numeric_limits<double>::infinity()), 1);
    dynamics.stacked_ = true;
  } else if (predictor != nullptr) {
    dynamics.spectrum_ = predictor->spectrum();
  } else if (setting.samples.size() <= kMostTied) {
    dynamics.spectrum_ = theory::tangent_spectrum(scaled_tied_kernel(setting), 1);
    dynamics.stacked_ = true;
  } else {
    return nullptr;
  }
  return std::make_shared<const TangentDynamics>(std::move(dynamics));
}

Matrix TangentDynamics::gram(const Matrix& E_0) const {
  if (!stacked_) return E_0 * E_0.transpose();
  const Matrix column = as_column(E_0);
  return column * column.transpose();
}

Matrix TangentDynamics::residual(const Matrix& E_0, double step, double t) const {
  if (!stacked_) return theory::residual_at(spectrum_, E_0, step, t);
  const Matrix column = theory::residual_at(spectrum_, as_column(E_0), step, t);
  return Eigen::Map<const Matrix>(column.data(), E_0.rows(), E_0.cols());
}

std::optional<std::pair<std::int64_t, std::int64_t>> slope_window(
    const theory::LossCurve& curve, const std::vector<double>& high_low, std::int64_t most) {
  const double first = curve.loss(0.0);
  const auto high = curve.steps_to(high_low[0] * first), low = curve.steps_to(high_low[1] * first);
  if (!high || *high >= static_cast<double>(most)) return std::nullopt;
  const auto begin = static_cast<std::int64_t>(std::ceil(*high));
  const double last = low ? std::floor(*low) : static_cast<double>(most);
  const auto end = static_cast<std::int64_t>(std::min(last, static_cast<double>(most)));
  if (end <= begin) return std::nullopt;
  return std::pair(begin, end);
}

double boundary_flips(const TangentSetting& s, const Matrix& drive, ThreadPool& pool) {
  const theory::BoundaryOptions options{
      .draws = 64, .samples = 64, .seed = static_cast<std::uint64_t>(s.seed)};
  return theory::flip_fraction_on_boundaries(pool, s.samples, s.rates(), drive, s.neurons(),
                                             options)
      .mean;
}

double stacked_movement(const theory::TangentSpectrum& spectrum, const Matrix& gram, double step,
                        double steps) {
  const Matrix drive = theory::drive(spectrum, gram, step, steps);
  const Matrix pulled = spectrum.vectors.transpose() * drive * spectrum.vectors;
  return std::sqrt(std::max(0.0, spectrum.values.dot(pulled.diagonal())));
}

}  // namespace twofold::experiment
