#include "twofold/linalg/symmetric_eigen.hpp"

#include <fmt/core.h>

#include <cassert>
#include <limits>
#include <vector>

#include "lapack.hpp"
#include "orientation.hpp"

namespace twofold {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr Index kLargest = 32'000;  // the work space 2 n^2 + 6 n + 1 must fit 32 bits

// Ascending eigenvalues; with job 'V' the rows of A become the eigenvectors. The lower
// triangle of a row-major matrix is the upper one ('U') of the column-major reading.
int dsyevd(char job, Matrix& A, Vector& values) {
  lapack::use_one_thread_per_call();
  const int n = lapack::size(A.rows());
  int info = 0, int_size = 0, query = -1;
  double size = 0.0;
  lapack::dsyevd_(&job, "U", &n, A.data(), &n, values.data(), &size, &query, &int_size, &query,
                  &info, 1, 1);
  assert(info == 0);
  const int work_size = static_cast<int>(size);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> int_work(static_cast<std::size_t>(int_size));
  lapack::dsyevd_(&job, "U", &n, A.data(), &n, values.data(), work.data(), &work_size,
                  int_work.data(), &int_size, &info, 1, 1);
  assert(info >= 0);
  return info;
}

SymmetricEigen decompose(char job, Matrix A) {
  const Index n = A.rows();
  require(A.cols() == n && n <= kLargest, "linalg::symmetric_eigen",
          fmt::format("A must be square with at most {} rows, got {}x{}", kLargest, n, A.cols()));
  const bool with_vectors = job == 'V';
  SymmetricEigen result{
      Vector::Constant(n, kNaN), with_vectors ? Matrix::Constant(n, n, kNaN) : Matrix(), {}};
  if (n == 0) return result;
  if (!A.allFinite()) {
    result.status = SolveStatus::NonFinite;
    return result;
  }
  Vector ascending(n);
  if (dsyevd(job, A, ascending) > 0) {
    result.status = SolveStatus::MaxIterations;
    return result;
  }
  result.values = ascending.reverse();
  if (with_vectors) {
    result.vectors = A.colwise().reverse().transpose();
    for (Index k = 0; k < n; ++k) {
      result.vectors.col(k) *= orientation(result.vectors.col(k));
    }
  }
  return result;
}

}  // namespace

SymmetricEigen symmetric_eigen(Matrix A) {
  return decompose('V', std::move(A));
}

SymmetricEigen symmetric_eigenvalues(Matrix A) {
  return decompose('N', std::move(A));
}

}  // namespace twofold
