// Looking up many numbers in tables of cubic pieces; all instruction sets give the same bits.
//
// Sums of slopes run in 16 float lanes, entry i in lane i mod 16, added pairwise in double. No
// operation is fused with another.
#pragma once

#include <cstddef>

#include "cubic_table.hpp"

namespace twofold::decode {

constexpr std::size_t kLanes = 16;

/// Tables on one grid, one behind the other, size() pieces each.
struct PieceTables {
  PieceGrid grid;
  const Piece* pieces;
};

/// Four neighbouring tables and their weights.
struct TableMix {
  int first;
  std::array<float, 4> weights;
};

/// Coordinates of unequal variance: coordinate i is looked up in the mix of tables at the position
/// p = place - offsets[i], kept within [low, high], and
///   ν = gain r/√(square + τ), x = √(square + τ) keep g(ν), keep = min(1, most square/τ).
struct ScaledLookup {
  float gain, tau, place, low, high;
  float most;
  const float* squares;  ///< s²
  const float* offsets;  ///< ln s²/spacing; -infinity for s = 0
};

struct CubicKernels {
  const char* name;

  /// out[i] <- amplitude g(scale in[i]) by the first table; returns Σ g'.
  double (*lookup)(const PieceTables& table, const float* in, float scale, float amplitude,
                   float* out, std::size_t size);

  /// x as in ScaledLookup; returns Σ keep g'.
  double (*scaled_lookup)(const PieceTables& tables, const ScaledLookup& scaled, const float* r,
                          float* x, std::size_t size);

  /// pieces of one table <- Σ weights[k] (table first + k).
  void (*mix)(const PieceTables& tables, const TableMix& mix, Piece* pieces);
};

/// Plain loops: the definition the other is tested against.
[[nodiscard]] const CubicKernels& portable_cubic_kernels() noexcept;

/// nullptr where the compiler or this machine's processor lacks the instructions.
[[nodiscard]] const CubicKernels* avx512_cubic_kernels() noexcept;

/// The fastest this machine can run.
[[nodiscard]] const CubicKernels& cubic_kernels() noexcept;

}  // namespace twofold::decode
