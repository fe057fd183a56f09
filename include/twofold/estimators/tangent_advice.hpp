// What the theory of the tangent kernel says about a set of rows, before any training.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/linalg/status.hpp"
#include "twofold/theory/tangent_kernel.hpp"
#include "twofold/theory/tangent_kernel_data.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"
#include "twofold/theory/tangent_kernel_tying.hpp"

namespace twofold::estimators {

struct TangentAdviceOptions {
  double target = 1e-3;     ///< wanted loss over the loss at the start; in (0, 1)
  double tolerance = 0.05;  ///< wanted error of the predicted trajectory; in (0, 1]
  Index whole_rows = 2500;  ///< up to so many rows the whole spectrum is computed; >= 0
  Index study_rows = 1000;  ///< early stopping and rates look at so many rows, the first; >= 2
  Index folds = 5;          ///< of early stopping; >= 2
  Index closest = 10;       ///< pairs and rows of each kind to be named; >= 0
  /// Products with a kernel of which not all eigenvalues are computed, per mode and purpose (ends,
  /// curve); 0: 150 in memory, 20 where each reads a file.
  int products = 0;
  double memory_limit = 2e9;  ///< bytes
  /// Where the kernel of all rows goes as a .npy of floats; empty: it stays in memory.
  std::filesystem::path gram;
  std::uint64_t seed = 1;  ///< of the vectors that Lanczos starts from
};

/// Rows that coincide up to a factor, within an angle of 1e-7.
enum class Coincidence {
  Copy,     ///< the norms agree to 1e-6
  Scaled,   ///< they do not
  Opposite  ///< the factor is negative
};
struct CoincidentRows {
  Index first, second;  ///< row numbers, first < second
  Coincidence kind;
};

/// One way of training, at the step 1.8/λ_max and from outputs of 0 (init = "antisymmetric").
struct TangentModeAdvice {
  std::string name;  ///< weak | decoder | joint
  theory::KernelRates rates;
  double largest = 0.0;     ///< λ_max of Θ, data²
  double smallest = 0.0;    ///< smallest eigenvalue above 0
  bool bound_only = false;  ///< `smallest` is but an upper bound of it
  Index rank = -1;          ///< eigenvalues above 0; −1: not known
  theory::TangentStepLimits steps{};
  /// Steps until the loss is `target` times its start; empty: it never is, or not before 2^53.
  std::optional<double> steps_to_target;
  Index structural_width = 0;  ///< below it the loss cannot reach 0
  Index width = 0;             ///< for the wanted error of the trajectory, plain start
};

/// When to stop, for rows that are not trained on; errors over the mean of ‖x‖².
struct StoppingAdvice {
  std::string mode;            ///< weak | joint
  double step = 0.0;           ///< 1.8/λ_max of the rows looked at
  double steps = 0.0;          ///< best number; infinite: train to the end
  double error = 0.0;          ///< there
  double interpolation = 0.0;  ///< trained to the end
};

/// The decoder's rate as a multiple r of the encoder's.
struct RateAdvice {
  double ratio;
  double condition;                       ///< λ_max/λ_min of K + rΓ
  std::optional<double> steps_to_target;  ///< at 1.8/λ_max of K + rΓ
};

/// A weight-tied network of the width of the joint mode, untrained.
struct TieAdvice {
  std::string name;  ///< in words of a spec: mean_field divides by N, standard by √(Nd)
  theory::TiedScaling scaling;
  theory::TiedStart start;
};

struct TangentAdvice {
  Index rows = 0, dimension = 0;
  double start_loss = 0.0;  ///< ½ Σ ‖x_i‖², data²
  theory::SampleReport samples;
  std::vector<Index> zero_rows;            ///< the first of them
  std::vector<CoincidentRows> coincident;  ///< the first of each kind
  bool whole_spectrum = true;              ///< false: the ends, and a quadrature between them
  int products = 0;                        ///< with each kernel at most, where not whole
  double gram_bytes = 0.0;                 ///< of the kernel in memory or in the file
  std::vector<TangentModeAdvice> modes;    ///< weak, decoder (whole spectrum only), joint
  Index studied = 0;                       ///< rows that the next two look at
  std::vector<StoppingAdvice> stopping;    ///< empty for a single row
  std::vector<RateAdvice> rates;
  double best_ratio = 0.0;  ///< the largest r that costs at most 10 % more steps than r = 0
  std::vector<TieAdvice> tying;
  double identity_width = 0.0;  ///< N from which the last of them has lost less than `target`

  [[nodiscard]] const TangentModeAdvice& mode(const std::string& name) const;
};

/// Up to `whole_rows` rows (and if 64 n² bytes fit): eigenvalues and vectors of K/d, Γ/d, (K +
/// Γ)/d. Above: the kernel in floats, in memory or in the file `gram` (first of the encoder alone,
/// then, kept, of both); its ends by Lanczos, the loss curve by Gauss quadrature from X along its
/// six leading directions and two random mixtures of the others. Lanczos finds λ_max quickly; λ_min
/// rarely in `products` products, then `bound_only` says so.
/// Memory stays below `memory_limit`, except for X itself in double and its copies while rows are
/// compared (24 nd bytes). Bitwise the same for any pool size.
/// @param rows  finite; its first rows.size() rows.
/// @throws InvalidArgument  if an option is outside its range; if neither the memory nor `gram`
///                          allows for so many rows (the message says what would).
/// @throws DataError        if all rows are 0, or their norms overflow a float.
/// @throws OutputError      if `gram` cannot be written; Stopped (one_bit_prediction.hpp) if the
///                          observer asks for it.
/// Source: docs/theory/tangent_kernel.md.
[[nodiscard]] TangentAdvice tangent_advice(const data::Source& rows,
                                           const TangentAdviceOptions& options, ThreadPool& pool,
                                           Observer& observer = no_observer());

}  // namespace twofold::estimators
