// The path of a vector before its signs are taken: centre, transform, scale, norm.
#pragma once

#include <cmath>

#include "twofold/estimators/one_bit_codec.hpp"
#include "twofold/estimators/orthonormal_transform.hpp"

namespace twofold::estimators {

/// T of these parameters.
[[nodiscard]] OrthonormalTransform make_transform(const OneBitCodecParameters& parameters);

/// U <- (X − mean) 2^{−exponent}, one exponent per row that brings the largest element into
/// [½, 1); 0 for a row of zeros. So no later product can overflow, whatever the numbers are.
/// @returns the first row with a NaN or an infinity, or rows() if there is none.
template <typename Scalar>
[[nodiscard]] Index center_rows(const ConstView<Scalar>& X, const Vector& mean, View<float> U,
                                std::span<int> exponents) {
  for (Index i = 0; i < X.rows(); ++i) {
    const Scalar* const x = X.row(i).data();
    float* const u = U.row(i).data();
    double largest = 0.0;
    bool finite = true;
    for (Index j = 0; j < X.cols(); ++j) {
      const double value = static_cast<double>(x[j]);
      largest = std::max(largest, std::abs(value - mean[j]));
      finite = finite && std::isfinite(value);
    }
    if (!finite) return i;
    int exponent = 0;
    std::frexp(largest, &exponent);
    exponents[static_cast<std::size_t>(i)] = exponent;
    if (std::abs(exponent) < 1000) {
      const double scale = std::ldexp(1.0, -exponent);
      for (Index j = 0; j < X.cols(); ++j) {
        u[j] = static_cast<float>((static_cast<double>(x[j]) - mean[j]) * scale);
      }
    } else {  // 2^exponent itself is at the end of the range of double
      for (Index j = 0; j < X.cols(); ++j) {
        u[j] = static_cast<float>(std::ldexp(static_cast<double>(x[j]) - mean[j], -exponent));
      }
    }
  }
  return X.rows();
}

/// Which elements of t are used, and their gains √(energy/variance).
struct Scaling {
  std::vector<Index> places;
  VectorF gains;
};
[[nodiscard]] Scaling make_scaling(const OneBitCodecParameters& parameters);

/// w <- √k z/‖z‖ for z = gains · t[places]; returns ‖z‖/√k. A zero z stays 0.
[[nodiscard]] double direction(const Scaling& scaling, const float* t, float* w);

}  // namespace twofold::estimators
