// The posterior of a prior in tables, one for each level of the noise variance t.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "cubic_kernels.hpp"
#include "denoiser_method.hpp"

namespace twofold::decode {

/// Level l has t = 1e-6 exp((l - 1)/8), up to 1e4; in its table g(ν) = f(ν √(1 + t); t)/√(1 + t)
/// and g' = V/t. A level is computed when it is first asked for, as a function of the prior and l
/// alone. Thread-safe.
class PosteriorTables {
 public:
  explicit PosteriorTables(data::ScalarPrior prior);

  static constexpr double kLevelsPerLog = 8.0;
  static constexpr double kLeastNoise = 1e-6, kMostNoise = 1e4;
  static constexpr int kLevels = 188;

  /// Where ln t falls among the levels, kept in the range of t; levels [p] - 1 to [p] + 2 exist.
  [[nodiscard]] static double place(double log_noise);

  /// Makes levels first..last ready.
  void require_levels(int first, int last) const;

  [[nodiscard]] PieceTables tables() const noexcept { return {kPosteriorGrid, pieces_.get()}; }

 private:
  void compute(int level) const;

  data::ScalarPrior prior_;
  std::unique_ptr<Piece[]> pieces_;
  mutable std::array<std::once_flag, kLevels> once_;
  mutable std::array<std::atomic<bool>, kLevels> ready_{};
};

}  // namespace twofold::decode
