// RI-GAMP: message passing with full memory for any rotationally invariant encoder.
#pragma once

#include <span>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::decode {

/// Runs the layers, s^1 = y, on coefficients known in advance; see model/decoder_scalars.hpp.
///
/// @param Y       k×n of ±1.
/// @param layers  at least one; entry t - 1 has t - 1 betas, t weights, alphas, mixings.
/// @returns x̂^T, k×d, relative to unit variance per coordinate.
/// @throws InvalidArgument  if shapes disagree.
/// The same bits for any pool size. Memory: T (2 d + 2 n) k numbers.
/// Source: docs/theory/one_bit_decoders.md#ri-gamp.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> ri_gamp(ThreadPool& pool,
                                       const ops::EncoderOperator<Scalar>& encoder,
                                       const data::ScalarPrior& prior,
                                       std::type_identity_t<ConstView<Scalar>> Y,
                                       std::span<const model::RiGampScalars> layers);

struct EmpiricalRiGampOptions {
  int layers = 5;              ///< >= 1
  double max_condition = 1e7;  ///< stop before a layer whose Ω has a larger condition number
};

template <std::floating_point Scalar>
struct [[nodiscard]] EmpiricalRiGamp {
  MatrixOf<Scalar> estimate;  ///< k×d
  double variance = 1.0;      ///< its estimated mean square error per coordinate
  int layers = 0;             ///< layers made
  /// Converged: all of them. MaxIterations: stopped by the condition number. NonFinite.
  SolveStatus status = SolveStatus::Converged;
};

/// The same with coefficients from averages over the codes at hand instead of the state evolution.
///
/// Γ_ij = <x̂^i, x̂^j>/d, Δ_ij = <s^i, s^j>/n, mmse and e(v) by mean posterior variances; averages
/// run over all vectors of the batch, which therefore should be alike (norm stored).
/// @param cumulants  κ_2, κ_4, ... of the encoder, κ_2 = 1; at least one.
template <std::floating_point Scalar>
EmpiricalRiGamp<Scalar> empirical_ri_gamp(ThreadPool& pool,
                                          const ops::EncoderOperator<Scalar>& encoder,
                                          const data::ScalarPrior& prior,
                                          std::type_identity_t<ConstView<Scalar>> Y,
                                          std::span<const double> cumulants,
                                          const EmpiricalRiGampOptions& options = {});

}  // namespace twofold::decode
