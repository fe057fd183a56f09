// One tangent_kernel case: what is trained, and what came out of theory and simulation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/experiment/record.hpp"
#include "twofold/experiment/tangent_kernel_spec.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/weights.hpp"
#include "twofold/numerics/statistics.hpp"
#include "twofold/theory/tangent_kernel_data.hpp"
#include "twofold/theory/tangent_kernel_predictor.hpp"
#include "twofold/theory/tangent_kernel_tying.hpp"

namespace twofold::experiment {

inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// A spec with its data opened.
struct TangentSetting {
  TangentSpec spec;
  std::int64_t seed = 1;
  data::Dataset dataset;
  Matrix samples;  ///< X, n×d
  Matrix queries;  ///< p×d, not among them; p = 0 without test rows

  [[nodiscard]] Index size() const { return samples.rows(); }
  [[nodiscard]] Index dimension() const { return samples.cols(); }
  [[nodiscard]] Index neurons() const { return static_cast<Index>(spec.model.neurons); }
  /// Of the trained factors; tied: both 1.
  [[nodiscard]] theory::KernelRates rates() const;
  /// c and v of a tied network.
  [[nodiscard]] theory::TiedScaling tied_scaling() const;
};

/// Opens the data and reads the samples.
/// @param previous  a setting whose data are taken over if they are the same; may be null.
/// @throws InvalidArgument, DataError with what to change.
[[nodiscard]] TangentSetting make_setting(TangentSpec spec, std::int64_t seed, ThreadPool& pool,
                                          const TangentSetting* previous = nullptr);

/// The network that training starts from.
template <std::floating_point Scalar>
[[nodiscard]] model::Weights<Scalar> start_weights(const TangentSetting& setting,
                                                   std::uint64_t seed);

/// The outputs of a ReLU network, one sample a row.
template <std::floating_point Scalar>
[[nodiscard]] Matrix outputs(const Matrix& X, const model::Weights<Scalar>& weights,
                             ThreadPool& pool);

/// The steps that are reported: those of the spec, or 0 and about ten a decade.
[[nodiscard]] std::vector<std::int64_t> reported_steps(const TangentSpec& spec);

class TangentDynamics;

/// Numbers that theory gives of a case before training; NaN where it has none.
struct TangentTheory {
  theory::SampleReport report;
  /// Kernels, spectrum and predictor of infinite width; null for a tied network.
  std::shared_ptr<const theory::TangentPredictor> predictor;
  /// What the curves are of; null if too large to decompose.
  std::shared_ptr<const TangentDynamics> dynamics;
  double largest = kNoNumber;       ///< λ_max of what drives the dynamics
  double smallest = kNoNumber;      ///< λ_min, the least above 0
  bool regular = true;              ///< whether no eigenvalue is 0
  double reference = kNoNumber;     ///< λ_max of infinite width, the unit of train.step_ratio
  double step = kNoNumber;          ///< η
  std::vector<std::int64_t> steps;  ///< that are reported
  std::vector<double> loss;         ///< at them; mean over starts where infinitely wide and untied
  double initial_loss = kNoNumber;
  double slope = kNoNumber;            ///< of ln L per step, in record.window
  double steps_to_target = kNoNumber;  ///< infinite if it is never reached
  double encoder_movement = kNoNumber, decoder_movement = kNoNumber;  ///< Frobenius norms
  double flips = kNoNumber;        ///< fraction of the pairs (neuron, sample)
  double test_error = kNoNumber;   ///< E‖x − f(x)‖² over the queries, after training
  double limit_error = kNoNumber;  ///< the same of interpolation from zero output
  double start_noise = kNoNumber;  ///< variance per coordinate of f over starts, mean over queries
  /// max over reported steps of ‖E_t − E_t^∞‖/‖E_0‖, root mean square over starts
  double trajectory_error = kNoNumber;

  /// 2/λ_max, of infinite width and of what drives the dynamics: curves end there.
  [[nodiscard]] double stable_step() const { return 2.0 / std::max(largest, reference); }
};

/// A prediction beside a measurement.
struct Compared {
  double predicted = kNoNumber;
  double measured = kNoNumber;
};

/// What one repeat measured, with what theory says of its own start.
struct TangentMeasured {
  std::map<std::string, Compared> values;  ///< "slope", "flips", "test error", ...
  std::vector<double> loss;                ///< before each step and at the end
  std::vector<std::int64_t> records;       ///< steps that were reported
  std::vector<double> predicted_loss;      ///< at them; empty if there is no curve
};

/// Theory and simulation of one case.
struct TangentResult {
  std::string label;
  double value = 0.0;
  TangentSetting setting;
  TangentTheory predicted;
  std::vector<TangentMeasured> measured;  ///< one per repeat
  std::vector<TrustEntry> trust;
  std::vector<std::string> arithmetic;  ///< of the repeats, each kind once
  std::int64_t diverged_at = -1;
  double simulate_s = 0.0, predict_s = 0.0;
};

/// Means over the repeats of a predicted and a measured value, with the standard error of their
/// difference (of the latter, where nothing is predicted); empty if no repeat has it.
struct MeanComparison {
  double predicted = kNoNumber;
  numerics::MeanAndError measured;
};
[[nodiscard]] std::optional<MeanComparison> compared(const TangentResult& result,
                                                     const std::string& name);

}  // namespace twofold::experiment
