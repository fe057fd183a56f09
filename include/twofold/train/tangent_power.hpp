// The largest eigenvalue of the tangent kernel of a finite network.
#pragma once

#include <type_traits>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::train {

/// Weights of the two parts of the kernel, >= 0, not both 0: the step sizes of the two factors
/// relative to each other, 0 for one that is not trained. Tied weights take `encoder`.
struct FactorRates {
  double encoder = 1, decoder = 1;
};

struct [[nodiscard]] TangentPower {
  double eigenvalue = 0;  ///< λ_max, from below; 0 if the kernel is zero; NaN if not finite
  int iterations = 0;
  bool converged = false;
};

/// λ_max of the nd×nd tangent kernel at these weights, by power iteration on
///
///   V -> r_B J_B J_Bᵀ V + r_A J_A J_Aᵀ V,
///
/// J the derivative of X̂ (n×d) by the weights, with relu' = 1(z > 0):
///   J_Bᵀ V = scale [(A Vᵀ)∘D] X,  J_Aᵀ V = scale H V,  D = 1(BXᵀ > 0),  H = max(BXᵀ, 0),
///   J_B dB = scale [D∘(dB Xᵀ)]ᵀ A,  J_A dA = scale Hᵀ dA.
/// Tied weights: Jᵀ is the sum of the two, and so is J. Gradient descent with steps η r_B, η r_A on
/// L = ½‖X - X̂‖²_F is stable in its linear phase for η < 2/λ_max (docs/theory/tangent_kernel.md).
///
/// @param X  n×d, one sample per row.
/// @throws InvalidArgument  if shapes disagree, there is a bias, or a rate is outside its domain.
/// Accuracy: stops when an iteration changes the Rayleigh quotient by less than 1e-4 of it; what is
/// missing to λ_max is then of that order, and the quotient never exceeds it but for rounding.
/// Cost 14 nNd flops an iteration. Bitwise the same for any pool size.
template <std::floating_point Scalar>
TangentPower tangent_power(std::type_identity_t<ConstView<Scalar>> X,
                           const model::Weights<Scalar>& weights, FactorRates rates,
                           ThreadPool& pool);

}  // namespace twofold::train
