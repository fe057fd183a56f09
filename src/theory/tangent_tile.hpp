// Rectangles of the combined tangent kernel: one matrix product, mapped while it is in the cache.
#pragma once

#include <optional>

#include "tangent_geometry.hpp"
#include "twofold/core/large_memory.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

namespace twofold::theory {

/// Rows and columns of a full tile. Results depend on it in their last bits, on nothing else.
inline constexpr Index kTangentTile = kOperatorRows;

/// Unit rows of fixed samples, for tiles of Km = r_W K + r_A Γ. `samples` must outlive it.
template <std::floating_point Scalar>
class TangentTiles {
 public:
  /// @throws InvalidArgument(where, ...)  as tangent_gram.
  TangentTiles(ThreadPool& pool, ConstView<Scalar> samples, FloatProducts products,
               std::string_view where);

  [[nodiscard]] Index size() const noexcept { return samples_.rows(); }

  /// tile <- cos θ(rows row.., columns column..), what all kernels have in common.
  /// @pre  row and column are multiples of 32.
  void cosines(Index row, Index column, View<Scalar> tile) const;

  /// tile <- Km from these cosines. Entries with |cos θ| > 0.99 in double.
  void map(Index row, Index column, const KernelRates& rates, const ConstView<Scalar>& cosines,
           View<Scalar> tile) const;

  /// Both, but of a tile on the diagonal perhaps not what is above it. The rates are valid.
  void fill(Index row, Index column, const KernelRates& rates, View<Scalar> tile) const;

 private:
  struct Factors {
    double cosine, sine;  // (r_W + r_A)/2π, r_A/2π
  };
  struct Packed {
    SplitOperand left, right;
  };

  [[nodiscard]] Eigen::Map<const MatrixOf<Scalar>> unit() const noexcept {
    return {unit_.data(), samples_.rows(), samples_.cols()};
  }
  void normalise(Index begin, View<Scalar> unit, std::string_view where);
  void repair(Index row, Index column, Index i, const Factors& factors,
              const ConstView<Scalar>& cosines, View<Scalar>& tile) const;
  [[nodiscard]] Index strip_rows() const noexcept;

  ConstView<Scalar> samples_;
  LargeVector<Scalar> unit_;      // n×d, unless
  std::optional<Packed> packed_;  // in two of bfloat16
  VectorOf<Scalar> norms_;
  Vector exact_norms_;
};

}  // namespace twofold::theory
