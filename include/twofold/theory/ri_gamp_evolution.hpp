// State evolution of RI-GAMP: any rotationally invariant encoder, through its free cumulants.
#pragma once

#include <span>
#include <vector>

#include "twofold/data/scalar_prior.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/numerics/status.hpp"

namespace twofold::theory {

struct RiGampOptions {
  int layers = 8;              ///< >= 1
  double least_change = 1e-4;  ///< stop after a layer with |mse_t/mse_{t-1} - 1| below; 0 = never
  double max_condition = 1e7;  ///< stop before a layer whose Ω has a larger condition number
};

/// Coefficients and errors of the layers 1..T of RI-GAMP with full memory and Bayes denoisers.
///
/// `iterations` is the number of layers; `residual` the condition number of the last Ω looked at.
/// Converged: as many layers as asked for, or the error has settled. MaxIterations: stopped by
/// the condition number, the layers before are good. NonFinite: stopped there.
/// @param cumulants  κ_2, κ_4, ...: 2 (layers + 1) of them, or missing ones count as 0; see
///                   model/rectangular_cumulants.hpp. Rows of B have unit norm: κ_2 = 1.
/// @throws InvalidArgument  if rate is not in (0, 1e6], layers < 1, or κ_2 is not 1 (to 1e-9).
/// Accuracy: 1e-6 relative while the condition number stays below 1e5.
/// Source: docs/theory/one_bit_decoders.md#ri-gamp.
[[nodiscard]] numerics::Solved<std::vector<model::RiGampScalars>> ri_gamp_evolution(
    const data::ScalarPrior& prior, double rate, std::span<const double> cumulants,
    const RiGampOptions& options = {});

}  // namespace twofold::theory
