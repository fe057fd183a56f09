// A trained network beside the theory of its own start.
#pragma once

#include "experiment/tangent_kernel_training.hpp"

namespace twofold::experiment {

/// ‖E − E_t‖/‖E_0‖ at step t, E_t predicted from E_0 (n×d); NaN where the step is not stable.
[[nodiscard]] double deviation(const TangentTheory& theory, const Matrix& E_0, double step,
                               std::int64_t t, const Matrix& E);

/// The values that `simulate` lists. What theory does not say, or training did not come to, is NaN
/// or absent.
/// @param E_0  residual of the start, n×d.
[[nodiscard]] TangentMeasured compare(const TangentSetting& setting, const TangentTheory& theory,
                                      const Matrix& E_0, const TangentTrained& trained,
                                      ThreadPool& pool);

}  // namespace twofold::experiment
