// Split products by tiles: squares of 2×2 tiles in registers.
#include <algorithm>

#include "amx.hpp"
#include "split_engine.hpp"

#if defined(__x86_64__)

#if !defined(__clang__)  // a false alarm in the headers of GCC 12 (PR 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

namespace twofold {
namespace {

constexpr Index kSide = 2 * kSplitGroup, kRow = 64;  // bytes of a tile's row
constexpr Index kRest = 2 * kSplitWords;             // from a tile's leading halves to the rest

// Tiles 0 to 3 are the sums, 4 and 5 rows of L, 6 and 7 columns of R.
template <int kLeft, int kRight>
[[gnu::always_inline]] inline void dot_all() noexcept {
  amx::dot<0, kLeft, kRight>();
  amx::dot<1, kLeft, kRight + 1>();
  amx::dot<2, kLeft + 1, kRight>();
  amx::dot<3, kLeft + 1, kRight + 1>();
}

template <typename Float>
[[gnu::always_inline]] inline void load_sums(Float* C, Index stride) noexcept {
  const Index bytes = stride * static_cast<Index>(sizeof(float));
  amx::load<0>(C, bytes);
  amx::load<1>(C + kSplitGroup, bytes);
  amx::load<2>(C + kSplitGroup * stride, bytes);
  amx::load<3>(C + kSplitGroup * stride + kSplitGroup, bytes);
}

[[gnu::always_inline]] inline void store_sums(float* C, Index stride) noexcept {
  const Index bytes = stride * static_cast<Index>(sizeof(float));
  amx::store<0>(C, bytes);
  amx::store<1>(C + kSplitGroup, bytes);
  amx::store<2>(C + kSplitGroup * stride, bytes);
  amx::store<3>(C + kSplitGroup * stride + kSplitGroup, bytes);
}

// L₁R₁, then L₁R₂, then L₂R₁: ten loads for twelve products.
void add_square(const std::uint16_t* left, const std::uint16_t* right, Index group) noexcept {
  for (Index tile = 0; tile < group; tile += kSplitTile) {
    const std::uint16_t *l = left + tile, *r = right + tile;
    amx::load<4>(l, kRow);
    amx::load<5>(l + group, kRow);
    amx::load<6>(r, kRow);
    amx::load<7>(r + group, kRow);
    dot_all<4, 6>();
    amx::load<6>(r + kRest, kRow);
    amx::load<7>(r + group + kRest, kRow);
    dot_all<4, 6>();
    amx::load<4>(l + kRest, kRow);
    amx::load<5>(l + group + kRest, kRow);
    amx::load<6>(r, kRow);
    amx::load<7>(r + group, kRow);
    dot_all<4, 6>();
  }
}

// Up to 32 columns: registers of 16 with masks, where std::copy_n would call a function a row.
__attribute__((target("avx512f"))) void copy_rows(const float* from, Index from_stride, Index rows,
                                                  Index columns, float* to,
                                                  Index to_stride) noexcept {
  const std::uint32_t mask = columns >= kSide ? ~0U : (1U << columns) - 1U;
  const auto low = static_cast<__mmask16>(mask), high = static_cast<__mmask16>(mask >> 16);
  for (Index r = 0; r < rows; ++r, from += from_stride, to += to_stride) {
    _mm512_mask_storeu_ps(to, low, _mm512_maskz_loadu_ps(low, from));
    if (high == 0) continue;
    _mm512_mask_storeu_ps(to + kSplitGroup, high, _mm512_maskz_loadu_ps(high, from + kSplitGroup));
  }
}

void zero_sums() noexcept {
  amx::zero<0>();
  amx::zero<1>();
  amx::zero<2>();
  amx::zero<3>();
}

void multiply(const SplitPart& L, const SplitPart& R, bool add, float* C, Index stride) noexcept {
  const Index group = split_tiles(L.inner) * kSplitTile;
  const amx::Session session;
  for_each_square<kSide>(L.count, R.count, [&](Index i, Index j, Index rows, Index columns) {
    float* out = C + i * stride + j;
    alignas(64) float edge[kSide * kSide];
    const bool whole = rows == kSide && columns == kSide;
    if (!add) {
      zero_sums();
    } else if (whole) {
      load_sums(out, stride);
    } else {
      std::fill_n(edge, kSide * kSide, 0.0F);
      copy_rows(out, stride, rows, columns, edge, kSide);
      load_sums(edge, kSide);
    }
    add_square(L.tiles + i / kSplitGroup * group, R.tiles + j / kSplitGroup * group, group);
    if (whole) return store_sums(out, stride);
    store_sums(edge, kSide);
    copy_rows(edge, kSide, rows, columns, out, stride);
  });
}

}  // namespace

const SplitEngine* amx_split_engine() noexcept {
  static constexpr SplitEngine engine{"amx_bf16", pack_split_avx512, multiply};
  return amx::available() && avx512_split_engine() != nullptr ? &engine : nullptr;
}

}  // namespace twofold

#else

namespace twofold {

const SplitEngine* amx_split_engine() noexcept {
  return nullptr;
}

}  // namespace twofold

#endif
