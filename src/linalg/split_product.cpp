#include "twofold/linalg/split_product.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "split_engine.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

const SplitEngine& engine() noexcept {
  static const SplitEngine& chosen = [&]() -> const SplitEngine& {
    if (const SplitEngine* amx = amx_split_engine()) return *amx;
    if (const SplitEngine* avx512 = avx512_split_engine()) return *avx512;
    return portable_split_engine();
  }();
  return chosen;
}

// As much for count×inner as for inner×count.
Index room(Index count, Index inner) {
  return 2 * split_room(count) * split_room(inner);
}

constexpr Index kAlignment = 64 / sizeof(std::uint16_t);

// Of the group that begins with row or column `first`.
constexpr Index offset(Index first, Index inner) {
  return first / kSplitGroup * split_tiles(inner) * kSplitTile;
}

// That `size` of `room` may be packed from `first` on.
void check(Index room, Index size, Index first, Index step) {
  if (first >= 0 && first % step == 0 && size <= room - first) return;
  throw InvalidArgument("linalg::SplitOperand",
                        fmt::format("{} numbers cannot begin at {} of {}", size, first, room));
}

}  // namespace

SplitOperand::SplitOperand(Index count, Index inner)
    : count_(count),
      inner_(inner),
      memory_(static_cast<std::size_t>(room(count, inner) + kAlignment)) {}

Index SplitOperand::start() const noexcept {
  const auto beyond = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64;
  return static_cast<Index>((64 - beyond) % 64 / sizeof(std::uint16_t));
}

void SplitOperand::reshape(Index count, Index inner) {
  if (room(count, inner) + kAlignment > static_cast<Index>(memory_.size())) {
    throw InvalidArgument("linalg::SplitOperand",
                          fmt::format("no room for {} x {} numbers", count, inner));
  }
  count_ = count;
  inner_ = inner;
}

void SplitOperand::pack(bool left, bool along, const ConstView<float>& M, float factor, Index first,
                        Index inner_first) {
  const Index count = along ? M.rows() : M.cols(), inner = along ? M.cols() : M.rows();
  check(count_, count, first, kSplitGroup);
  check(inner_, inner, inner_first, kSplitInner);
  // The numbers left out must be another part's.
  if (inner_first + inner < inner_) check(inner_, 0, inner_first + inner, kSplitInner);
  std::uint16_t* tiles = memory_.data() + start() + inner_first / kSplitInner * kSplitTile;
  const auto pack_tile = [&](Index r, Index k) {
    const SplitSource source{
        .data = M.data() + (along ? r * M.outerStride() + k : k * M.outerStride() + r),
        .stride = M.outerStride(),
        .count = std::min(kSplitGroup, count - r),
        .inner = std::min(kSplitInner, inner - k),
        .along = along,
        .factor = factor};
    engine().pack(source, left, tiles + offset(first + r, inner_) + k / kSplitInner * kSplitTile);
  };
  // Neighbouring tiles of M one after the other.
  if (along) {
    for (Index r = 0; r < count; r += kSplitGroup) {
      for (Index k = 0; k < inner; k += kSplitInner) pack_tile(r, k);
    }
  } else {
    for (Index k = 0; k < inner; k += kSplitInner) {
      for (Index r = 0; r < count; r += kSplitGroup) pack_tile(r, k);
    }
  }
}

void SplitOperand::pack_left(Trans trans, const ConstView<float>& M, float factor, Index first,
                             Index inner_first) {
  pack(true, trans == Trans::No, M, factor, first, inner_first);
}

void SplitOperand::pack_right(Trans trans, const ConstView<float>& M, float factor, Index first,
                              Index inner_first) {
  pack(false, trans == Trans::Yes, M, factor, first, inner_first);
}

SplitPart SplitOperand::part(Index begin, Index count) const noexcept {
  assert(begin % kSplitGroup == 0 && begin + count <= count_);
  return {memory_.data() + start() + offset(begin, inner_), count, inner_};
}

void split_multiply(const SplitPart& L, const SplitPart& R, bool add, View<float> C) {
  if (L.inner != R.inner || C.rows() != L.count || C.cols() != R.count) {
    throw InvalidArgument("linalg::split_multiply",
                          fmt::format("L is {}x{}, R is {}x{}, C is {}x{}", L.count, L.inner,
                                      R.inner, R.count, C.rows(), C.cols()));
  }
  engine().multiply(L, R, add, C.data(), C.outerStride());
}

double split_error(Index inner) noexcept {
  const auto terms = 3 * static_cast<double>(inner);
  return 3 * 0x1p-16 * (1 + 0x1p-7) + terms * 0x1p-24 * (1 + 0x1p-6);
}

std::string_view split_product_instructions() noexcept {
  return engine().name;
}

}  // namespace twofold
