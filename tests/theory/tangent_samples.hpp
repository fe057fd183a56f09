// Samples and random networks for the tests of the tangent kernel; written plainly, on their own.
#pragma once

#include <Eigen/Eigenvalues>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include "twofold/core/random.hpp"
#include "twofold/data/unit_sphere.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// n samples uniform on the unit sphere of R^d, one a row.
inline Matrix on_sphere(Index n, Index d, std::uint64_t seed) {
  Matrix X(n, d);
  data::UnitSphere(d, seed).read(0, X);
  return X;
}

inline Matrix normals(Index rows, Index columns, std::uint64_t seed, std::string_view name) {
  const RandomStream stream(seed, name);
  Matrix result(rows, columns);
  stream.fill_normal(0, std::span(result.data(), static_cast<std::size_t>(result.size())));
  return result;
}

inline Matrix signs(Index rows, Index columns, std::uint64_t seed, std::string_view name) {
  return normals(rows, columns, seed, name).unaryExpr([](double g) {
    return g < 0.0 ? -1.0 : 1.0;
  });
}

/// Untied start: w_r ~ N(0, I) as rows of W, a_r of random signs as rows of A, both N×d.
struct Network {
  Matrix W, A;

  Network(Index neurons, Index d, std::uint64_t seed)
      : W(normals(neurons, d, seed, "test encoder")), A(signs(neurons, d, seed, "test decoder")) {}

  [[nodiscard]] double scale() const { return 1.0 / std::sqrt(static_cast<double>(W.size())); }
  /// φ(XWᵀ), n×N.
  [[nodiscard]] Matrix codes(const Matrix& X) const { return (X * W.transpose()).cwiseMax(0.0); }
  /// 1[XWᵀ >= 0], n×N.
  [[nodiscard]] Matrix active(const Matrix& X) const {
    return (X * W.transpose()).unaryExpr([](double z) { return z >= 0.0 ? 1.0 : 0.0; });
  }
  [[nodiscard]] Matrix output(const Matrix& X) const { return scale() * codes(X) * A; }
};

/// Smallest and largest eigenvalue by Eigen, not by the library.
inline Vector eigenvalues(const Matrix& symmetric) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(symmetric, Eigen::EigenvaluesOnly).eigenvalues();
}

}  // namespace twofold::theory
