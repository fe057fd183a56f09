#include "twofold/theory/mean_field_population.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "checks.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

using std::numbers::pi;
constexpr Index kBlock = 64;  // neurons per block; part of the result's definition
const double kRoot2OverPi = std::sqrt(2.0 / pi);

/// K(a, b) and its derivative ∂_a K = own S a + other S b.
struct Kernel {
  double value, own, other;
};

/// Arc-cosine kernel from a·b = aᵀSb and the norms n² = aᵀSa.
Kernel relu_kernel(double product, double norm_a, double norm_b, bool same) {
  const double norms = norm_a * norm_b;
  if (norms == 0.0) return {0.0, 0.0, 0.0};
  const double cosine = same ? 1.0 : std::clamp(product / norms, -1.0, 1.0);
  const double sine = std::sqrt(std::max(0.0, 1.0 - cosine * cosine));
  const double open = (pi - std::acos(cosine)) / (2.0 * pi);
  return {norms * (sine / (2.0 * pi) + open * cosine), sine * norm_b / (2.0 * pi * norm_a), open};
}

/// Arcsine kernel of erf(u/√2).
Kernel erf_kernel(double product, double variance_a, double variance_b) {
  const double volume = (1.0 + variance_a) * (1.0 + variance_b);
  const double root = std::sqrt(volume - product * product);
  const double other = 2.0 / (pi * root);
  const double ratio = std::clamp(product / std::sqrt(volume), -1.0, 1.0);
  return {2.0 / pi * std::asin(ratio), -other * product / (1.0 + variance_a), other};
}

/// M(a) = E <a,x> σ(<a,x>) as a function of aᵀSa, and its derivative.
struct SelfTerm {
  double value, derivative;
};

SelfTerm self_term(PopulationActivation activation, double variance) {
  if (activation == PopulationActivation::Relu) return {0.5 * variance, 0.5};
  const double root = std::sqrt(1.0 + variance);
  return {kRoot2OverPi * variance / root,
          kRoot2OverPi * (1.0 + 0.5 * variance) / (root * root * root)};
}

struct Problem {
  const Matrix& W;
  const Matrix& WS;
  Vector variance, norm;  // w_iᵀ S w_i and its root
  PopulationActivation activation;
  double penalty;
};

Kernel kernel(const Problem& problem, Index i, Index j, double product) {
  if (problem.activation == PopulationActivation::Relu) {
    return relu_kernel(product, problem.norm[i], problem.norm[j], i == j);
  }
  return erf_kernel(product, problem.variance[i], problem.variance[j]);
}

/// Gradient of neurons [begin, end); returns their share of the loss without ½ tr S.
double block_gradient(const Problem& problem, Index begin, Index end, Matrix& gradient) {
  const Index n = problem.W.rows(), rows = end - begin;
  const double count = static_cast<double>(n);
  const auto W = problem.W.middleRows(begin, rows);
  const auto WS = problem.WS.middleRows(begin, rows);
  Matrix product(rows, n), inner(rows, n);  // w_iᵀ S w_j -> K_ij, and <w_i, w_j> -> weight of S w_j
  gemm(Trans::No, Trans::Yes, 1.0, WS, problem.W, 0.0, product);
  gemm(Trans::No, Trans::Yes, 1.0, W, problem.W, 0.0, inner);

  Vector own(rows);
  double loss = 0.0;
  for (Index i = 0; i < rows; ++i) {
    const SelfTerm self = self_term(problem.activation, problem.variance[begin + i]);
    double weight = 0.0, energy = 0.0;
    for (Index j = 0; j < n; ++j) {
      const Kernel k = kernel(problem, begin + i, j, product(i, j));
      energy += inner(i, j) * k.value;
      weight += inner(i, j) * k.own;
      product(i, j) = k.value;
      inner(i, j) *= k.other;
    }
    own[i] = weight / count - 2.0 * self.derivative;
    loss += 0.5 * energy / (count * count) - self.value / count;
  }
  auto out = gradient.middleRows(begin, rows);
  out = own.asDiagonal() * WS + problem.penalty * W;
  gemm(Trans::No, Trans::No, 1.0 / count, product, problem.W, 1.0, out);
  gemm(Trans::No, Trans::No, 1.0 / count, inner, problem.WS, 1.0, out);
  return loss;
}

}  // namespace

PopulationGradient population_gradient(const Matrix& W, const Matrix& S,
                                       PopulationActivation activation, double penalty,
                                       ThreadPool& pool) {
  constexpr auto where = "theory::population_gradient";
  require(W.size() > 0 && S.rows() == W.cols() && S.cols() == W.cols(), where,
          fmt::format("W is {}x{}, S is {}x{}; want Nxd and dxd", W.rows(), W.cols(), S.rows(),
                      S.cols()));
  require(
      S.allFinite() && (S - S.transpose()).cwiseAbs().maxCoeff() <= 1e-10 * S.cwiseAbs().maxCoeff(),
      where, "S must be finite and symmetric");
  require_non_negative(penalty, "penalty", where);

  Matrix WS(W.rows(), W.cols());
  multiply(pool, Trans::No, Trans::No, 1.0, W, S, 0.0, WS);
  const Vector variance = W.cwiseProduct(WS).rowwise().sum().cwiseMax(0.0);
  const Problem problem{W, WS, variance, variance.cwiseSqrt(), activation, penalty};

  PopulationGradient result{Matrix(W.rows(), W.cols()), 0.0};
  result.loss =
      0.5 * S.trace() + parallel_sum<double>(pool, W.rows(), kBlock, [&](Index b, Index e) {
        return block_gradient(problem, b, e, result.gradient);
      });
  return result;
}

PopulationRun population_descent(Matrix W, const Matrix& S, PopulationActivation activation,
                                 double penalty, double step_size, Index steps, ThreadPool& pool) {
  constexpr auto where = "theory::population_descent";
  require_positive(step_size, "step_size", where);
  require(steps >= 0, where, fmt::format("steps must be >= 0, got {}", steps));
  for (Index k = 0;; ++k) {
    const PopulationGradient now = population_gradient(W, S, activation, penalty, pool);
    if (k == steps || !std::isfinite(now.loss)) return {std::move(W), now.loss, k};
    W -= step_size * now.gradient;
  }
}

}  // namespace twofold::theory
