// Which instructions of the processor are used.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

/// Before a plain loop: the compiler makes it for several processors, and the loader chooses. Its
/// sums must not depend on the width of a register. (The thread sanitizer of GCC 12 ends programs
/// that have such loops.)
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define TWOFOLD_FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define TWOFOLD_FOR_EACH_PROCESSOR
#endif

namespace twofold {

/// Sets of instructions that have loops of their own, each with all of those before it:
///   Avx2        AVX2, FMA, BMI2         Avx512Bf16  AVX512_BF16
///   Avx512      AVX-512 F BW DQ VL      Amx         AMX tiles of bfloat16
enum class Instructions { Portable, Avx2, Avx512, Avx512Bf16, Amx };

/// Their names, in the order of Instructions.
inline constexpr std::array<std::string_view, 5> kInstructionNames = {"portable", "avx2", "avx512",
                                                                      "avx512_bf16", "amx_bf16"};

[[nodiscard]] constexpr std::string_view instructions_name(Instructions set) noexcept {
  return kInstructionNames[static_cast<std::size_t>(set)];
}

/// @throws InvalidArgument  unless `text` is one of kInstructionNames.
[[nodiscard]] Instructions instructions_named(std::string_view text);

/// The largest set that the processor has and the environment variable TWOFOLD_INSTRUCTIONS allows:
/// that of this name at most; all where it is not set, or empty. Read once.
///
/// It forces the slower ways, to test or to time them. Two things it does not reach: loops that the
/// compiler makes for several processors (above), whose results have the same bits on all, and the
/// BLAS. For Amx the operating system has a say too (src/linalg/amx.hpp).
/// @throws InvalidArgument  if the variable has another value, each time.
[[nodiscard]] Instructions usable_instructions();

/// Whether `set` may be used. A wrong TWOFOLD_INSTRUCTIONS ends the program here, with the message
/// of usable_instructions: call that one first to answer it otherwise.
[[nodiscard]] bool has(Instructions set) noexcept;

}  // namespace twofold
