// The product with Q across the blocks of a structured encoder.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// One tile of mix_blocks: kRows blocks of the output at kColumns positions, in registers.
template <int kRows, int kColumns, typename Scalar>
[[gnu::always_inline]] inline void mix_tile(const Scalar* __restrict Q, Index q, Index length,
                                            const Scalar* __restrict in, Scalar* __restrict out) {
  Scalar sum[kRows][kColumns] = {};
  for (Index a = 0; a < q; ++a) {
    for (int b = 0; b < kRows; ++b) {
      for (int p = 0; p < kColumns; ++p) sum[b][p] += Q[b * q + a] * in[a * length + p];
    }
  }
  for (int b = 0; b < kRows; ++b) {
    for (int p = 0; p < kColumns; ++p) out[b * length + p] = sum[b][p];
  }
}

/// Blocks shorter than a tile: along the columns of Q, which are its rows.
template <int kLength, typename Scalar>
[[gnu::always_inline]] inline void mix_short(const Scalar* __restrict Q, Index q,
                                             const Scalar* __restrict in, Scalar* __restrict out) {
  for (Index i = 0; i < q * kLength; ++i) out[i] = 0;
  for (Index a = 0; a < q; ++a) {
    for (Index b = 0; b < q; ++b) {
      for (int p = 0; p < kLength; ++p) {
        out[b * kLength + p] += Q[a * q + b] * in[a * kLength + p];
      }
    }
  }
}

/// out[b, p] = Σ_a Q[b, a] in[a, p], the sum from a = 0 upwards; Q symmetric, in and out q×length,
/// row-major.
/// Inlined so that each instruction set compiles its own loops: same sums, same bits.
template <typename Scalar>
[[gnu::always_inline]] inline void mix_blocks(const MatrixOf<Scalar>& Q, Index length,
                                              const Scalar* in, Scalar* out) {
  constexpr int kTile = 16, kRows = 4;
  const Index q = Q.rows();
  switch (length) {
    case 1:
      return mix_short<1>(Q.data(), q, in, out);
    case 2:
      return mix_short<2>(Q.data(), q, in, out);
    case 4:
      return mix_short<4>(Q.data(), q, in, out);
    case 8:
      return mix_short<8>(Q.data(), q, in, out);
    default:
      break;
  }
  for (Index p = 0; p < length; p += kTile) {
    Index b = 0;
    for (; b + kRows <= q; b += kRows) {
      mix_tile<kRows, kTile>(Q.data() + b * q, q, length, in + p, out + b * length + p);
    }
    for (; b < q; ++b) {
      mix_tile<1, kTile>(Q.data() + b * q, q, length, in + p, out + b * length + p);
    }
  }
}

}  // namespace twofold::ops
