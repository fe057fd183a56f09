// What gradient descent on a weight-tied autoencoder does to a dictionary: without training it.
//
// All of it holds while the codes are consistent, that is, the active units of a sample are those
// of its true support; `code_consistency` says how likely that is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twofold/data/dictionary_model.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// Which gradient is followed.
enum class RecoveryGradient {
  Full,         ///< both terms, as back-propagation has them
  DecoderOnly,  ///< the encoder's term is left out
};

/// E[G] (m×d) at unit rows W and bias b <= 0 on consistent codes, for any of the three code laws;
/// in docs/theory/dictionary_recovery.md#population-gradient. Descent subtracts it.
/// @throws InvalidArgument  if shapes disagree.
/// Accuracy: exact up to rounding. Cost O(m² d).
[[nodiscard]] Matrix population_gradient(const data::DictionaryModel& model, const Matrix& W,
                                         double bias, RecoveryGradient kind);

/// tan θ' / tan θ of one normalised step on a mixture component, τ_i = ζ p_i, λ = cos θ:
/// (1 − τ c)/(1 − τ c + τ), c = (λ + b)². Sparse codes to leading order: b = 0.
[[nodiscard]] double contraction(double tau, double lambda, double bias);

/// The step τ = 1 in absolute units: 1/max p (mixture), m/(k κ₂) (sparse),
/// (m/k)/(κ₂ + (k−1)κ₁²) (non-negative).
[[nodiscard]] double step_unit(const data::DictionaryModel& model);

/// Largest stable τ in units of step_unit: 2 for non-negative and, to leading order, signed codes.
[[nodiscard]] double step_edge(const data::DictionaryModel& model, double bias);

/// Where descent ends: squared distances ‖W − A‖_F², summed over atoms.
struct RecoveryFloor {
  double population = 0;  ///< infinite data: 4(k−1)²/d-like for Full, a quarter for DecoderOnly
  double sampling = 0;    ///< of a fixed batch of N samples, noise apart
  double noise = 0;       ///< of the noise σ in N samples
  double bias = 0;        ///< of a bias that stays (relu, non-negative codes)
  [[nodiscard]] double total() const noexcept { return population + sampling + noise + bias; }
};

/// Closed forms; docs/theory/dictionary_recovery.md#floors.
/// @param samples  N; 0 for infinitely many.
/// @param bias     b <= 0 at the end; 0 for a jump or hard threshold.
[[nodiscard]] RecoveryFloor recovery_floor(const data::DictionaryModel& model,
                                           RecoveryGradient kind, std::uint64_t samples,
                                           double bias);

/// The same for one mixture component: (d−1) σ² (1+σ²)/(N p_j) for unit means.
[[nodiscard]] Vector mixture_floors(const data::DictionaryModel& model, std::uint64_t samples);

/// ‖W − A‖_F² where population descent from A ends (the recursion itself, not its leading order).
[[nodiscard]] double population_floor(const data::DictionaryModel& model, RecoveryGradient kind,
                                      double tau = 1.0, int iterations = 200);

/// P(all m codes of a sample are right) at threshold λ and rows at distance δ of the atoms.
/// @param threshold  gate or −bias, in data units.
[[nodiscard]] double code_consistency(const data::DictionaryModel& model, double threshold,
                                      double distance);

/// Expected errors per (sample, unit): missed and false activations.
struct LabelError {
  double miss = 0, false_alarm = 0;
  double rate = 0;  ///< of wrong entries among all N·m
};
[[nodiscard]] LabelError label_error(const data::DictionaryModel& model, double threshold,
                                     double distance);

/// Samples for a squared error ε² per atom above the population floor.
[[nodiscard]] double needed_samples(const data::DictionaryModel& model, RecoveryGradient kind,
                                    double squared_error);

/// Standard deviation of the pre-activation of a unit that should be off (`on` = false:
/// √(k κ₂/d + σ²)) or of the cross-talk of one that is on (√((k−1) κ₂/d + σ²)).
[[nodiscard]] double cross_talk(const data::DictionaryModel& model, bool on);

/// A run as theory needs to know it.
struct RecoveryRun {
  RecoveryGradient gradient = RecoveryGradient::Full;
  double step = 1.0;  ///< τ in units of step_unit
  std::int64_t iterations = 30;
  std::uint64_t samples = 0;     ///< fixed batch N; 0: infinite
  std::int64_t fresh_batch = 0;  ///< samples of a fresh batch per step; 0: fixed
  double start_distance = 0.3;   ///< δ
  double threshold = 0.5;        ///< of the gate, or −bias at the start for relu
  double bias = 0.0;             ///< b at the start; 0 without
  double bias_shrink = 1.0, bias_floor = 0.0;
  std::uint64_t seed = 1;  ///< of the directions of the start
};

/// One condition of the theory. Margin > 1 is fulfilled.
struct Assumption {
  std::string name;  ///< incoherence | sparsity | threshold | bias | start | step | samples
  double value = 0, limit = 0;
  double margin = 0;  ///< how many times over it is fulfilled; < 1: violated
  bool holds = false;
  std::string text;  ///< what it means and what to change
};

/// Everything `twofold predict` prints.
struct RecoveryPrediction {
  double floor = 0, floor_decoder_only = 0;  ///< population floors of the two gradients
  double noise_term = 0, sampling_term = 0, bias_term = 0;
  double final_error = 0;          ///< what this run should end at
  double step = 0, step_edge = 0;  ///< ζ and the edge, in absolute units
  double consistency = 0;
  double label_error = 0;
  std::vector<double> iteration, error;  ///< ‖W_t − A‖_F², population recursion plus sampling
  std::vector<Assumption> assumptions;
};

[[nodiscard]] RecoveryPrediction predict_recovery(const data::DictionaryModel& model,
                                                  const RecoveryRun& run);

}  // namespace twofold::theory
