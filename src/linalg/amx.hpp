// Tiles of Intel's Advanced Matrix Extensions: 16 rows of 64 bytes each.
//
// In assembly because the intrinsics of GCC 12 do not say that they read and write memory, so that
// the stores before them may come too late.
#pragma once

#include "twofold/core/parallel.hpp"

namespace twofold::amx {

/// Whether processor and kernel have tiles of bfloat16; asks the kernel for them the first time.
[[nodiscard]] bool available() noexcept;

#if defined(__x86_64__)

/// All eight tiles are the calling thread's, until destroyed.
class Session {
 public:
  Session() noexcept;
  ~Session() { asm volatile("tilerelease" ::: "memory"); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

template <int kTile>
[[gnu::always_inline]] inline void zero() noexcept {
  asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
}

/// Row r from `stride` r bytes on.
template <int kTile>
[[gnu::always_inline]] inline void load(const void* from, Index stride) noexcept {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void store(void* to, Index stride) noexcept {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kTile) : "memory");
}

/// Sum(i, j) += Σ_p of two bfloat16 Left(i, p) · two bfloat16 Right(p, j); numbers below the least
/// normal one count as 0.
template <int kSum, int kLeft, int kRight>
[[gnu::always_inline]] inline void dot() noexcept {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kLeft), "i"(kRight));
}

#endif

}  // namespace twofold::amx
