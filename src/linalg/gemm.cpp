#include "twofold/linalg/gemm.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "lapack.hpp"

namespace twofold {
namespace {

// Tiles are large enough that packing the operands costs little against 2 m n k flops,
// and small enough that 8 threads share the product of a batch with a wide layer.
constexpr Index kTileRows = 128;
constexpr Index kTileColumns = 512;

constexpr int to_cblas(Trans trans) noexcept {
  return trans == Trans::Yes ? lapack::kTrans : lapack::kNoTrans;
}

template <typename View>
int leading_dimension(const View& view) {
  return lapack::size(std::max<Index>({view.outerStride(), view.cols(), 1}));
}

void cblas_gemm(int ta, int tb, int m, int n, int k, float alpha, const float* a, int lda,
                const float* b, int ldb, float beta, float* c, int ldc) {
  lapack::cblas_sgemm(lapack::kRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cblas_gemm(int ta, int tb, int m, int n, int k, double alpha, const double* a, int lda,
                const double* b, int ldb, double beta, double* c, int ldc) {
  lapack::cblas_dgemm(lapack::kRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <typename Scalar>
void check_shapes(Trans trans_a, Trans trans_b, const ConstView<Scalar>& A,
                  const ConstView<Scalar>& B, const View<Scalar>& C) {
  const bool ta = trans_a == Trans::Yes, tb = trans_b == Trans::Yes;
  const Index m = ta ? A.cols() : A.rows(), k = ta ? A.rows() : A.cols();
  const Index k_b = tb ? B.cols() : B.rows(), n = tb ? B.rows() : B.cols();
  if (k == k_b && C.rows() == m && C.cols() == n) return;
  throw InvalidArgument("linalg::gemm", fmt::format("op(A) is {}x{}, op(B) is {}x{}, C is {}x{}", m,
                                                    k, k_b, n, C.rows(), C.cols()));
}

// Rows [begin, begin + count) of op(A); columns of op(B) likewise.
template <typename Scalar>
ConstView<Scalar> rows_of(Trans trans, const ConstView<Scalar>& A, Index begin, Index count) {
  if (trans == Trans::Yes) return A.middleCols(begin, count);
  return A.middleRows(begin, count);
}

template <typename Scalar>
ConstView<Scalar> columns_of(Trans trans, const ConstView<Scalar>& B, Index begin, Index count) {
  return rows_of(trans == Trans::Yes ? Trans::No : Trans::Yes, B, begin, count);
}

}  // namespace

template <std::floating_point Scalar>
void gemm(Trans trans_a, Trans trans_b, Scalar alpha, std::type_identity_t<ConstView<Scalar>> A,
          std::type_identity_t<ConstView<Scalar>> B, Scalar beta,
          std::type_identity_t<View<Scalar>> C) {
  check_shapes<Scalar>(trans_a, trans_b, A, B, C);
  if (C.size() == 0) return;
  lapack::use_one_thread_per_call();
  const Index inner = trans_a == Trans::Yes ? A.rows() : A.cols();
  cblas_gemm(to_cblas(trans_a), to_cblas(trans_b), lapack::size(C.rows()), lapack::size(C.cols()),
             lapack::size(inner), alpha, A.data(), leading_dimension(A), B.data(),
             leading_dimension(B), beta, C.data(), leading_dimension(C));
}

template <std::floating_point Scalar>
void multiply(ThreadPool& pool, Trans trans_a, Trans trans_b, Scalar alpha,
              std::type_identity_t<ConstView<Scalar>> A, std::type_identity_t<ConstView<Scalar>> B,
              Scalar beta, std::type_identity_t<View<Scalar>> C) {
  check_shapes<Scalar>(trans_a, trans_b, A, B, C);
  const Index across = num_blocks(C.cols(), kTileColumns);
  pool.run(num_blocks(C.rows(), kTileRows) * across, [&](Index tile) {
    const Index row = tile / across * kTileRows, column = tile % across * kTileColumns;
    const Index rows = std::min(kTileRows, C.rows() - row);
    const Index columns = std::min(kTileColumns, C.cols() - column);
    gemm<Scalar>(trans_a, trans_b, alpha, rows_of<Scalar>(trans_a, A, row, rows),
                 columns_of<Scalar>(trans_b, B, column, columns), beta,
                 C.block(row, column, rows, columns));
  });
}

template void gemm<float>(Trans, Trans, float, ConstView<float>, ConstView<float>, float,
                          View<float>);
template void gemm<double>(Trans, Trans, double, ConstView<double>, ConstView<double>, double,
                           View<double>);
template void multiply<float>(ThreadPool&, Trans, Trans, float, ConstView<float>, ConstView<float>,
                              float, View<float>);
template void multiply<double>(ThreadPool&, Trans, Trans, double, ConstView<double>,
                               ConstView<double>, double, View<double>);

}  // namespace twofold
