// Rectangles of the combined tangent kernel: one matrix product, mapped while it is in the cache.
#pragma once

#include "tangent_geometry.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

namespace twofold::theory {

/// Rows and columns of a full tile. Results depend on it in their last bits, on nothing else.
inline constexpr Index kTangentTile = kOperatorRows;

/// Unit rows of fixed samples, for tiles of Km = r_W K + r_A Γ. `samples` must outlive it.
template <std::floating_point Scalar>
class TangentTiles {
 public:
  /// @throws InvalidArgument(where, ...)  as tangent_gram.
  TangentTiles(ThreadPool& pool, ConstView<Scalar> samples, std::string_view where);

  [[nodiscard]] Index size() const noexcept { return unit_.rows(); }

  /// tile <- cos θ(rows row.., columns column..), what all kernels have in common.
  void cosines(Index row, Index column, View<Scalar> tile) const;

  /// In place, from these cosines to Km. Entries with |cos θ| > 0.99 in double.
  void map(Index row, Index column, const KernelRates& rates, View<Scalar> tile) const;

  /// Both. The rates are valid.
  void fill(Index row, Index column, const KernelRates& rates, View<Scalar> tile) const {
    cosines(row, column, tile);
    map(row, column, rates, tile);
  }

 private:
  struct Factors {
    double cosine, sine;  // (r_W + r_A)/2π, r_A/2π
  };
  void repair(Index row, Index column, Index i, const Factors& factors,
              const VectorOf<Scalar>& cosines, View<Scalar>& tile) const;

  ConstView<Scalar> samples_;
  MatrixOf<Scalar> unit_;
  VectorOf<Scalar> norms_;
  Vector exact_norms_;
};

/// to <- fromᵀ in small blocks, both row-major.
template <std::floating_point Scalar>
void transpose_blocked(const ConstView<Scalar>& from, View<Scalar> to);

}  // namespace twofold::theory
