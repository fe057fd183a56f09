// State evolution: the error of the multi-layer decoder, layer by layer, without simulating it.
#pragma once

#include <vector>

#include "twofold/data/scalar_prior.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/numerics/status.hpp"

namespace twofold::theory {

/// Noise variance of Bᵀy/(c1 r) as an observation of x, B orthogonal (B Bᵀ = I for r <= 1,
/// Bᵀ B = r I for r >= 1): π/(2r) - 1 (r <= 1), (π/2 - 1)/r (r >= 1).
/// @param rate  r = n/d > 0; InvalidArgument otherwise.
[[nodiscard]] double first_layer_noise(double rate);

/// Where the recursion starts.
enum class StateEvolutionStart {
  Uninformative,  ///< x̂ = 0, mse = 1: what a decoder does
  Informative,    ///< x known to variance 1e-6: the best fixed point, reachable or not
};

/// Layers 1..L of GVAMP for an orthogonal encoder in the limit of large d.
///
///   g2 = 1/mse - g1;  vz = min(1/g2, 1) (r <= 1), min(1/(1/mse - h), 1) (r > 1), 1 in layer 1
///   ez = e(vz);  h = 1/ez - 1/vz
///   g1 = g2 r h/(g2 + (1 - r) h) (r <= 1), r h (r > 1);  mse = mmse(1/g1)
///
/// mse is the mean square error per coordinate over the variance; g2 and mse are kept >= 1e-12,
/// which is where perfect recovery ends. Layer 1 is the posterior-mean decoder.
/// @param layers  L >= 1.
/// @throws InvalidArgument  if rate is not in (0, 1e6] or layers < 1.
/// Accuracy: that of mmse, about 1e-9, through at most a few hundred layers.
/// Source: docs/theory/one_bit_decoders.md#state-evolution.
[[nodiscard]] std::vector<model::GvampScalars> state_evolution(
    const data::ScalarPrior& prior, double rate, int layers,
    StateEvolutionStart start = StateEvolutionStart::Uninformative);

struct FixedPointOptions {
  StateEvolutionStart start = StateEvolutionStart::Uninformative;
  double tolerance = 1e-9;  ///< of |mse_t - mse_{t-1}|, > 0
  int max_layers = 2000;    ///< >= 1
};

/// The first layer whose mse moved by less than the tolerance; `iterations` counts layers and
/// `residual` is the last change.
[[nodiscard]] numerics::Solved<model::GvampScalars> state_evolution_fixed_point(
    const data::ScalarPrior& prior, double rate, const FixedPointOptions& options = {});

/// The same layers written with one term of memory, as a network would have it.
///
/// @param layers  from state_evolution at the same rate.
[[nodiscard]] std::vector<model::LayerForm> layer_form(
    const std::vector<model::GvampScalars>& layers, double rate);

}  // namespace twofold::theory
