#include <fmt/format.h>

#include "tangent_tile.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

namespace twofold::theory {
namespace {

constexpr Index kRowBlock = 64;  // rows of a stored matrix in double at a time

// out <- rows · in. A single column goes without the packing of a matrix product.
void multiply_rows(const ConstView<double>& rows, const ConstView<double>& in, View<double> out) {
  if (in.cols() == 1) {
    const Vector column = in.col(0);
    for (Index i = 0; i < rows.rows(); ++i) out(i, 0) = rows.row(i).dot(column);
    return;
  }
  gemm(Trans::No, Trans::No, 1.0, rows, in, 0.0, out);
}

void check_product(Index n, const ConstView<double>& in, const View<double>& out) {
  require(in.rows() == n && out.rows() == n && in.cols() == out.cols(), "theory::operator",
          fmt::format("the operator has {} rows, in {}x{}, out {}x{}", n, in.rows(), in.cols(),
                      out.rows(), out.cols()));
}

}  // namespace

template <std::floating_point Scalar>
SymmetricOperator matrix_operator(ThreadPool& pool, const MatrixOf<Scalar>& matrix) {
  require(matrix.rows() == matrix.cols(), "theory::matrix_operator",
          fmt::format("the matrix is {}x{}", matrix.rows(), matrix.cols()));
  return [&pool, &matrix](const ConstView<double>& in, View<double> out) {
    check_product(matrix.rows(), in, out);
    parallel_for(pool, matrix.rows(), kRowBlock, [&](Index begin, Index end) {
      const Matrix rows = matrix.middleRows(begin, end - begin).template cast<double>();
      multiply_rows(rows, in, out.middleRows(begin, end - begin));
    });
  };
}

SymmetricOperator source_operator(ThreadPool& pool, std::shared_ptr<const data::Source> matrix) {
  const Index n = matrix->dimension();
  require(matrix->size() == static_cast<std::uint64_t>(n), "theory::source_operator",
          fmt::format("the matrix has {} rows and {} columns", matrix->size(), n));
  return [&pool, matrix, n](const ConstView<double>& in, View<double> out) {
    check_product(n, in, out);
    parallel_for(pool, n, kRowBlock, [&](Index begin, Index end) {
      Matrix rows(end - begin, n);
      matrix->read(static_cast<std::uint64_t>(begin), rows);
      multiply_rows(rows, in, out.middleRows(begin, end - begin));
    });
  };
}

template <std::floating_point Scalar>
SymmetricOperator tangent_operator(ThreadPool& pool, const MatrixOf<Scalar>& X,
                                   const KernelRates& rates) {
  const auto tiles =
      std::make_shared<TangentTiles<Scalar>>(pool, X, rates, "theory::tangent_operator");
  return [&pool, tiles](const ConstView<double>& in, View<double> out) {
    const Index n = tiles->size();
    check_product(n, in, out);
    parallel_for(pool, n, kTangentTile, [&](Index begin, Index end) {
      Matrix sum = Matrix::Zero(end - begin, in.cols()), part(end - begin, in.cols());
      for (Index column = 0; column < n; column += kTangentTile) {
        MatrixOf<Scalar> tile(end - begin, std::min(kTangentTile, n - column));
        tiles->fill(begin, column, tile);
        multiply_rows(tile.template cast<double>(), in.middleRows(column, tile.cols()), part);
        sum += part;
      }
      out.middleRows(begin, end - begin) = sum;
    });
  };
}

template SymmetricOperator matrix_operator<float>(ThreadPool&, const MatrixOf<float>&);
template SymmetricOperator matrix_operator<double>(ThreadPool&, const MatrixOf<double>&);
template SymmetricOperator tangent_operator<float>(ThreadPool&, const MatrixOf<float>&,
                                                   const KernelRates&);
template SymmetricOperator tangent_operator<double>(ThreadPool&, const MatrixOf<double>&,
                                                    const KernelRates&);

}  // namespace twofold::theory
