// The sign channel: what one bit y = sign(z) says about a Gaussian z.
#pragma once

namespace twofold::model {

/// v - e(v) = 2 v E[φ(k)²/Φ(k)], k ~ N(0, (1 - v)/v): what a bit takes off the variance of z.
///
/// z ~ N(0,1) is believed N(m, v), m ~ N(0, 1 - v), before its sign is seen; e(v) = E Var(z|m,y).
/// What one given bit says is numerics/positive_normal.hpp.
/// @param v  in (0, 1]. Throws InvalidArgument otherwise.
/// Accuracy: 1e-14 relative. v = 1 gives 2/π.
/// Source: docs/theory/one_bit_decoders.md#sign-channel.
[[nodiscard]] double sign_variance_drop(double v);

/// e(v) = v - sign_variance_drop(v), the mean posterior variance; 1e-14 relative.
[[nodiscard]] double sign_posterior_variance(double v);

/// H(b) = -2 E[Φ(k) ln Φ(k)], k ~ N(0, b - 1): entropy of y given m, in nats, in (0, ln 2].
///
/// @param b  1/v, >= 1 and finite. Throws InvalidArgument otherwise.
/// Accuracy: 1e-14 relative; falls like 1/√b.
[[nodiscard]] double sign_entropy(double b);

}  // namespace twofold::model
