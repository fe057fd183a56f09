#include "sign_repair.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lane_sum.hpp"
#include "sparse_kernels.hpp"
#include "twofold/core/processor.hpp"

namespace twofold::ops {
namespace {

constexpr Index kPiece = 256;  // of a row of Z

// close[s] = 1 where |z_s - at| <= slope ‖x_s‖ + offset, else 0; whether there is one.
TWOFOLD_FOR_EACH_PROCESSOR
bool mark_close(const float* z, const float* norms, Index count, ErrorLine bound, float at,
                float* __restrict close) {
  int found = 0;
  for (Index s = 0; s < count; ++s) {
    const bool within = std::fabs(z[s] - at) <= bound.slope * norms[s] + bound.offset;
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

// To nearest, but never to the jump where it is beside it.
float beside(double z, float jump) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto rounded = static_cast<float>(z);
  if (rounded != jump || z == static_cast<double>(jump)) return rounded;
  return std::nextafter(jump, z > static_cast<double>(jump) ? kInfinity : -kInfinity);
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

ErrorLine error_line(float norm, Index d, ProductError error) noexcept {
  constexpr double kMore = 1.03;  // the norms and the bound are rounded themselves
  const double root = std::sqrt(static_cast<double>(d)), small = kMore * 0x1p-126 * root;
  const auto b = static_cast<double>(norm);
  return {static_cast<float>(kMore * error.relative * b + small),
          static_cast<float>(small * (b + 3 * root))};
}

double exact_product(const float* b, const float* x, Index d) noexcept {
  return dot(b, x, d);
}

void repair_signs(ConstView<float> B, ConstView<float> X, const float* norms, ProductError error,
                  View<float> Z, Jump jump) {
  const auto keep_above = sparse_kernels<float>().keep_above;
  const Index d = X.cols(), samples = X.rows();
  float close[kPiece], ones[kPiece + kLanes<float>];
  std::int32_t found[kPiece + kLanes<float>];
  for (Index r = 0; r < B.rows(); ++r) {
    const float* b = B.row(r).data();
    const double bias = jump.bias == nullptr ? 0.0 : static_cast<double>(jump.bias[r]);
    ErrorLine bound = error_line(norm_for_repair(b, d), d, error);
    bound.offset += 0x1p-23F * std::fabs(jump.at);  // of the sum with the bias
    if (!std::isfinite(bound.slope)) continue;
    for (Index first = 0; first < samples; first += kPiece) {
      const Index size = std::min(kPiece, samples - first);
      float* z = Z.row(r).data() + first;
      if (!mark_close(z, norms + first, size, bound, jump.at, close)) continue;
      const Index count = keep_above(close, size, 0, 0.0F, 0.0F, found, ones);
      for (const std::int32_t* s = found; s < found + count; ++s) {
        z[*s] = beside(dot(b, X.row(first + *s).data(), d) + bias, jump.at);
      }
    }
  }
}

}  // namespace twofold::ops
