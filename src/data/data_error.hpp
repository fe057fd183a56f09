// Messages about unreadable data: the file, the place, the remedy.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::data {

[[noreturn]] inline void fail(std::string_view where, std::string_view file,
                              std::string_view problem, std::string_view remedy) {
  throw DataError(where, fmt::format("{}: {}; {}", file, problem, remedy));
}

[[noreturn]] inline void fail_not_finite(std::string_view where, std::string_view file,
                                         std::uint64_t row, Index column, double value) {
  fail(where, file, fmt::format("row {}, column {} (counted from 0) is {}", row, column, value),
       "remove the row or replace the value");
}

}  // namespace twofold::data
