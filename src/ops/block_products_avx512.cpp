// Products of a block of neurons on 16 floats a register.
//
// A tile of C is 6×64: 24 sums in registers, each fed by one broadcast of L and one load of R.
#include "block_products.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstdint>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

namespace twofold::ops {
namespace {

constexpr Index kLanes = 16, kTileRows = 6, kTileVectors = 4;

// A tile within a product. Only the columns in `last` of the last vector exist.
struct Tile {
  const float* left;
  const float* right;
  Index right_stride;
  float* out;
  const float* mask;
  __mmask16 last;
};

template <int kRows, int kVectors>
TWOFOLD_TARGET void multiply_tile(const BlockProduct<float>& p, const Tile& t) {
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_setzero_ps();
  }
  const float* left = t.left;
  const float* right = t.right;
  const Index left_row = p.left_row;
  for (Index k = 0; k < p.inner; ++k, left += p.left_column, right += t.right_stride) {
    __m512 r[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      r[v] = v + 1 < kVectors ? _mm512_loadu_ps(right + v * kLanes)
                              : _mm512_maskz_loadu_ps(t.last, right + v * kLanes);
    }
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
      const __m512 l = _mm512_set1_ps(left[i * left_row]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_fmadd_ps(l, r[v], sum[i][v]);
    }
  }
  const __m512 factor = _mm512_set1_ps(p.factor);
  const __m512 zero = _mm512_setzero_ps();
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 here = v + 1 < kVectors ? static_cast<__mmask16>(0xffff) : t.last;
      const Index place = i * p.out_stride + v * kLanes;
      __m512 c = _mm512_mul_ps(factor, sum[i][v]);
      if (p.finish == Finish::Add) {
        c = _mm512_add_ps(_mm512_maskz_loadu_ps(here, t.out + place), c);
      } else if (p.finish == Finish::Relu) {
        c = _mm512_maskz_max_ps(here, zero, c);  // the second operand if one is NaN
      } else if (p.finish == Finish::Mask) {
        const __m512 mask = _mm512_maskz_loadu_ps(here, t.mask + place);
        c = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(mask, zero, _CMP_GT_OQ), c);
      }
      _mm512_mask_storeu_ps(t.out + place, here, c);
    }
  }
}

using TileFunction = void (*)(const BlockProduct<float>&, const Tile&);
template <int kRows>
constexpr std::array<TileFunction, kTileVectors> kRowOfTiles{
    multiply_tile<kRows, 1>, multiply_tile<kRows, 2>, multiply_tile<kRows, 3>,
    multiply_tile<kRows, 4>};
constexpr std::array<std::array<TileFunction, kTileVectors>, kTileRows> kTiles{
    kRowOfTiles<1>, kRowOfTiles<2>, kRowOfTiles<3>, kRowOfTiles<4>, kRowOfTiles<5>, kRowOfTiles<6>};

// A panel of R stays in the cache while the rows of L pass by.
void multiply(const BlockProduct<float>& p) {
  const PanelLayout layout{kLanes * kTileVectors, kLanes, p.inner, p.columns};
  for (Index first = 0; first < p.columns; first += layout.panel) {
    const Index width = layout.width(first);
    const Index empty = std::max<Index>(0, first + width - p.columns);
    const bool packed = p.right_stride == 0;
    Tile tile{p.left,
              p.right + first * (packed ? p.inner : 1),
              packed ? width : p.right_stride,
              p.out + first,
              p.mask == nullptr ? nullptr : p.mask + first,
              static_cast<__mmask16>(0xffffU >> empty)};
    for (Index row = 0; row < p.rows; row += kTileRows) {
      const Index rows = std::min(kTileRows, p.rows - row);
      kTiles[static_cast<std::size_t>(rows - 1)][static_cast<std::size_t>(width / kLanes - 1)](
          p, tile);
      tile.left += rows * p.left_row;
      tile.out += rows * p.out_stride;
      if (tile.mask != nullptr) tile.mask += rows * p.out_stride;
    }
  }
}

constexpr BlockProducts<float> kProducts{"avx512", 144, kLanes* kTileVectors, kLanes, multiply};

}  // namespace

const BlockProducts<float>* avx512_block_products() noexcept {
  const bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return runs ? &kProducts : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

const BlockProducts<float>* avx512_block_products() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
