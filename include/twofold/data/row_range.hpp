// Parts of a source, and several sources as one.
#pragma once

#include <memory>
#include <vector>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows [first, first + count) of a source.
/// @throws InvalidArgument  if count is 0 or the source has fewer rows.
[[nodiscard]] std::shared_ptr<const Source> row_range(std::shared_ptr<const Source> base,
                                                      std::uint64_t first, std::uint64_t count);

/// The rows of all parts, one part after the other.
/// @throws InvalidArgument  if there is no part, dimensions differ, or a part is unlimited.
[[nodiscard]] std::shared_ptr<const Source> concatenate(
    std::vector<std::shared_ptr<const Source>> parts);

}  // namespace twofold::data
