#include "twofold/linalg/svd.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <vector>

#include "lapack.hpp"
#include "orientation.hpp"

namespace twofold {
namespace {

// LAPACK reads the row-major A (m×n) as Aᵀ = V diag(values) Uᵀ: its left vectors are our V
// (by columns), its right ones are our Uᵀ by columns, which is U by rows.
int dgesdd(Matrix& A, Vector& values, lapack::ColumnMajor& V, Matrix& U) {
  lapack::use_one_thread_per_call();
  const int m = lapack::size(A.rows()), n = lapack::size(A.cols()), k = lapack::size(values.size());
  std::vector<int> int_work(8 * static_cast<std::size_t>(k));
  int info = 0, query = -1;
  double size = 0.0;
  lapack::dgesdd_("S", &n, &m, A.data(), &n, values.data(), V.data(), &n, U.data(), &k, &size,
                  &query, int_work.data(), &info, 1);
  assert(info == 0);
  const int work_size = static_cast<int>(size);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  lapack::dgesdd_("S", &n, &m, A.data(), &n, values.data(), V.data(), &n, U.data(), &k, work.data(),
                  &work_size, int_work.data(), &info, 1);
  assert(info >= 0);
  return info;
}

}  // namespace

Svd svd(const ConstView<double>& A) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const Index m = A.rows(), n = A.cols(), k = std::min(m, n);
  Svd result{
      Matrix::Constant(m, k, kNaN), Vector::Constant(k, kNaN), Matrix::Constant(n, k, kNaN), {}};
  if (k == 0) return result;
  if (!A.allFinite()) {
    result.status = SolveStatus::NonFinite;
    return result;
  }
  Matrix work = A, u(m, k);
  lapack::ColumnMajor v(n, k);
  Vector values(k);
  if (dgesdd(work, values, v, u) > 0) {
    result.status = SolveStatus::MaxIterations;
    return result;
  }
  Vector signs(k);
  for (Index j = 0; j < k; ++j) signs[j] = orientation(v.col(j));
  result.values = values;
  result.u = u * signs.asDiagonal();
  result.v = v * signs.asDiagonal();
  return result;
}

}  // namespace twofold
