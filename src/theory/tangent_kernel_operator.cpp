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

namespace {

// What one tile T of tile row r adds: T in_c to rows r, and below the diagonal Tᵀ in_r to rows c.
template <typename Scalar>
class TileProduct {
 public:
  TileProduct(const TangentTiles<Scalar>& tiles, const std::vector<KernelRates>& rates,
              const ConstView<double>& in)
      : tiles_(tiles), rates_(rates), in_(in), width_(in.cols() / std::ssize(rates)) {}

  void add(Index row, Index column, View<double> to_row, View<double> to_column) const {
    MatrixOf<Scalar> cosines(to_row.rows(), to_column.rows());
    MatrixOf<Scalar> tile(cosines.rows(), cosines.cols());
    tiles_.cosines(row, column, cosines);
    // As in the stored kernel, so that the operator is symmetric to the bit.
    if (row == column)
      cosines.template triangularView<Eigen::StrictlyUpper>() = cosines.transpose();
    for (std::size_t k = 0; k < rates_.size(); ++k) {
      tiles_.map(row, column, rates_[k], cosines, tile);
      const Matrix kernel = tile.template cast<double>();
      const Index first = static_cast<Index>(k) * width_;
      gemm(Trans::No, Trans::No, 1.0, kernel, inputs(column, tile.cols(), first), 0.0,
           to_row.middleCols(first, width_));
      if (row == column) continue;
      gemm(Trans::Yes, Trans::No, 1.0, kernel, inputs(row, tile.rows(), first), 1.0,
           to_column.middleCols(first, width_));
    }
  }

 private:
  [[nodiscard]] ConstView<double> inputs(Index begin, Index count, Index first) const {
    return in_.block(begin, first, count, width_);
  }

  const TangentTiles<Scalar>& tiles_;
  const std::vector<KernelRates>& rates_;
  const ConstView<double>& in_;
  Index width_;
};

}  // namespace

template <std::floating_point Scalar>
SymmetricOperator tangent_operator(ThreadPool& pool, const MatrixOf<Scalar>& X,
                                   const std::vector<KernelRates>& rates,
                                   const std::function<void()>& between, FloatProducts products) {
  static constexpr auto where = "theory::tangent_operator";
  require(!rates.empty(), where, "no kernel is named");
  for (const KernelRates& r : rates) check_rates(r, where);
  const auto tiles = std::make_shared<TangentTiles<Scalar>>(pool, X, products, where);
  return [&pool, tiles, rates, between](const ConstView<double>& in, View<double> out) {
    const Index n = tiles->size();
    check_product(n, in, out);
    require(in.cols() % std::ssize(rates) == 0, where,
            fmt::format("{} columns for {} kernels", in.cols(), rates.size()));
    const TileProduct<Scalar> product(*tiles, rates, in);
    std::vector<Matrix> parts(static_cast<std::size_t>(num_blocks(n, kTangentTile)));
    out.setZero();
    // Tile rows one after the other and their tiles side by side: each sum has its fixed order.
    for (Index row = 0; row < n; row += kTangentTile) {
      if (between) between();
      const Index rows = std::min(kTangentTile, n - row);
      parallel_for(pool, row + rows, kTangentTile, [&](Index begin, Index end) {
        Matrix& part = parts[static_cast<std::size_t>(begin / kTangentTile)];
        part.resize(rows, in.cols());
        product.add(row, begin, part, out.middleRows(begin, end - begin));
      });
      for (Index k = 0; k <= row / kTangentTile; ++k) {
        out.middleRows(row, rows) += parts[static_cast<std::size_t>(k)];
      }
    }
  };
}

template SymmetricOperator matrix_operator<float>(ThreadPool&, const MatrixOf<float>&);
template SymmetricOperator matrix_operator<double>(ThreadPool&, const MatrixOf<double>&);
template SymmetricOperator tangent_operator<float>(ThreadPool&, const MatrixOf<float>&,
                                                   const std::vector<KernelRates>&,
                                                   const std::function<void()>&, FloatProducts);
template SymmetricOperator tangent_operator<double>(ThreadPool&, const MatrixOf<double>&,
                                                    const std::vector<KernelRates>&,
                                                    const std::function<void()>&, FloatProducts);

}  // namespace twofold::theory
