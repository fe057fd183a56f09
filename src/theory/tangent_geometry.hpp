// Directions and angles of vectors, as the tangent kernels need them.
#pragma once

#include <string_view>

#include "twofold/linalg/matrix.hpp"
#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {

/// Rows of unit norm and the norms they had; a row of zeros stays one.
struct UnitRows {
  Matrix rows;
  Vector norms;
};

/// Row i of X over its norm, zeros as they are; `norm` <- the norm.
[[nodiscard]] Eigen::RowVectorXd unit_row(const ConstView<double>& X, Index i, double& norm);

/// All of them. @throws InvalidArgument(where, ...)  if X is empty or an entry is not finite.
[[nodiscard]] UnitRows unit_rows(const ConstView<double>& X, std::string_view where);

/// An angle θ by what the kernels need of it, each accurate near 0 and near π.
struct PairAngle {
  double supplement;  ///< π − θ
  double cosine;
  double sine;
};

/// Where |cos θ| is above this, acos loses too many digits and pair_angle takes its place.
inline constexpr double kNearlyParallel = 0.99;

/// The angle of two unit vectors from ‖x̂ − x̂'‖ and ‖x̂ + x̂'‖.
[[nodiscard]] PairAngle pair_angle(const double* x, const double* y, Index d) noexcept;

/// The same from the cosine where that is accurate enough, else by the function above.
[[nodiscard]] PairAngle pair_angle(double cosine, const double* x, const double* y,
                                   Index d) noexcept;

/// Throws InvalidArgument(where, ...) if X is empty or an entry is not finite.
void check_samples(const ConstView<double>& X, std::string_view where);

/// Throws InvalidArgument(where, ...) unless the rates are finite, >= 0 and not both 0.
void check_rates(const KernelRates& rates, std::string_view where);

}  // namespace twofold::theory
