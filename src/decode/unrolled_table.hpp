// Makes the piecewise-linear denoiser.
#pragma once

#include <functional>
#include <string_view>

#include "twofold/decode/unrolled_denoiser.hpp"

namespace twofold::decode {

/// Throws InvalidArgument in the name of `where` unless the shape is one.
void require_table(const TableShape& table, std::string_view where);

/// The table through f(h), f(2h), ...
[[nodiscard]] UnrolledDenoiser make_table(const TableShape& table,
                                          const std::function<double(double)>& f);

}  // namespace twofold::decode
