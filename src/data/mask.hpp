// Elements of rows set to 0 at random.
#pragma once

#include <memory>

#include "twofold/core/random.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// Element j of row i of `base`, divided by √p with probability p, else 0. Which one is a
/// function of (stream, i, j): a row has one mask for ever. Second moments E x_j² stay.
/// @pre 0 < p <= 1.
[[nodiscard]] std::shared_ptr<const Source> mask_rows(std::shared_ptr<const Source> base, double p,
                                                      RandomStream stream);

}  // namespace twofold::data
