// When a sign encoder should look along the axes of the data, and when a rotation gives it up.
#pragma once

#include "twofold/data/scalar_prior.hpp"

// Data with iid coordinates of a symmetric law, E x² = 1. Two thresholds, two questions:
//   critical_sparsity:   above which p is reading the axes themselves (B = I) better than any
//                        rotation-like encoder? A comparison of two fixed encoders.
//   stability_sparsity:  above which p does an encoder that starts as a random rotation gain by
//                        turning towards the axes at all? What gradient descent feels.
// The second is lower for sub-Gaussian slabs: in between, training leaves the rotation although the
// exact identity would be worse. Source  docs/theory/one_bit.md#transition.
namespace twofold::theory {

/// Loss of B = rows of a permutation with the best linear decoder, sign(0) = ±1 by a fair coin:
///   R_Id = 1 − r (E|x|)².
/// @param rate  r = n/d in (0, 1].  Source  docs/theory/one_bit.md#identity.
[[nodiscard]] double identity_limit(const data::ScalarPrior& prior, double rate);

/// p_c = (2/π)/(E|u|)², u = √p x of the slab: B = I beats a rotation if and only if p > p_c.
/// Above 1 it never does. Meant for the sparse families, where the law of u does not depend on p.
[[nodiscard]] double critical_sparsity(const data::ScalarPrior& prior);

/// p_s = E u⁴/3: at p > p_s, that is E x⁴ < 3, a random rotation is unstable. At least 1 if it is
/// stable at every p.
[[nodiscard]] double stability_sparsity(const data::ScalarPrior& prior);

/// Whether E x⁴ >= 3: a random rotation is stable.
[[nodiscard]] bool rotation_is_stable(const data::ScalarPrior& prior);

/// B = cos θ I + sin θ W at r = 1, W antisymmetric, orthogonal and dense.
struct TiltedRotation {
  double angle;   ///< θ in [0, π/2]; π/2 is a rotation, 0 the limit of B → I
  double axis;    ///< a = E[x (2Φ(kx) − 1)], k = cot θ
  double others;  ///< b = 2 E φ(kx)
  double loss;    ///< R = 1 − a² − b²
};

/// One member of the family. At θ = 0 it is the limit 1 − (E|x|)² − (2/π) P(x = 0)², which is below
/// identity_limit if x has an atom at 0: there the bit follows the other coordinates.
/// Accuracy: 1e-9; for 0 < θ < 1e-6 the limit is returned, off by at most the density of x at 0
/// times 1e-6.  @param angle  in [0, π/2].
/// Source  docs/theory/one_bit.md#transition.
[[nodiscard]] TiltedRotation tilted_rotation(const data::ScalarPrior& prior, double angle);

/// The member of least loss: grid of 48 angles, then Brent's method beside the best one.
/// Accuracy: 1e-9 in the loss, 1e-4 in the angle where the minimum is not flat.
/// Cost: about 80 members, each a ScalarChannel::mean.
[[nodiscard]] TiltedRotation best_tilted_rotation(const data::ScalarPrior& prior);

}  // namespace twofold::theory
