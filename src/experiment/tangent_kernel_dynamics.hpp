// The linear dynamics that theory sets against a run: E_{t+1} = (I − ηΘ) E_t.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "experiment/tangent_kernel_case.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::experiment {

/// Θ is n×n, the same for every coordinate, or nd×nd for tied networks and empirical kernels.
class TangentDynamics {
 public:
  /// Of the kernel that the spec names.
  /// @param predictor  of infinite width; null if tied.  @param start  the network's weights; used
  ///                   by the empirical kernel alone.
  /// @return  null if tied and nd is above 2000.
  /// @throws InvalidArgument  if the empirical kernel would need more than predict.memory (how much
  ///                          is said).
  [[nodiscard]] static std::shared_ptr<const TangentDynamics> make(
      const TangentSetting& setting, const theory::TangentPredictor* predictor,
      const model::Weights<double>& start, ThreadPool& pool);

  [[nodiscard]] const theory::TangentSpectrum& spectrum() const { return spectrum_; }
  [[nodiscard]] bool stacked() const { return stacked_; }

  /// The Gram matrix that the loss of this start depends on. @param E_0  n×d.
  [[nodiscard]] Matrix gram(const Matrix& E_0) const;
  /// E_t, n×d.
  [[nodiscard]] Matrix residual(const Matrix& E_0, double step, double t) const;

 private:
  theory::TangentSpectrum spectrum_;
  bool stacked_ = false;
};

/// First and last whole step, by `most`, at which the predicted loss over the first lies in
/// [low, high]; empty if there are not two.
[[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> slope_window(
    const theory::LossCurve& curve, const std::vector<double>& high_low, std::int64_t most);

/// Fraction of the pairs (neuron, sample) that change side, for a theory::drive; 64 neurons drawn
/// on the boundaries of at most 64 samples.
[[nodiscard]] double boundary_flips(const TangentSetting& setting, const Matrix& drive,
                                    ThreadPool& pool);

/// ‖ΔW‖ of a tied network's linearised training of `steps` steps.
[[nodiscard]] double stacked_movement(const theory::TangentSpectrum& spectrum, const Matrix& gram,
                                      double step, double steps);

}  // namespace twofold::experiment
