// No neuron fires for a rounding error.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// ‖x‖ of a row of d numbers, to 1 %; NaN where it does not fit into a float.
[[nodiscard]] float norm_for_repair(const float* x, Index d) noexcept;

/// Of each row of X.
[[nodiscard]] VectorF norms_for_repair(ConstView<float> X);

/// How far products of rows may be off: |error| <= relative ‖b‖ ‖x‖, besides what is lost where
/// numbers are too small for a float, 2⁻¹²⁶ (√d (‖b‖ + ‖x‖) + 3d).
struct ProductError {
  double relative;

  /// Of d fused or plain products in float, added in any order.
  [[nodiscard]] static ProductError in_float(Index d) noexcept {
    return {static_cast<double>(d) * 0x1p-24};
  }
};

/// A bound of that error as a function of x: slope ‖x‖ + offset.
struct ErrorLine {
  float slope, offset;
};
/// Of a row b of d numbers.
/// @param norm  norm_for_repair of b; where it is NaN, so is the line.
[[nodiscard]] ErrorLine error_line(float norm, Index d, ProductError error) noexcept;

/// ⟨b, x⟩ in double.
[[nodiscard]] double exact_product(const float* b, const float* x, Index d) noexcept;

/// Where a gate opens or closes: at this value of ⟨b_r, x_s⟩ + bias_r.
struct Jump {
  float at = 0;
  const float* bias = nullptr;  ///< of all rows; 0 where it is null
};

/// Z(r, s) = ⟨b_r, x_s⟩ + bias_r with errors of the products: those that are at the jump within
/// them, and may be on its wrong side, are computed again in double. Where a norm is not finite,
/// nothing is.
/// @param norms  norm_for_repair of the rows of X
void repair_signs(ConstView<float> B, ConstView<float> X, const float* norms, ProductError error,
                  View<float> Z, Jump jump = {});

}  // namespace twofold::ops
