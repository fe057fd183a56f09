// A trained network beside the theory of its own start.
#pragma once

#include "experiment/tangent_kernel_training.hpp"

namespace twofold::experiment {

/// What theory needs of one start.
struct TangentStart {
  Matrix residual;                          ///< E_0, n×d
  std::optional<TangentDynamics> dynamics;  ///< empty if too large to decompose
};
[[nodiscard]] TangentStart start_of(const TangentSetting& setting, const TangentTheory& theory,
                                    std::uint64_t seed, ThreadPool& pool);

/// ‖E − E_t‖/‖E_0‖ at step t, E_t predicted; NaN where the step is not stable.
[[nodiscard]] double deviation(const TangentStart& start, double step, std::int64_t t,
                               const Matrix& E);

/// The values that `simulate` lists. What theory does not say, or training did not come to, is NaN
/// or absent.
[[nodiscard]] TangentMeasured compare(const TangentSetting& setting, const TangentTheory& theory,
                                      const TangentStart& start, const TangentTrained& trained,
                                      ThreadPool& pool);

}  // namespace twofold::experiment
