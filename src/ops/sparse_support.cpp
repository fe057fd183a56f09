#include <Eigen/Cholesky>
#include <algorithm>

#include "check_codes.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"

namespace twofold::ops {
namespace {

constexpr double kRidge = 1e-10;

// body(row, first entry, number of entries) for each sample.
template <typename Scalar, typename Body>
void for_each_sample(const SparseCodes<Scalar>& codes, double flops, ThreadPool& pool,
                     Body&& body) {
  const Index N = codes.rows();
  const Index block = sample_block(N, flops / static_cast<double>(std::max<Index>(N, 1)));
  parallel_for(pool, N, block, [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const auto s = static_cast<std::size_t>(row);
      const std::int64_t first = codes.offset[s];
      body(row, static_cast<std::size_t>(first), static_cast<Index>(codes.offset[s + 1] - first));
    }
  });
}

// Solves gram v = rhs in place of rhs; with the ridge if a pivot says that gram is singular.
void solve(Matrix& gram, Vector& rhs) {
  const Vector diagonal = gram.diagonal();
  Eigen::LLT<Matrix> factor(gram);
  const auto pivots = factor.matrixLLT().diagonal().array().square();
  if (factor.info() != Eigen::Success || (pivots < kRidge * diagonal.array()).any()) {
    // An atom of zeros has no diagonal of its own to add to.
    gram.diagonal() += kRidge * diagonal.cwiseMax(std::max(diagonal.maxCoeff(), 1e-300));
    factor.compute(gram);
  }
  factor.solveInPlace(rhs);
}

}  // namespace

template <std::floating_point Scalar>
void encode_on_support(std::type_identity_t<ConstView<Scalar>> X,
                       std::type_identity_t<ConstView<Scalar>> W, double bias,
                       SparseCodes<Scalar>& codes, ThreadPool& pool) {
  constexpr std::string_view where = "ops::encode_on_support";
  check_atoms<Scalar>(X, W, where);
  check_codes(codes, X.rows(), W.rows(), where);
  const Rows<Scalar> atoms = rows_of<Scalar>(W);
  const auto shift = static_cast<Scalar>(bias);
  const double flops = 2.0 * static_cast<double>(W.cols()) * static_cast<double>(codes.size());
  for_each_sample(codes, flops, pool, [&](Index row, std::size_t first, Index count) {
    Scalar* value = codes.value.data() + first;
    sparse_kernels<Scalar>().dots(X.row(row).data(), atoms, codes.index.data() + first, count,
                                  value);
    for (Index e = 0; e < count; ++e) value[e] += shift;
  });
}

template <std::floating_point Scalar>
void least_squares_codes(std::type_identity_t<ConstView<Scalar>> X,
                         std::type_identity_t<ConstView<Scalar>> W, SparseCodes<Scalar>& codes,
                         ThreadPool& pool) {
  constexpr std::string_view where = "ops::least_squares_codes";
  check_atoms<Scalar>(X, W, where);
  check_codes(codes, X.rows(), W.rows(), where);
  const double k =
      static_cast<double>(codes.size()) / static_cast<double>(std::max<Index>(X.rows(), 1));
  const double flops =
      k * k * (2.0 * static_cast<double>(W.cols()) + k / 3) * static_cast<double>(X.rows());
  for_each_sample(codes, flops, pool, [&](Index row, std::size_t first, Index count) {
    if (count == 0) return;
    Matrix atoms(count, W.cols());
    for (Index e = 0; e < count; ++e) {
      atoms.row(e) =
          W.row(codes.index[first + static_cast<std::size_t>(e)]).template cast<double>();
    }
    Matrix gram = atoms * atoms.transpose();
    Vector value = atoms * X.row(row).transpose().template cast<double>();
    solve(gram, value);
    std::transform(value.begin(), value.end(), codes.value.begin() + static_cast<Index>(first),
                   [](double v) { return static_cast<Scalar>(v); });
  });
}

template <std::floating_point Scalar>
std::vector<std::int64_t> usage(const SparseCodes<Scalar>& codes) {
  check_codes(codes, codes.rows(), codes.atoms, "ops::usage");
  std::vector<std::int64_t> count(static_cast<std::size_t>(codes.atoms));
  for (const std::int32_t i : codes.index) ++count[static_cast<std::size_t>(i)];
  return count;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                             \
  template void encode_on_support(ConstView<Scalar>, ConstView<Scalar>, double,                 \
                                  SparseCodes<Scalar>&, ThreadPool&);                           \
  template void least_squares_codes(ConstView<Scalar>, ConstView<Scalar>, SparseCodes<Scalar>&, \
                                    ThreadPool&);                                               \
  template std::vector<std::int64_t> usage(const SparseCodes<Scalar>&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
