// Trainable scalar denoisers x̂ = f(u) of the unrolled decoder.
#pragma once

#include <vector>

#include "twofold/data/scalar_prior.hpp"

namespace twofold::decode {

/// Families of odd functions f(u), with their parameters θ in order.
enum class DenoiserFamily {
  Gate,   ///< g u σ(γu² - β), σ(z) = 1/(1 + e⁻ᶻ); θ = g, β, γ
  Tanh,   ///< a u + b tanh(c u); θ = a, b, c
  Table,  ///< piecewise linear, f(0) = 0; θ_j = f(j h), j = 1..K; the last piece goes on for ever
};

/// Knots of a Table: h = range/knots.
struct TableShape {
  int knots = 64;      ///< K >= 1
  double range = 8.0;  ///< > 0, in units of the standard deviation of x
};

struct DenoiserValue {
  double value;  ///< f(u)
  double slope;  ///< f'(u); at a knot of a Table, that of the outer piece
};

/// A denoiser with its parameters; a value type.
struct UnrolledDenoiser {
  DenoiserFamily family = DenoiserFamily::Gate;
  std::vector<double> parameters;
  double spacing = 0.0;  ///< h of a Table; the others have none

  [[nodiscard]] DenoiserValue at(double u) const noexcept;

  /// gradient[i] += weight ∂f(u)/∂θ_i.
  void add_gradient(double u, double weight, double* gradient) const noexcept;
};

/// The posterior mean of the sparse Gaussian prior, which is a gate, given u = x + √τ g, v = 1/p:
///   g = v/(v + τ),  γ = v/(2τ(v + τ)),  β = ln((1 - p)/p) + ½ ln((v + τ)/τ).
/// @param p  in (0, 1]; 1 gives a gate that is open to every digit, β = -40.
/// @param tau  finite and > 0. Throws InvalidArgument otherwise.
/// Source: docs/theory/one_bit_decoders.md#unrolled.
[[nodiscard]] UnrolledDenoiser sparse_gaussian_gate(double p, double tau);

/// The denoiser of a family nearest to the posterior mean of a prior given u = x + √τ g.
///
/// Gate and Tanh: least squares with the density of u as weight, by Levenberg-Marquardt from two
/// starts. A sparse Gaussian prior gives sparse_gaussian_gate. A Table samples the posterior mean.
/// Of a prior that is not symmetric the odd part is taken.
/// @param tau  as for ScalarPrior::posterior.
/// @throws InvalidArgument  if tau or the shape of the table is out of range.
/// Accuracy: a local minimum to 1e-6 of the parameters; it is where training starts.
[[nodiscard]] UnrolledDenoiser fit_denoiser(DenoiserFamily family, const data::ScalarPrior& prior,
                                            double tau, const TableShape& table = {});

/// A start that knows nothing of the prior: 0.7 u σ(0.1 u²), 0.7 u - 0.1 tanh u, or a table of
/// 0.6 u.
[[nodiscard]] UnrolledDenoiser naive_denoiser(DenoiserFamily family, const TableShape& table = {});

}  // namespace twofold::decode
