// Rectangular free cumulants: how the spectrum of B enters a message-passing decoder.
#pragma once

#include <span>
#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::model {

/// κ_2, κ_4, ..., κ_{2K} of a rotationally invariant n×d matrix B, normalised by its rows.
///
/// From m_k = (1/n) tr(B Bᵀ)^k, k = 1..K, through M(z) = C(z (r M(z) + 1)(M(z) + 1)), where
/// M(z) = Σ m_k z^k, C(w) = Σ κ_{2k} w^k and r = n/d, solved order by order.
/// @param moments  m_1..m_K, finite, K >= 1.
/// @param rate     r > 0.
/// @throws InvalidArgument  otherwise.
/// Accuracy: the cumulants of high order are small differences of large moments; about
/// K^2 4^K eps relative to m_K.
/// Source: docs/theory/one_bit_decoders.md#ri-gamp.
[[nodiscard]] std::vector<double> rectangular_cumulants(std::span<const double> moments,
                                                        double rate);

/// κ_{2k} = (-min(r,1))^{k-1} Catalan(k-1): B Bᵀ = I (r <= 1) or Bᵀ B = r I (r >= 1).
[[nodiscard]] std::vector<double> orthogonal_cumulants(double rate, int count);

/// 1, 0, 0, ...: independent Gaussian entries of variance 1/d.
[[nodiscard]] std::vector<double> gaussian_cumulants(int count);

/// State matrices of RI-GAMP, index 0 = truth, (t+1)×(t+1); Psi and Phi are strictly lower in
/// effect, so the powers below end.
struct RiGampState {
  Matrix psi;    ///< Psi[t,i] = E ∂x̂^t/∂x^i
  Matrix phi;    ///< Phi[t,i] = E ∂s^t/∂r^{i}; Phi[t,0] with respect to z
  Matrix gamma;  ///< Gamma[t,i] = E x̂^t x̂^i
  Matrix delta;  ///< Delta[t,i] = E s^t s^i
};

/// r Σ_j κ_{2(j+1)} Φ (Ψ Φ)^j: its row t holds μ_t (column 0) and β_{t,i}.
[[nodiscard]] Matrix backward_memory(std::span<const double> cumulants, double rate,
                                     const RiGampState& state);

/// Σ_j κ_{2(j+1)} Ψ (Φ Ψ)^j: its row t holds α_{t,i}.
[[nodiscard]] Matrix forward_memory(std::span<const double> cumulants, const RiGampState& state);

/// Ω = r Σ_j κ_{2(j+1)} [Σ_{i<=j} Q^i Δ Q'^{j-i} + Σ_{i<j} Q^i Φ Γ Φ' Q'^{j-1-i}], Q = Φ Ψ:
/// covariance of the noise of x^1..x^t.
[[nodiscard]] Matrix backward_covariance(std::span<const double> cumulants, double rate,
                                         const RiGampState& state);

/// Σ = Σ_j κ_{2(j+1)} [Σ_{i<=j} S^i Γ S'^{j-i} + Σ_{i<j} S^i Ψ Δ Ψ' S'^{j-1-i}], S = Ψ Φ:
/// covariance of z, r^1..r^t.
[[nodiscard]] Matrix forward_covariance(std::span<const double> cumulants,
                                        const RiGampState& state);

}  // namespace twofold::model
