#include "twofold/linalg/bf16_product.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "split_engine.hpp"
#include "twofold/core/processor.hpp"

namespace twofold {
namespace {

constexpr Index kLanes = 8;
using Floats [[gnu::vector_size(4 * kLanes)]] = float;
using Words [[gnu::vector_size(4 * kLanes)]] = std::uint32_t;
using Doubles [[gnu::vector_size(8 * kLanes)]] = double;

// Sums of the squares of x and of what rounding to nearest, ties to even, takes from it, in lanes.
TWOFOLD_FOR_EACH_PROCESSOR
void sum_squares(const float* x, Index d, double* norm, double* rounding) {
  Doubles all{}, lost{};
  for (Index k = 0; k < d; k += kLanes) {
    Floats v{};
    if (k + kLanes <= d) {
      std::memcpy(&v, x + k, sizeof v);
    } else {
      std::memcpy(&v, x + k, sizeof(float) * static_cast<std::size_t>(d - k));
    }
    Words bits;
    std::memcpy(&bits, &v, sizeof v);
    bits = (bits + 0x7fffU + ((bits >> 16) & 1U)) & 0xffff0000U;
    Floats near;
    std::memcpy(&near, &bits, sizeof near);
    const Doubles whole = __builtin_convertvector(v, Doubles);
    const Doubles rest = __builtin_convertvector(v - near, Doubles);  // exact
    all += whole * whole;
    lost += rest * rest;
  }
  std::memcpy(norm, &all, sizeof all);
  std::memcpy(rounding, &lost, sizeof lost);
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
