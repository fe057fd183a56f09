#include "twofold/linalg/qr.hpp"

#include <fmt/core.h>

#include <cassert>
#include <limits>
#include <vector>

#include "lapack.hpp"

namespace twofold {
namespace {

// A becomes R (upper triangle) and Householder vectors (below); the scales are returned.
Vector factorise(lapack::ColumnMajor& A) {
  lapack::use_one_thread_per_call();
  const int m = lapack::size(A.rows()), n = lapack::size(A.cols()), query = -1;
  Vector scales(A.cols());
  int info = 0;
  double size = 0.0;
  lapack::dgeqrf_(&m, &n, A.data(), &m, scales.data(), &size, &query, &info);
  assert(info == 0);
  const int work_size = static_cast<int>(size);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  lapack::dgeqrf_(&m, &n, A.data(), &m, scales.data(), work.data(), &work_size, &info);
  assert(info == 0);
  return scales;
}

// Householder vectors become the first n columns of their product.
void form_q(lapack::ColumnMajor& A, const Vector& scales) {
  const int m = lapack::size(A.rows()), n = lapack::size(A.cols()), query = -1;
  int info = 0;
  double size = 0.0;
  lapack::dorgqr_(&m, &n, &n, A.data(), &m, scales.data(), &size, &query, &info);
  assert(info == 0);
  const int work_size = static_cast<int>(size);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  lapack::dorgqr_(&m, &n, &n, A.data(), &m, scales.data(), work.data(), &work_size, &info);
  assert(info == 0);
}

}  // namespace

ThinQr thin_qr(const ConstView<double>& A) {
  const Index m = A.rows(), n = A.cols();
  require(m >= n, "linalg::thin_qr", fmt::format("A must have rows >= columns, got {}x{}", m, n));
  if (n == 0) return {Matrix(m, 0), Matrix(0, 0)};
  if (!A.allFinite()) {
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    return {Matrix::Constant(m, n, kNaN), Matrix::Constant(n, n, kNaN)};
  }
  lapack::ColumnMajor work = A;
  const Vector scales = factorise(work);
  Matrix r = work.topRows(n).triangularView<Eigen::Upper>();
  form_q(work, scales);
  const Vector signs = r.diagonal().unaryExpr([](double x) { return x < 0.0 ? -1.0 : 1.0; });
  r = signs.asDiagonal() * r;
  return {work * signs.asDiagonal(), std::move(r)};
}

Matrix thin_q(const ConstView<double>& A) {
  return thin_qr(A).q;
}

}  // namespace twofold
