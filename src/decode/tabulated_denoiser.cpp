#include <algorithm>
#include <cmath>
#include <limits>

#include "cubic_lanes.hpp"
#include "denoiser_method.hpp"
#include "posterior_tables.hpp"

namespace twofold::decode {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kChunk = 256;  // a multiple of the lanes

/// With r = s w, ν = r/√(s² + τ) and t = τ/s²: x = √(s² + τ) g(ν), s² V = τ g'(ν).
class TabulatedDenoiser final : public DenoiserMethod {
 public:
  TabulatedDenoiser(data::ScalarPrior prior, Vector deviations)
      : DenoiserMethod(std::move(deviations)), tables_(std::move(prior)) {
    for (const double s : this->deviations()) {
      squares_.push_back(static_cast<float>(s * s));
      offsets_.push_back(static_cast<float>(PosteriorTables::kLevelsPerLog * std::log(s * s)));
      if (s == 0.0) continue;
      least_ = std::min(least_, s);
      most_ = std::max(most_, s);
    }
  }

  double apply(std::span<const float> r, double gain, double tau, std::span<float> x,
               DenoiserScratch& scratch) const override {
    const double slopes =
        squares_.empty() ? equal(r, gain, tau, x, scratch) : scaled(r, 0, gain, tau, x);
    return mean_variance(slopes, tau, r.size());
  }

  double apply(std::span<const double> r, double gain, double tau, std::span<double> x,
               DenoiserScratch& scratch) const override {
    float chunk[kChunk];
    double slopes = 0.0;
    for (std::size_t i = 0; i < r.size(); i += kChunk) {
      const std::size_t count = std::min(kChunk, r.size() - i);
      for (std::size_t j = 0; j < count; ++j) chunk[j] = static_cast<float>(gain * r[i + j]);
      const std::span<float> part(chunk, count);
      slopes +=
          squares_.empty() ? equal(part, 1.0, tau, part, scratch) : scaled(part, i, 1.0, tau, part);
      for (std::size_t j = 0; j < count; ++j) x[i + j] = static_cast<double>(chunk[j]);
    }
    return mean_variance(slopes, tau, r.size());
  }

 private:
  // Slopes of a law with atoms may round below 0.
  static double mean_variance(double slopes, double tau, std::size_t size) {
    return std::max(0.0, tau * slopes / static_cast<double>(size));
  }

  /// All deviations 1: one table, mixed from four levels, for all coordinates.
  double equal(std::span<const float> r, double gain, double tau, std::span<float> x,
               DenoiserScratch& scratch) const {
    const CubicKernels& kernels = cubic_kernels();
    if (scratch.tau != tau) {
      const double place = PosteriorTables::place(std::log(tau));
      const int first = static_cast<int>(place) - 1;
      tables_.require_levels(first, first + 3);
      const TableMix mix{first, table_weights(static_cast<float>(place - (first + 1)))};
      kernels.mix(tables_.tables(), mix, scratch.pieces.data());
      scratch.tau = tau;
    }
    const double keep = std::min(1.0, PosteriorTables::kMostNoise / tau);
    const double scale = std::sqrt(1.0 + tau);
    const PieceTables mixed{kPosteriorGrid, scratch.pieces.data()};
    return keep * kernels.lookup(mixed, r.data(), static_cast<float>(gain / scale),
                                 static_cast<float>(scale * keep), x.data(), r.size());
  }

  /// Coordinates from `begin` on.
  double scaled(std::span<const float> r, std::size_t begin, double gain, double tau,
                std::span<float> x) const {
    const double low = PosteriorTables::place(std::log(tau / (most_ * most_)));
    const double high = PosteriorTables::place(std::log(tau / (least_ * least_)));
    tables_.require_levels(static_cast<int>(low) - 1, static_cast<int>(high) + 2);
    const double zero = std::log(PosteriorTables::kLeastNoise);
    const ScaledLookup lookup{
        static_cast<float>(gain),
        static_cast<float>(tau),
        static_cast<float>(1.0 + PosteriorTables::kLevelsPerLog * (std::log(tau) - zero)),
        static_cast<float>(low),
        static_cast<float>(high),
        static_cast<float>(PosteriorTables::kMostNoise),
        squares_.data() + begin,
        offsets_.data() + begin};
    return cubic_kernels().scaled_lookup(tables_.tables(), lookup, r.data(), x.data(), r.size());
  }

  PosteriorTables tables_;
  std::vector<float> squares_, offsets_;   // s² and 8 ln s²; empty: all deviations 1
  double least_ = kInfinity, most_ = 0.0;  // of the deviations that are not 0
};

}  // namespace

std::shared_ptr<const DenoiserMethod> tabulated_method(data::ScalarPrior prior, Vector deviations) {
  return std::make_shared<TabulatedDenoiser>(std::move(prior), std::move(deviations));
}

}  // namespace twofold::decode
