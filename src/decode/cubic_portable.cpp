// Plain loops: what the other instruction sets must reproduce bit by bit.
#include "cubic_lanes.hpp"

namespace twofold::decode {
namespace {

double lookup(const PieceTables& table, const float* in, float scale, float amplitude, float* out,
              std::size_t size) {
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < size; ++i) {
    const CubicValue v = lookup_one(table, scale * in[i]);
    out[i] = amplitude * v.value;
    lanes[i % kLanes] += v.slope;
  }
  return sum_of_lanes(lanes);
}

double scaled_lookup(const PieceTables& tables, const ScaledLookup& scaled, const float* r,
                     float* x, std::size_t size) {
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < size; ++i) {
    const CubicValue v = scaled_lookup_one(tables, scaled, i, r[i]);
    x[i] = v.value;
    lanes[i % kLanes] += v.slope;
  }
  return sum_of_lanes(lanes);
}

void mix(const PieceTables& tables, const TableMix& mix, Piece* pieces) {
  const std::ptrdiff_t count = tables.grid.size();
  const Piece* p = tables.pieces + mix.first * count;
  for (std::ptrdiff_t k = 0; k < count; ++k) {
    for (std::size_t q = 0; q < 4; ++q) {
      pieces[k][q] = (mix.weights[0] * p[k][q] + mix.weights[1] * p[k + count][q]) +
                     (mix.weights[2] * p[k + 2 * count][q] + mix.weights[3] * p[k + 3 * count][q]);
    }
  }
}

}  // namespace

const CubicKernels& portable_cubic_kernels() noexcept {
  static constexpr CubicKernels kernels{"portable", lookup, scaled_lookup, mix};
  return kernels;
}

const CubicKernels& cubic_kernels() noexcept {
  static const CubicKernels& best =
      avx512_cubic_kernels() != nullptr ? *avx512_cubic_kernels() : portable_cubic_kernels();
  return best;
}

}  // namespace twofold::decode
