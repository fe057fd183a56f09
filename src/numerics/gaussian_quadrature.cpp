#include "twofold/numerics/gaussian_quadrature.hpp"

#include <cassert>

#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::numerics {
namespace {

constexpr Index kMostPoints = 256;  // beyond, h_k(x)^2 at the outer nodes nears overflow

// Orthonormal Hermite polynomials at x: √(k+1) h_{k+1} = x h_k - √k h_{k-1}, h_0 = 1.
struct HermiteValues {
  double last;         // h_n(x)
  double before_last;  // h_{n-1}(x); h_n' = √n h_{n-1}
  double square_sum;   // Σ_{k<n} h_k(x)^2
};

HermiteValues hermite(Index n, double x) {
  HermiteValues h{1.0, 0.0, 0.0};
  for (Index k = 0; k < n; ++k) {
    h.square_sum += h.last * h.last;
    const double order = static_cast<double>(k);
    const double next = (x * h.last - std::sqrt(order) * h.before_last) / std::sqrt(order + 1.0);
    h.before_last = h.last;
    h.last = next;
  }
  return h;
}

Vector jacobi_eigenvalues(Index n) {
  Matrix jacobi = Matrix::Zero(n, n);
  for (Index k = 1; k < n; ++k) jacobi(k, k - 1) = std::sqrt(static_cast<double>(k));
  SymmetricEigen eigen = symmetric_eigenvalues(std::move(jacobi));
  assert(eigen.status == SolveStatus::Converged);
  return eigen.values.reverse();
}

}  // namespace

GaussianRule gauss_hermite(Index points) {
  require(points >= 1 && points <= kMostPoints, "numerics::gauss_hermite",
          "number of points must be in [1, 256], got " + std::to_string(points));
  GaussianRule rule{jacobi_eigenvalues(points), Vector(points)};
  for (Index i = 0; 2 * i < points; ++i) {
    const Index mirror = points - 1 - i;
    double x = i == mirror ? 0.0 : 0.5 * (rule.nodes[i] - rule.nodes[mirror]);
    const HermiteValues h = hermite(points, x);
    if (i != mirror) x -= h.last / (std::sqrt(static_cast<double>(points)) * h.before_last);
    rule.nodes[i] = x;
    rule.nodes[mirror] = -x;
    rule.weights[i] = rule.weights[mirror] = 1.0 / hermite(points, x).square_sum;
  }
  return rule;
}

}  // namespace twofold::numerics
