// The best linear decoder of given moments, for the training of sign encoders.
#pragma once

#include <Eigen/Cholesky>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::train {

/// Aᵀ = (K + ridge I)⁻¹ Cᵀ and M = AᵀA; keeps its memory from one fit to the next.
class DecoderFit {
 public:
  /// Multiplying all arguments by a number changes nothing.
  /// @param gram   K, n×n; its lower triangle is read.
  /// @param cross  Cᵀ, n×d.
  /// @return       false if K + ridge I is not positive definite, or a number is not finite.
  [[nodiscard]] bool fit(const Matrix& gram, const Matrix& cross, double ridge, ThreadPool& pool);

  [[nodiscard]] const Matrix& rows() const noexcept { return rows_; }        ///< Aᵀ, n×d
  [[nodiscard]] const Matrix& overlap() const noexcept { return overlap_; }  ///< AᵀA, n×n

 private:
  Eigen::LLT<Matrix> factor_;
  Matrix ridged_, rows_, overlap_;
};

}  // namespace twofold::train
