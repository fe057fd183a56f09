// One layer of GVAMP's state evolution, whatever its denoiser.
#pragma once

#include <algorithm>

#include "twofold/model/decoder_scalars.hpp"
#include "twofold/model/sign_channel.hpp"

namespace twofold::theory {

/// mse and g2 are kept above this, which is where perfect recovery ends.
constexpr double kLeastError = 1e-12;

/// 1/mse - g1, the precision the prior adds.
[[nodiscard]] inline double extrinsic_precision(const model::GvampScalars& layer) {
  return std::max(1.0 / layer.mse - layer.g1, kLeastError);
}

/// 1/mse - h, the precision of the belief about z for r > 1.
[[nodiscard]] inline double belief_precision(const model::GvampScalars& layer) {
  return std::max(1.0 / layer.mse - layer.h, kLeastError);
}

/// The layer after `previous` up to tau; mse is left to the denoiser.
[[nodiscard]] inline model::GvampScalars observe(double rate, const model::GvampScalars& previous) {
  const double g2 = extrinsic_precision(previous);
  const double gz = rate <= 1.0 ? g2 : belief_precision(previous);
  model::GvampScalars layer{};
  layer.vz = std::min(1.0 / gz, 1.0);
  // h = 1/ez - 1/vz = drop/(ez vz), without the cancellation of a bit that says little.
  const double drop = model::sign_variance_drop(layer.vz);
  layer.ez = layer.vz - drop;
  layer.h = drop / (layer.ez * layer.vz);
  layer.g1 = rate <= 1.0 ? g2 * rate * layer.h / (g2 + (1.0 - rate) * layer.h) : rate * layer.h;
  layer.tau = std::min(1.0 / layer.g1, 1e12);
  return layer;
}

}  // namespace twofold::theory
