#include "twofold/core/processor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "twofold/core/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace twofold {
namespace {

#if defined(__x86_64__)

// Clang 14 has no name for it in __builtin_cpu_supports.
bool has_amx() noexcept {
  constexpr unsigned kBf16 = 1U << 22, kTile = 1U << 24;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kBf16) != 0 && (d & kTile) != 0;
}

#endif

Instructions of_the_processor() noexcept {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("bmi2") != 0;
  if (!avx2) return Instructions::Portable;
  const bool avx512 =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  if (!avx512) return Instructions::Avx2;
  if (__builtin_cpu_supports("avx512bf16") == 0) return Instructions::Avx512;
  return has_amx() ? Instructions::Amx : Instructions::Avx512Bf16;
#else
  return Instructions::Portable;
#endif
}

}  // namespace

Instructions instructions_named(std::string_view text) {
  const auto found = std::find(kInstructionNames.begin(), kInstructionNames.end(), text);
  if (found == kInstructionNames.end()) {
    throw InvalidArgument("core::usable_instructions",
                          fmt::format("TWOFOLD_INSTRUCTIONS must be {}, got '{}'",
                                      fmt::join(kInstructionNames, ", "), text));
  }
  return static_cast<Instructions>(found - kInstructionNames.begin());
}

Instructions usable_instructions() {
  static const Instructions usable = [] {
    const char* most = std::getenv("TWOFOLD_INSTRUCTIONS");
    if (most == nullptr || *most == '\0') return of_the_processor();
    return std::min(instructions_named(most), of_the_processor());
  }();
  return usable;
}

bool has(Instructions set) noexcept {
  return set <= usable_instructions();
}

}  // namespace twofold
