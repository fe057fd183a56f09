#include "twofold/linalg/bf16_product.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "split_engine.hpp"
#include "twofold/core/processor.hpp"

namespace twofold {
namespace {

constexpr Index kLanes = 8;

// Adds the squares of some numbers and of what rounding to nearest, ties to even, takes from them.
[[gnu::always_inline]] inline void add_squares(const float* x, Index count, double* norm,
                                               double* rounding) noexcept {
  for (Index l = 0; l < count; ++l) {
    const auto bits = std::bit_cast<std::uint32_t>(x[l]);
    const float near = std::bit_cast<float>((bits + 0x7fffU + ((bits >> 16) & 1U)) & 0xffff0000U);
    const double whole = x[l], rest = x[l] - near;  // exact
    norm[l] += whole * whole;
    rounding[l] += rest * rest;
  }
}

// Their sums over x, in lanes.
TWOFOLD_FOR_EACH_PROCESSOR
void sum_squares(const float* x, Index d, double* norm, double* rounding) {
  double all[kLanes] = {}, lost[kLanes] = {};
  Index k = 0;
  for (; k + kLanes <= d; k += kLanes) add_squares(x + k, kLanes, all, lost);
  add_squares(x + k, d - k, all, lost);
  std::copy_n(all, kLanes, norm);
  std::copy_n(lost, kLanes, rounding);
}

double root_of_sum(const double (&lane)[kLanes]) noexcept {
  double sum = 0;
  for (const double s : lane) sum += s;
  return std::sqrt(sum);
}

}  // namespace

const SplitEngine* bf16_products() noexcept {
  const SplitEngine* amx = amx_split_engine();
  return amx != nullptr ? amx : avx512_split_engine();
}

Index bf16_size(Index count, Index d) noexcept {
  return split_room(count) * split_room(d);
}

void pack_bf16(const SplitEngine& engine, bool left, const ConstView<float>& M,
               std::uint16_t* out) {
  for (Index r = 0; r < M.rows(); r += kSplitGroup) {
    for (Index k = 0; k < M.cols(); k += kSplitInner, out += split_tile(false)) {
      engine.pack({.data = M.data() + r * M.outerStride() + k,
                   .stride = M.outerStride(),
                   .count = std::min(kSplitGroup, M.rows() - r),
                   .inner = std::min(kSplitInner, M.cols() - k),
                   .along = true,
                   .factor = 1,
                   .rest = false},
                  left, out);
    }
  }
}

void multiply_bf16(const SplitEngine& engine, const SplitPart& L, const SplitPart& R, float* C,
                   Index stride) {
  engine.multiply_leading(L, R, C, stride);
}

Bf16Norms bf16_norms(const float* x, Index d) noexcept {
  double norm[kLanes], rounding[kLanes];
  sum_squares(x, d, norm, rounding);
  const Bf16Norms norms{root_of_sum(norm), root_of_sum(rounding)};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return norms.norm + norms.rounding < kInfinity ? norms : Bf16Norms{kInfinity, kInfinity};
}

double bf16_error(const Bf16Norms& x, const Bf16Norms& w, Index d) noexcept {
  constexpr double kLarge = 1e38, kLeast = 0x1p-126;
  const double x_length = x.norm + x.rounding, w_length = w.norm + w.rounding;
  if (!(x_length < kLarge && w_length < kLarge && x_length * w_length < kLarge)) {
    return std::numeric_limits<double>::infinity();
  }
  const auto terms = static_cast<double>(d);
  return x.rounding * w.norm + x_length * w.rounding + 0x1p-23 * (terms + 2) * x_length * w_length +
         kLeast * terms * (x_length + w_length + 3);
}

}  // namespace twofold
