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
    const Eigen::Map<const VectorOf<Scalar>> x(X.row(i).data(), X.cols());
    const auto centered = x.template cast<double>().array() - mean.array();
    const double largest = centered.abs().template maxCoeff<Eigen::PropagateNaN>();
    if (!std::isfinite(largest)) return i;
    int exponent = 0;
    std::frexp(largest, &exponent);
    exponents[static_cast<std::size_t>(i)] = exponent;
    // In two steps, because 2^−exponent itself may be beyond the range of double.
    const double half = std::ldexp(1.0, -exponent / 2),
                 rest = std::ldexp(1.0, -exponent + exponent / 2);
    U.row(i).transpose() = (centered * half * rest).matrix().template cast<float>();
  }
  return X.rows();
}

/// Which elements of t are used, and their gains √(energy/variance).
struct Scaling {
  std::vector<Index> places;  ///< ascending
  VectorF gains;

  /// Whether the places are 0, 1, 2, ...
  [[nodiscard]] bool leading() const {
    return places.back() == static_cast<Index>(places.size()) - 1;
  }
};
[[nodiscard]] Scaling make_scaling(const OneBitCodecParameters& parameters);

/// w <- √k z/‖z‖ for z = gains · t[places]; returns ‖z‖/√k. A zero z stays 0.
[[nodiscard]] double direction(const Scaling& scaling, const float* t, float* w);

}  // namespace twofold::estimators
