// Data and kernels shared by the tests of training in the tangent-kernel regime.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "train/problem.hpp"
#include "twofold/data/unit_sphere.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/model/tangent_start.hpp"
#include "twofold/train/tangent_descent.hpp"

namespace twofold::train {

/// n samples uniform on the unit sphere, as rows.
inline Matrix sphere_samples(Index n, Index d, std::uint64_t seed) {
  const data::UnitSphere sphere(d, seed);
  Matrix X(n, d);
  for (Index i = 0; i < n; ++i) {
    sphere.fill_row(static_cast<std::uint64_t>(i),
                    std::span(X.row(i).data(), static_cast<std::size_t>(d)));
  }
  return X;
}

/// The kernels of infinitely wide networks for rows of any norm > 0, without the factor 1/d, from
/// the expectations E 1[w·x >= 0]1[w·y >= 0] = (π - θ)/2π and
/// E φ(w·x)φ(w·y) = |x||y| (sin θ + (π - θ) cos θ)/2π.
struct WideKernels {
  Matrix encoder, decoder;

  explicit WideKernels(const Matrix& X) : encoder(X.rows(), X.rows()), decoder(encoder) {
    using std::numbers::pi;
    for (Index i = 0; i < X.rows(); ++i) {
      for (Index j = 0; j < X.rows(); ++j) {
        const double norms = X.row(i).norm() * X.row(j).norm();
        const double cosine = i == j ? 1 : std::clamp(X.row(i).dot(X.row(j)) / norms, -1.0, 1.0);
        const double angle = std::acos(cosine);
        encoder(i, j) = norms * cosine * (pi - angle) / (2 * pi);
        decoder(i, j) = norms * (std::sin(angle) + (pi - angle) * cosine) / (2 * pi);
      }
    }
  }

  [[nodiscard]] Matrix of(TangentMode mode) const {
    if (mode == TangentMode::Weak) return encoder;
    return mode == TangentMode::Decoder ? decoder : Matrix(encoder + decoder);
  }
};

/// Descending eigenvalues of the kernel of gradient descent in this mode: that of WideKernels over
/// d.
inline Vector wide_eigenvalues(const Matrix& X, TangentMode mode) {
  return symmetric_eigenvalues(WideKernels(X).of(mode)).values / static_cast<double>(X.cols());
}

}  // namespace twofold::train
