#include <algorithm>
#include <bit>

#include "split_engine.hpp"
#include "twofold/core/processor.hpp"

namespace twofold {
namespace {

// To nearest, ties to even. A NaN stays one.
std::uint16_t rounded(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

float widened(std::uint16_t half) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

void pack(const SplitSource& source, bool left, std::uint16_t* tile) noexcept {
  const Index from_i = source.along ? source.stride : 1;
  const Index from_k = source.along ? 1 : source.stride;
  std::fill_n(tile, split_tile(source.rest), std::uint16_t{0});
  for (Index k = 0; k < source.inner; ++k) {
    const Index pair = k / 2;
    for (Index i = 0; i < source.count; ++i) {
      const float x = source.factor * source.data[i * from_i + k * from_k];
      const Index place = 2 * (left ? i * kSplitGroup + pair : pair * kSplitGroup + i) + k % 2;
      const std::uint16_t leading = rounded(x);
      tile[place] = leading;
      if (source.rest) tile[2 * kSplitWords + place] = rounded(x - widened(leading));
    }
  }
}

// The sum of both halves has at most 17 bits: exact.
template <bool kRest>
float number(const std::uint16_t* tile, Index place) noexcept {
  return widened(tile[place]) + (kRest ? widened(tile[2 * kSplitWords + place]) : 0.0F);
}

constexpr Index kSide = kSplitGroup;

// A tile of each operand as rows of floats.
template <bool kRest>
void unpack(const std::uint16_t* left, const std::uint16_t* right, float* l, float* r) noexcept {
  for (Index place = 0; place < kSide * kSplitInner; ++place) {
    l[place] = number<kRest>(left, place);
    r[place / 2 % kSide + (place / (2 * kSide) * 2 + place % 2) * kSide] =
        number<kRest>(right, place);
  }
}

// sum += a tile of L times a tile of R; x₂y₂ is there as well.
TWOFOLD_FOR_EACH_PROCESSOR
void add_tile(const float* l, const float* r, float* sum) {
  for (Index k = 0; k < kSplitInner; ++k) {
    for (Index i = 0; i < kSide; ++i) {
      for (Index j = 0; j < kSide; ++j) {
        sum[i * kSide + j] += l[i * kSplitInner + k] * r[k * kSide + j];
      }
    }
  }
}

template <bool kRest>
void multiply(const SplitPart& L, const SplitPart& R, bool add, float* C, Index stride) noexcept {
  const Index group = split_tiles(L.inner) * split_tile(kRest);
  for_each_square<kSide>(L.count, R.count, [&](Index i, Index j, Index rows, Index columns) {
    const std::uint16_t* left = L.tiles + i / kSide * group;
    const std::uint16_t* right = R.tiles + j / kSide * group;
    float sum[kSide * kSide] = {};
    for (Index tile = 0; tile < group; tile += split_tile(kRest)) {
      float l[kSide * kSplitInner], r[kSide * kSplitInner];
      unpack<kRest>(left + tile, right + tile, l, r);
      add_tile(l, r, sum);
    }
    for (Index r = 0; r < rows; ++r) {
      float* out = C + (i + r) * stride + j;
      for (Index c = 0; c < columns; ++c) out[c] = (add ? out[c] : 0) + sum[r * kSide + c];
    }
  });
}

void multiply_leading(const SplitPart& L, const SplitPart& R, float* C, Index stride) noexcept {
  multiply<false>(L, R, false, C, stride);
}

}  // namespace

const SplitEngine& portable_split_engine() noexcept {
  static constexpr SplitEngine engine{"portable", pack, multiply<true>, multiply_leading};
  return engine;
}

}  // namespace twofold
