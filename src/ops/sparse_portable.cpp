#include <algorithm>
#include <array>
#include <cmath>

#include "sparse_kernels.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
Index keep_above(const Scalar* z, Index m, Index start, Scalar shift, Scalar threshold,
                 std::int32_t* index, Scalar* value) noexcept {
  Index kept = 0;
  for (Index i = 0; i < m; ++i) {
    const Scalar v = z[i] + shift;
    index[kept] = static_cast<std::int32_t>(start + i);
    value[kept] = v;
    kept += v <= threshold ? 0 : 1;
  }
  return kept;
}

template <typename Scalar>
Index keep_magnitude(const Scalar* z, Index m, Index start, Scalar threshold, std::int32_t* index,
                     Scalar* value) noexcept {
  Index kept = 0;
  for (Index i = 0; i < m; ++i) {
    index[kept] = static_cast<std::int32_t>(start + i);
    value[kept] = z[i];
    kept += std::abs(z[i]) < threshold ? 0 : 1;
  }
  return kept;
}

template <typename Scalar, bool kMagnitude>
void largest(const Scalar* z, Index m, Index count, Scalar* largest) noexcept {
  std::fill(largest, largest + count, Scalar{0});
  for (Index i = 0; i < m; ++i) {
    const Scalar rank = kMagnitude ? std::abs(z[i]) : z[i];
    if (rank > largest[i % count]) largest[i % count] = rank;
  }
}

// Halves are added until one number is left.
template <typename Scalar, std::size_t kCount>
Scalar sum_of_halves(std::array<Scalar, kCount> lane) noexcept {
  for (std::size_t half = kCount / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

template <typename Scalar>
double residual(const Scalar* start, const Rows<Scalar>& A, const Terms<Scalar>& terms,
                Scalar* out) noexcept {
  std::copy(start, start + A.length, out);
  for (Index e = 0; e < terms.count; ++e) {
    const Scalar* a = A[terms.row[e]];
    for (Index j = 0; j < A.length; ++j) out[j] = std::fma(-terms.first[e], a[j], out[j]);
  }
  std::array<Scalar, kLanes<Scalar>> lane{};
  for (Index j = 0; j < A.length; ++j) {
    Scalar& sum = lane[static_cast<std::size_t>(j % kLanes<Scalar>)];
    sum = std::fma(out[j], out[j], sum);
  }
  return static_cast<double>(sum_of_halves(lane));
}

template <typename Scalar>
Scalar dot(const Scalar* x, const Scalar* a, Index d) noexcept {
  std::array<std::array<Scalar, kLanes<Scalar>>, kGroups> sum{};
  for (Index j = 0; j < d; ++j) {
    const auto group = static_cast<std::size_t>(j / kLanes<Scalar> % kGroups);
    Scalar& lane = sum[group][static_cast<std::size_t>(j % kLanes<Scalar>)];
    lane = std::fma(x[j], a[j], lane);
  }
  for (std::size_t l = 0; l < sum[0].size(); ++l) {
    sum[0][l] = (sum[0][l] + sum[1][l]) + (sum[2][l] + sum[3][l]);
  }
  return sum_of_halves(sum[0]);
}

template <typename Scalar>
void dots(const Scalar* x, const Rows<Scalar>& A, const std::int32_t* row, Index count,
          Scalar* dots) noexcept {
  for (Index e = 0; e < count; ++e) dots[e] = dot(x, A[row[e]], A.length);
}

// One chunk of one entry of the result.
template <typename Scalar>
Scalar chunk_sum(const Rows<Scalar>& A, const Rows<Scalar>& B, const Terms<Scalar>& terms,
                 Index begin, Index end, Index j) noexcept {
  Scalar sum = 0;
  for (Index e = begin; e < end; ++e) {
    sum = std::fma(terms.first[e], A[terms.row[e]][j], sum);
    if (terms.second != nullptr) sum = std::fma(terms.second[e], B[terms.row[e]][j], sum);
  }
  return sum;
}

template <typename Scalar>
void combine(const Rows<Scalar>& A, const Rows<Scalar>& B, const Terms<Scalar>& terms,
             Scalar factor, bool add, Scalar* out) noexcept {
  for (Index j = 0; j < A.length; ++j) {
    Scalar total = add ? out[j] : Scalar{0};
    for (Index begin = 0; begin < terms.count; begin += kChunk) {
      const Index end = std::min(begin + kChunk, terms.count);
      total = std::fma(factor, chunk_sum(A, B, terms, begin, end, j), total);
    }
    out[j] = total;
  }
}

template <typename Scalar>
constexpr SparseKernels<Scalar> kKernels{
    "portable",
    keep_above<Scalar>,
    keep_magnitude<Scalar>,
    largest<Scalar, true>,
    largest<Scalar, false>,
    residual<Scalar>,
    dots<Scalar>,
    combine<Scalar>,
};

}  // namespace

template <std::floating_point Scalar>
const SparseKernels<Scalar>& portable_sparse_kernels() noexcept {
  return kKernels<Scalar>;
}

template <std::floating_point Scalar>
const SparseKernels<Scalar>& sparse_kernels() noexcept {
  static const SparseKernels<Scalar>& best = []() -> const SparseKernels<Scalar>& {
    if (const auto* kernels = avx512_sparse_kernels<Scalar>()) return *kernels;
    if (const auto* kernels = avx2_sparse_kernels<Scalar>()) return *kernels;
    return portable_sparse_kernels<Scalar>();
  }();
  return best;
}

template const SparseKernels<float>& portable_sparse_kernels() noexcept;
template const SparseKernels<double>& portable_sparse_kernels() noexcept;
template const SparseKernels<float>& sparse_kernels() noexcept;
template const SparseKernels<double>& sparse_kernels() noexcept;

}  // namespace twofold::ops
