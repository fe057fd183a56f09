// The tangent kernel of one network of finite width, never formed unless it is small.
#pragma once

#include <vector>

#include "twofold/linalg/symmetric_operator.hpp"
#include "twofold/model/weights.hpp"
#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {

/// H = r_W J_W J_Wᵀ + r_A J_A J_Aᵀ, nd×nd, J the Jacobian of the stacked outputs with respect to
/// the encoder and the decoder of a ReLU network at given weights; index i·d + coordinate. With s =
/// scale, D_ri = 1[w_r·x_i >= 0], Φ = φ(XWᵀ), block (i, j) is
///   s² [ r_W (x_i·x_j) Σ_r D_ri D_rj a_r a_rᵀ + r_A (Σ_r Φ_ir Φ_jr) I ]
/// and, for a tied network (one matrix in both roles), s² Σ_r J_ri J_rjᵀ with
/// J_ri = Φ_ir I + D_ri w_r x_iᵀ. For N → ∞, s = 1/√(Nd): Θ ⊗ I_d, Θ = Km/d; tied: tied_kernel.
class EmpiricalKernel {
 public:
  /// @param weights  ReLU network without bias, tied or not.  @param X  n×d.
  /// @param rates    tied networks have one rate: both must be equal.
  /// The pool must outlive the kernel. Memory 3 nN + 2 Nd doubles and a copy of the weights.
  /// @throws InvalidArgument  if shapes disagree, there is a bias, X or a weight is not finite, or
  ///                          the rates are invalid.
  EmpiricalKernel(ThreadPool& pool, model::Weights<double> weights, const ConstView<double>& X,
                  const KernelRates& rates);

  [[nodiscard]] Index samples() const noexcept { return samples_.rows(); }
  [[nodiscard]] Index dimension() const noexcept { return samples_.cols(); }

  /// H V for V (n×d, one sample a row): Jᵀ, then J. 12 ndN flops; bitwise the same for any pool.
  /// @throws InvalidArgument  if V has another shape.
  [[nodiscard]] Matrix apply(const ConstView<double>& V) const;

  /// The outputs of the network, n×d; E_0 = X − output().
  [[nodiscard]] Matrix output() const;

  /// H as an operator on nd×q matrices, for extreme_eigenvalues and conjugate_gradient; it refers
  /// to this object.
  [[nodiscard]] SymmetricOperator stacked() const;

  /// λ_max and λ_min of H by Lanczos.
  ExtremeEigenvalues extremes(const LanczosOptions& options = {}) const;

  /// H itself. n² d² N/2 multiplications.
  /// @param allowed_bytes  of memory for the result.
  /// @throws InvalidArgument  if it needs more; the message says how much.
  [[nodiscard]] Matrix dense(double allowed_bytes = 1e9) const;

 private:
  [[nodiscard]] Matrix block(Index i, Index j) const;

  ThreadPool* pool_;
  model::Weights<double> weights_;
  KernelRates rates_;
  Matrix samples_;
  Matrix active_;  // D, n×N
  Matrix codes_;   // Φ, n×N
};

/// The linearised training of one network: losses ½‖E_t‖² of E_{t+1} = E_t − ηHE_t.
struct LinearisedRun {
  std::vector<double> losses;  ///< t = 0 ... steps
  Matrix residual;             ///< E at the end, n×d
};

/// @param E_0  n×d, for example X − output().  @param step  η > 0.  @param steps  >= 0.
/// @throws InvalidArgument  if a number is outside its range or E_0 has another shape.
[[nodiscard]] LinearisedRun linearised_run(const EmpiricalKernel& kernel,
                                           const ConstView<double>& E_0, double step, Index steps);

}  // namespace twofold::theory
