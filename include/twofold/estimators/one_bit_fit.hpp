// Fits a 1-bit codec to rows of data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_codec.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::estimators {

inline constexpr std::array<std::string_view, 6> kPriorNames{
    "auto", "empirical", "gaussian", "sparse_gaussian", "sparse_rademacher", "sparse_laplace"};
inline constexpr std::array<std::string_view, 3> kTransformNames{"none", "dct", "pca"};
inline constexpr std::array<std::string_view, 3> kNormNames{"auto", "stored", "none"};

struct OneBitFitOptions {
  double rate = 1.0;  ///< r > 0, bits per element: n = round(r d), at least 1
  int layers = 3;     ///< of the decoder, in [1, 100]
  /// Law of a standardised coordinate. auto: empirical, or Gaussian below 2000 numbers. The sparse
  /// families take p from the fourth moment.
  std::string prior = "auto";
  /// dct: two-dimensional for images. pca: costs d³, and 4 k d bytes in the codec.
  std::string transform = "none";
  /// auto: not stored if the prior has discrete values, which rescaling would move, or if the norms
  /// vary so little that it would change the error by less than 1 %.
  std::string norm = "auto";
  std::uint64_t seed = 1;  ///< of the encoder and of the choice of numbers behind the prior
};

/// A codec and what it will lose.
struct OneBitFit {
  OneBitCodec codec;
  OneBitPrediction prediction;
};

/// Two passes over the rows: mean and variances of t = T (x − mean), then norms and law of the
/// scaled coordinates (from at most 65 536 rows, evenly spaced).
///
/// Scaling: theory::best_scaling, which uses at most n coordinates; for n < d also all of them with
/// the shares that are best for them, and the smaller predicted error decides. Variances below
/// 1e-12 of the largest count as 0. Means (without transform) and variances that are equal within
/// five standard errors are taken as equal: fitting noise would blur atoms of the law.
/// @throws InvalidArgument  naming the option and its value; if d < 8.
/// @throws DataError        if there are fewer than 2 rows, nothing varies, a number is not finite,
///                          or the variance is outside [1e-60, 1e60].
/// A stop request throws Stopped. Bitwise the same for any pool size.
[[nodiscard]] OneBitFit fit_one_bit_codec(const data::Source& source,
                                          const OneBitFitOptions& options, ThreadPool& pool,
                                          Observer& observer = no_observer());

}  // namespace twofold::estimators
