// Numbers a multi-layer decoder runs on when they are known before any code is seen.
#pragma once

#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::model {

/// One layer of GVAMP; everything relative to unit variance of the coordinates of x.
struct GvampScalars {
  double vz;   ///< variance of z before its bit is used
  double ez;   ///< and after: E Var(z|p1, y)
  double h;    ///< 1/ez - 1/vz
  double g1;   ///< precision of the scalar channel the denoiser sees
  double tau;  ///< 1/g1
  double mse;  ///< mmse(tau)
};

/// One layer of GVAMP written with one term of memory, as a network would have it.
///
/// r <= 1:  m  <- c (B x̂ - alpha s) - q m,   s = y √v λ(y m/√v)
///          xb <- w Bᵀ s + b x̂ - q xb,       x̂ = f(xb; tau)
/// r > 1:   the same m and s;  xb = (1/r) Bᵀ(m + w s),  b = 0.
/// Here s = ẑ - m. First layer: m = 0 and xb = w Bᵀ s (r <= 1); c = alpha = q = b = 0.
struct LayerForm {
  double c, alpha, q, v, w, b, tau;
};

/// One layer t of RI-GAMP with full memory.
///
///   x^t = Bᵀ s^t - Σ_{i<t} beta_i x̂^i,    x̂^t = f(Σ_{i<=t} weights_i x^i; tau)
///   r^t = B x̂^t - Σ_{i<=t} alpha_i s^i,   m = Σ_{i<=t} mixing_i r^i
///   s^{t+1} = y √v λ(y m/√v)
struct RiGampScalars {
  Vector beta;     ///< t - 1
  Vector weights;  ///< t
  double tau;      ///< noise variance of Σ weights_i x^i as an observation of x
  Vector alpha;    ///< t
  Vector mixing;   ///< t
  double v;        ///< variance of z given m
  double ez;       ///< E Var(z|m, y)
  double mse;      ///< mmse(tau)
};

}  // namespace twofold::model
