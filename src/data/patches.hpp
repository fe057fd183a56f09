// Images cut into square patches.
#pragma once

#include <memory>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// The non-overlapping side×side patches of images, all channels of each: with q patches per
/// image, row k is patch k mod q, left to right and then down, of image ⌊k/q⌋. Pixels beyond
/// the last whole patch are dropped.
/// @throws InvalidArgument  if `images` is no image set, or side is not in [1, its sides].
[[nodiscard]] std::shared_ptr<const Source> cut_patches(std::shared_ptr<const Source> images,
                                                        Index side);

}  // namespace twofold::data
