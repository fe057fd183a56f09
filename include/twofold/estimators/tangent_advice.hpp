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
#include "twofold/linalg/split_product.hpp"
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
  /// At most so many products with a kernel of which not all eigenvalues are computed; 0: 150 with
  /// a kernel in memory, 20 where each computes it anew. Fewer where they suffice.
  int products = 0;
  double memory_limit = 2e9;  ///< bytes, all included but the rows as they were given
  /// Where the kernel K + Γ of all rows goes too, as a .npy of floats, 4 n² bytes, replacing what
  /// is there; empty: nowhere.
  std::filesystem::path gram;
  /// Of kernels in floats: those of too many rows for the whole spectrum, and `gram`.
  FloatProducts float_products = FloatProducts::Float;
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

/// How a number of steps came about.
enum class StepsKind {
  Computed,     ///< from the whole spectrum, or a quadrature that has settled: up to 3 % low
  LowerBound,   ///< a quadrature that has not settled: it falls short, and comes from below
  Extrapolated  ///< from fewer rows, by the way they grow with their number
};

/// One way of training, at the step 1.8/λ_max and from outputs of 0 (init = "antisymmetric").
struct TangentModeAdvice {
  std::string name;  ///< weak | decoder | joint
  theory::KernelRates rates;
  double largest = 0.0;        ///< λ_max of Θ, data²
  double largest_error = 0.0;  ///< an eigenvalue lies within this distance of it
  double smallest = 0.0;       ///< smallest eigenvalue above 0
  bool bound_only = false;     ///< `smallest` is but an upper bound of it
  Index rank = -1;             ///< eigenvalues above 0; −1: not known
  theory::TangentStepLimits steps{};
  /// Steps until the loss is `target` times its start; empty: it never is, or not before 2^53.
  std::optional<double> steps_to_target;
  StepsKind steps_kind = StepsKind::Computed;
  double steps_error = 0.0;    ///< Extrapolated: relative, about what they may be off by
  int products = 0;            ///< with the kernel; 0: whole spectrum
  Index structural_width = 0;  ///< below it the loss cannot reach 0
  /// For the wanted error of the trajectory, plain start: the larger of the N at which the fraction
  /// of flips on the way to the target is half that error, and the N of
  /// theory::trajectory_fluctuation (up to 300 rows) or theory::practical_width.
  Index width = 0;
  bool width_bound = false;  ///< the flips are those of the first rows alone: more need more
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
  double mean_share = 0.0;  ///< n ‖mean‖²/Σ ‖x_i‖²: of the energy, in the mean row
  theory::SampleReport samples;
  std::vector<Index> zero_rows;            ///< the first of them
  std::vector<CoincidentRows> coincident;  ///< the first of each kind
  bool whole_spectrum = true;              ///< false: λ_max, and a bound of λ_min
  Index sampled = 0;                       ///< rows that steps are extrapolated from; 0: all used
  double gram_bytes = 0.0;                 ///< of the kernel in memory; 0: it is never stored
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
/// Γ)/d. Above, if 4 n² bytes fit: one kernel after the other in floats; λ_max by Lanczos to 1e-6
/// and the loss curve by Gauss quadrature from X along its six leading directions and two random
/// mixtures of the others. Above that no kernel is stored: λ_max by a few products that compute it
/// anew, and the steps extrapolated from those of at most 15 000 rows, taken evenly, their half and
/// quarter, between a parabola and a line in the logarithms.
/// λ_min of many rows is an upper bound: the least Ritz value, or that of the two closest rows.
/// `gram` is written last; its disk space is reserved first. Bitwise the same for any pool size.
/// @param rows  finite; its first rows.size() rows.
/// @throws InvalidArgument  if an option is outside its range; if the memory does not allow for so
///                          many rows or for `gram` (the message says what would).
/// @throws DataError        if all rows are 0, or their norms overflow a float.
/// @throws OutputError      if `gram` cannot be written, before all else if for lack of room;
/// Stopped (one_bit_prediction.hpp) if the
///                          observer asks for it.
/// Source: docs/theory/tangent_kernel.md.
[[nodiscard]] TangentAdvice tangent_advice(const data::Source& rows,
                                           const TangentAdviceOptions& options, ThreadPool& pool,
                                           Observer& observer = no_observer());

}  // namespace twofold::estimators
