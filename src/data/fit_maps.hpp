// Row maps whose numbers are estimated from the training rows.
#pragma once

#include "row_maps.hpp"

namespace twofold::data {

/// x − mean. All take finite sources only.
[[nodiscard]] std::shared_ptr<const RowMap> fit_center(const Source& train, ThreadPool& pool);

/// x · √(total / E‖x‖²), so that E‖x‖² becomes `total`. `name` is for messages.
/// @throws DataError  if all rows are 0.
[[nodiscard]] std::shared_ptr<const RowMap> fit_scale(const std::string& name, double total,
                                                      const Source& train, ThreadPool& pool);

/// C^{-1/2} (x − mean), eigenvalues of C raised to at least `floor` times their mean.
/// @throws DataError  if nothing varies.
[[nodiscard]] std::shared_ptr<const RowMap> fit_whiten(const Source& train, double floor,
                                                       ThreadPool& pool);

}  // namespace twofold::data
