// Rectangles of the combined tangent kernel: one matrix product, mapped while it is in the cache.
#pragma once

#include "tangent_geometry.hpp"

namespace twofold::theory {

/// Rows and columns of a full tile. Results depend on it in their last bits, on nothing else.
inline constexpr Index kTangentTile = 512;

/// Km = r_W K + r_A Γ of fixed samples. `samples` must outlive it.
template <std::floating_point Scalar>
class TangentTiles {
 public:
  /// @throws InvalidArgument(where, ...)  as tangent_gram.
  TangentTiles(ThreadPool& pool, ConstView<Scalar> samples, const KernelRates& rates,
               std::string_view where);

  [[nodiscard]] Index size() const noexcept { return unit_.rows(); }

  /// tile <- Km(rows row.., columns column..). Entries with |cos θ| > 0.99 in double.
  void fill(Index row, Index column, View<Scalar> tile) const;

 private:
  void repair(Index row, Index column, Index i, const VectorOf<Scalar>& cosines,
              View<Scalar>& tile) const;

  ConstView<Scalar> samples_;
  MatrixOf<Scalar> unit_;
  VectorOf<Scalar> norms_;
  Vector exact_norms_;
  double cosine_factor_, sine_factor_;  // (r_W + r_A)/2π, r_A/2π
};

/// to <- fromᵀ in small blocks, both row-major.
template <std::floating_point Scalar>
void transpose_blocked(const ConstView<Scalar>& from, View<Scalar> to);

}  // namespace twofold::theory
