#include "sign_repair.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lane_sum.hpp"
#include "sparse_kernels.hpp"

namespace twofold::ops {
namespace {

#if defined(__x86_64__)
#define TWOFOLD_FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define TWOFOLD_FOR_EACH_PROCESSOR
#endif

constexpr Index kPiece = 256;  // of a row of Z

// close[s] = 1 where |z_s| <= slope ‖x_s‖ + offset, else 0; whether there is one.
TWOFOLD_FOR_EACH_PROCESSOR
bool mark_close(const float* z, const float* norms, Index count, float slope, float offset,
                float* __restrict close) {
  int found = 0;
  for (Index s = 0; s < count; ++s) {
    const bool within = std::fabs(z[s]) <= slope * norms[s] + offset;
    close[s] = within ? 1.0F : 0.0F;
    found |= static_cast<int>(within);
  }
  return found != 0;
}

TWOFOLD_FOR_EACH_PROCESSOR
float squared_norm(const float* x, Index d) {
  constexpr Index kLanes = 16;  // partial sums, so that the loop has no chain
  float lane[kLanes] = {};
  Index k = 0;
  for (; k + kLanes <= d; k += kLanes) {
    for (Index l = 0; l < kLanes; ++l) lane[l] += x[k + l] * x[k + l];
  }
  float sum = 0;
  for (; k < d; ++k) sum += x[k] * x[k];
  for (const float s : lane) sum += s;
  return sum;
}

// The products are exact, so that fused sums are the same.
TWOFOLD_FOR_EACH_PROCESSOR
double dot(const float* a, const float* b, Index d) {
  constexpr Index kLanes = 32;
  double lane[kLanes] = {};
  Index k = 0;
  for (; k + kLanes <= d; k += kLanes) {
    for (Index l = 0; l < kLanes; ++l) {
      lane[l] += static_cast<double>(a[k + l]) * static_cast<double>(b[k + l]);
    }
  }
  double sum = 0;
  for (; k < d; ++k) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  for (const double s : lane) sum += s;
  return sum;
}

// To nearest, but never to a zero that it is not.
float with_its_sign(double z) {
  const auto rounded = static_cast<float>(z);
  if (rounded != 0 || z == 0) return rounded;
  return std::copysign(std::numeric_limits<float>::denorm_min(), rounded);
}

}  // namespace

float norm_for_repair(const float* x, Index d) noexcept {
  const float fast = squared_norm(x, d);
  if (fast > 1e-30F && fast < 1e30F) return std::sqrt(fast);
  const auto norm = static_cast<float>(std::sqrt(sum_of_squares(x, d)));
  return std::isfinite(norm) ? norm : std::numeric_limits<float>::quiet_NaN();
}

VectorF norms_for_repair(ConstView<float> X) {
  VectorF norms(X.rows());
  for (Index s = 0; s < X.rows(); ++s) norms[s] = norm_for_repair(X.row(s).data(), X.cols());
  return norms;
}

void repair_signs(ConstView<float> B, ConstView<float> X, const float* norms, ProductError error,
                  View<float> Z) {
  constexpr double kMore = 1.03;  // the norms and the bound are rounded themselves
  const auto keep_above = sparse_kernels<float>().keep_above;
  const Index d = X.cols(), samples = X.rows();
  const auto terms = static_cast<double>(d);
  float close[kPiece], ones[kPiece + kLanes<float>];
  std::int32_t found[kPiece + kLanes<float>];
  for (Index r = 0; r < B.rows(); ++r) {
    const float* b = B.row(r).data();
    const auto norm = static_cast<double>(norm_for_repair(b, d));
    const double small = kMore * 0x1p-126 * std::sqrt(terms);
    const auto slope = static_cast<float>(kMore * error.relative * norm + small);
    const auto offset = static_cast<float>(small * (norm + 3 * std::sqrt(terms)));
    if (!std::isfinite(slope)) continue;
    for (Index first = 0; first < samples; first += kPiece) {
      const Index size = std::min(kPiece, samples - first);
      float* z = Z.row(r).data() + first;
      if (!mark_close(z, norms + first, size, slope, offset, close)) continue;
      const Index count = keep_above(close, size, 0, 0.0F, 0.0F, found, ones);
      for (const std::int32_t* s = found; s < found + count; ++s) {
        z[*s] = with_its_sign(dot(b, X.row(first + *s).data(), d));
      }
    }
  }
}

}  // namespace twofold::ops
