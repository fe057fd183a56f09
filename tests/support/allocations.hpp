// Counts what a test program allocates; twofold_count_allocations of CMakeLists.txt makes it so.
#pragma once

namespace twofold::test {

/// Calls of malloc, calloc, realloc and operator new until now.
[[nodiscard]] long allocations() noexcept;

}  // namespace twofold::test
