// Transforms of samples: a list of names, fitted on the training rows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// A fitted transform: the source that it makes of another one. `split` names the part of the
/// data ("train", "test"): the masks of different parts are independent.
using Transform = std::function<std::shared_ptr<const Source>(std::shared_ptr<const Source> rows,
                                                              std::string_view split)>;

/// One fitted transform as plain numbers, to be stored and applied again to other rows.
struct KeptTransform {
  std::string name;     ///< as it was given: "center", "whiten:0.01", "patches:8", ...
  double number = 0.0;  ///< factor (unit_trace, unit_variance, scale), norm (unit_norm, norm) or
                        ///< side (patches)
  Vector vector = {};   ///< mean (center, whiten)
  Matrix matrix = {};   ///< C^{-1/2} (whiten)
};

/// A list of transforms with what was estimated from the training rows.
struct FittedTransforms {
  std::shared_ptr<const Source> train;  ///< the training rows, transformed
  std::vector<Transform> steps;         ///< in order; without marks and `subset`
  std::vector<KeptTransform> kept;      ///< the numbers of each step, for restore_transform
  bool random_signs = false;            ///< for the sampler: each drawn row times ±1
  bool mirrored = false;                ///< for the sampler: batches of pairs x, −x
  bool cuts_rows = false;               ///< rows are parts of samples: labels do not apply

  /// The same steps for other rows; `subset` leaves those alone.
  /// @throws InvalidArgument  if they are not the images that `patches` needs.
  [[nodiscard]] std::shared_ptr<const Source> apply(std::shared_ptr<const Source> other,
                                                    std::string_view split = "test") const;
};

/// Fits the transforms, each on the rows that those before it deliver:
///
///   center         x − mean
///   unit_trace     x / √(E‖x‖²): trace of the (uncentred) second moment becomes 1
///   unit_variance  x / √(E‖x‖²/d): mean over coordinates of E x_j² becomes 1
///   whiten[:f]     C^{-1/2} (x − mean), C the covariance, its eigenvalues raised to at least
///                  f times their mean (default 1e-3)
///   unit_norm      x / ‖x‖; a zero row stays
///   norm           √d x / ‖x‖; a zero row stays
///   scale:c        c x
///   pool2          mean over 2×2 pixels, per channel; needs images with even sides
///   gray           mean over channels; needs images
///   patches:s      rows become the s×s patches of the images, all channels of each; with q
///                  patches per image, row k is patch k mod q, left to right and then down, of
///                  image ⌊k/q⌋; pixels that fill no patch are dropped; needs images
///   mask:p         x_j ξ_j/√p, P(ξ_j = 1) = p, else 0: E x_j² stays, E x_j x_k (j ≠ k) and the
///                  mean shrink by p and √p. ξ_j is a function of (seed, split, row, j) and of
///                  how many masks stand before, so a row has one mask for ever
///   subset:n       the first n training rows
///   random_signs   (a mark for the sampler)
///   mirrored       (a mark for the sampler)
///
/// Streams over the rows in parallel; memory does not grow with their number.
/// @param seed  for the masks alone.
/// @throws InvalidArgument  if a name is unknown or its argument is; if an image or a finite
///         number of rows is needed and absent; if a patch is larger than the images.
/// @throws DataError        if nothing varies (unit_trace, unit_variance of zeros, whiten of a
///         constant).
[[nodiscard]] FittedTransforms fit_transforms(const std::vector<std::string>& names,
                                              std::shared_ptr<const Source> train,
                                              std::uint64_t seed, ThreadPool& pool);

/// The transform that these numbers make: on the same rows the same bits as the fitted one.
///
/// Applying it throws InvalidArgument if rows have another dimension than it was fitted on, or are
/// no images where pool2, gray or patches need them.
/// @throws InvalidArgument  if the name is unknown or names what cannot be kept: a mask is another
///         one for other rows, and subset, random_signs and mirrored change no new rows.
[[nodiscard]] Transform restore_transform(const KeptTransform& kept);

/// The names that fit_transforms knows, without arguments.
[[nodiscard]] std::vector<std::string> transform_names();

}  // namespace twofold::data
