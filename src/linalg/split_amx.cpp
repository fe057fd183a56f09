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
constexpr Index kToRest = 2 * kSplitWords;           // from a tile's leading halves to the rest

// Up to 2×2 tiles of sums. Tiles 0 to 3 are the sums, 4 and 5 rows of L, 6 and 7 columns of R.
template <bool kTwoRows, bool kTwoColumns>
struct Square {
  static void zero() noexcept {
    amx::zero<0>();
    if constexpr (kTwoColumns) amx::zero<1>();
    if constexpr (kTwoRows) amx::zero<2>();
    if constexpr (kTwoRows && kTwoColumns) amx::zero<3>();
  }

  static void load(const float* C, Index stride) noexcept {
    const Index bytes = stride * static_cast<Index>(sizeof(float)), below = kSplitGroup * stride;
    amx::load<0>(C, bytes);
    if constexpr (kTwoColumns) amx::load<1>(C + kSplitGroup, bytes);
    if constexpr (kTwoRows) amx::load<2>(C + below, bytes);
    if constexpr (kTwoRows && kTwoColumns) amx::load<3>(C + below + kSplitGroup, bytes);
  }

  static void store(float* C, Index stride) noexcept {
    const Index bytes = stride * static_cast<Index>(sizeof(float)), below = kSplitGroup * stride;
    amx::store<0>(C, bytes);
    if constexpr (kTwoColumns) amx::store<1>(C + kSplitGroup, bytes);
    if constexpr (kTwoRows) amx::store<2>(C + below, bytes);
    if constexpr (kTwoRows && kTwoColumns) amx::store<3>(C + below + kSplitGroup, bytes);
  }

  static void load_left(const std::uint16_t* tile, Index group) noexcept {
    amx::load<4>(tile, kRow);
    if constexpr (kTwoRows) amx::load<5>(tile + group, kRow);
  }

  static void load_right(const std::uint16_t* tile, Index group) noexcept {
    amx::load<6>(tile, kRow);
    if constexpr (kTwoColumns) amx::load<7>(tile + group, kRow);
  }

  static void dot() noexcept {
    amx::dot<0, 4, 6>();
    if constexpr (kTwoColumns) amx::dot<1, 4, 7>();
    if constexpr (kTwoRows) amx::dot<2, 5, 6>();
    if constexpr (kTwoRows && kTwoColumns) amx::dot<3, 5, 7>();
  }

  // L₁R₁, then with the rest L₁R₂ and L₂R₁: ten loads for twelve products.
  template <bool kRest>
  static void multiply(const std::uint16_t* left, const std::uint16_t* right,
                       Index group) noexcept {
    for (Index tile = 0; tile < group; tile += split_tile(kRest)) {
      load_left(left + tile, group);
      load_right(right + tile, group);
      dot();
      if constexpr (!kRest) continue;
      load_right(right + tile + kToRest, group);
      dot();
      load_left(left + tile + kToRest, group);
      load_right(right + tile, group);
      dot();
    }
  }
};

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

// rows×columns of C at `out`, at most kSide of each. Only whole squares are loaded and stored where
// they are.
template <bool kRest, bool kTwoRows, bool kTwoColumns>
void square(const std::uint16_t* left, const std::uint16_t* right, Index group, bool add,
            Index rows, Index columns, float* out, Index stride) noexcept {
  using Tiles = Square<kTwoRows, kTwoColumns>;
  alignas(64) float edge[kSide * kSide];
  const bool whole =
      rows == kSplitGroup * (1 + kTwoRows) && columns == kSplitGroup * (1 + kTwoColumns);
  if (!add) {
    Tiles::zero();
  } else if (whole) {
    Tiles::load(out, stride);
  } else {
    std::fill_n(edge, kSide * kSide, 0.0F);
    copy_rows(out, stride, rows, columns, edge, kSide);
    Tiles::load(edge, kSide);
  }
  Tiles::template multiply<kRest>(left, right, group);
  if (whole) return Tiles::store(out, stride);
  Tiles::store(edge, kSide);
  copy_rows(edge, kSide, rows, columns, out, stride);
}

template <bool kRest>
void multiply(const SplitPart& L, const SplitPart& R, bool add, float* C, Index stride) noexcept {
  const Index group = split_tiles(L.inner) * split_tile(kRest);
  const amx::Session session;
  for_each_square<kSide>(L.count, R.count, [&](Index i, Index j, Index rows, Index columns) {
    auto* kernel = columns > kSplitGroup ? square<kRest, false, true> : square<kRest, false, false>;
    if (rows > kSplitGroup) {
      kernel = columns > kSplitGroup ? square<kRest, true, true> : square<kRest, true, false>;
    }
    kernel(L.tiles + i / kSplitGroup * group, R.tiles + j / kSplitGroup * group, group, add, rows,
           columns, C + i * stride + j, stride);
  });
}

void multiply_leading(const SplitPart& L, const SplitPart& R, float* C, Index stride) noexcept {
  multiply<false>(L, R, false, C, stride);
}

}  // namespace

const SplitEngine* amx_split_engine() noexcept {
  static constexpr SplitEngine engine{"amx_bf16", pack_split_avx512, multiply<true>,
                                      multiply_leading};
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
