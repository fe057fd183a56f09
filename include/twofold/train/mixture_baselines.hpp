// Lloyd's algorithm and expectation maximisation, baselines for mixtures of Gaussians.
#pragma once

#include <cstdint>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold::train {

/// A mixture Σ_j weight_j N(mean_j, diag(variance_j)).
struct [[nodiscard]] MixtureFit {
  Matrix means;      ///< m×d, one component a row
  Vector weights;    ///< m, sum 1
  Matrix variances;  ///< m×d
  /// Converged: the last iteration moved no mean by more than 1e-9 of the data's deviation per
  /// coordinate. Diverged: no fit was found; the means are those of the start.
  SolveStatus status = SolveStatus::MaxIterations;
};

/// Lloyd's algorithm (k-means): each sample to its nearest mean, each mean to the average of its
/// samples. Weights and variances are those of the final clusters; an empty cluster, refilled from
/// the last sample of another while iterating, has weight 0.
///
/// @param X           N×d, N >= m, finite.
/// @param start       m×d means, finite.
/// @param iterations  >= 0, fewer if nothing moves.
/// @throws InvalidArgument  if shapes or values are outside their domain.
/// Cost 3Nmd flops an iteration, on the calling thread. By arma::kmeans (Sanderson and Curtin,
/// JOSS 1 (2016) 26).
MixtureFit lloyd(const ConstView<double>& X, const Matrix& start, std::int64_t iterations);

/// Expectation maximisation for diagonal covariances, from equal weights and one variance, the mean
/// square of a coordinate of x − (nearest mean). Variances stay above 1e-9 of that.
///
/// Parameters, errors as for lloyd. Cost about 10Nmd flops an iteration, on the calling thread.
/// By arma::gmm_diag (Sanderson and Curtin, JOSS 2 (2017) 365).
MixtureFit expectation_maximisation(const ConstView<double>& X, const Matrix& start,
                                    std::int64_t iterations);

}  // namespace twofold::train
