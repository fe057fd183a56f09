// One entrance to the mean-field predictors: a problem in, curves and a summary out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::theory {

/// Which approximation is solved. For an activation whose odd part is not linear there is no
/// closed form: Flow then means L2, and Matrix is refused.
enum class Predictor {
  Flow,       ///< N = ∞, continuous time; closed form where the odd part is linear
  Recursion,  ///< N = ∞, the finite step and momentum of the run
  L2,         ///< norm-concentrated flow (equals Flow where the odd part is linear)
  L2Plus,     ///< flow with the full law of the norm; needs samples
  Matrix,     ///< factor recursion from given neurons, finite step
};

/// "flow", "recursion", "L2", "L2+", "matrix"; any case.
/// @throws InvalidArgument  for another name; the message lists the names.
[[nodiscard]] Predictor parse_predictor(std::string_view name);
[[nodiscard]] std::string_view predictor_name(Predictor predictor);

/// Everything a prediction needs; no data, no training.
struct MeanFieldProblem {
  Vector spectrum;  ///< eigenvalues of the training second moment, descending
  model::Activation activation = model::Relu{};
  double penalty = 0.0;      ///< λ >= 0
  double init_scale = 0.2;   ///< r0 > 0
  double step = 0.1;         ///< η > 0; t = η · steps
  double momentum = 0.0;     ///< μ in [0, 1); continuous time then runs 1/(1 − μ) faster
  Index neurons = 0;         ///< N; 0 = ∞
  std::string init = "iid";  ///< iid | paired | balanced
  Matrix start = {};         ///< Matrix only: N×d neurons in the PCA basis; empty = r0 √d I
};

struct Trajectory {
  Vector time;                 ///< as requested; step-based predictors report the nearest step
  Vector loss;                 ///< on the training spectrum, or the test spectrum if given
  Matrix gain;                 ///< a_j, one row per time, one column per component
  Matrix scale;                ///< u_j, likewise
  Vector loss_low, loss_high;  ///< φ = 0 and φ = 1 − 2/π (width bracket); equal without width error
  SolveStatus status = SolveStatus::Converged;  ///< NonFinite: step too large
};

/// Curves at the given times.
/// @param times          t >= 0, finite, non-decreasing.
/// @param pca_samples    L2Plus: M×d rows in the PCA basis.
/// @param test_spectrum  v_jᵀ S_test v_j for the loss; nullptr = training spectrum.
/// @throws InvalidArgument  naming the offending value: spectrum negative, NaN or all zero,
///         λ < 0, η <= 0, r0 <= 0, momentum outside [0, 1), unknown init, odd N when paired,
///         N not a multiple of 2d when balanced, times negative or unsorted, missing samples.
/// Source  docs/theory/mean_field.md.
[[nodiscard]] Trajectory predict(const MeanFieldProblem& problem, Predictor predictor,
                                 std::span<const double> times, const Matrix* pca_samples = nullptr,
                                 const Vector* test_spectrum = nullptr);

/// What becomes of a component by the stopping time.
enum class ComponentStatus {
  Learned,     ///< past half of its limit
  Partial,     ///< will be learned, not yet past half
  Suppressed,  ///< below the threshold: its limit is 0
  Null,        ///< no variance in the data
};
[[nodiscard]] std::string_view to_string(ComponentStatus status);

struct Summary {
  Vector gain_limit;                             ///< a_j at t = ∞
  Vector gain_at_stop;                           ///< a_j at the stopping time
  std::vector<std::optional<double>> half_time;  ///< nothing where undefined
  std::vector<ComponentStatus> status;
  Index learned = 0;                 ///< K_λ: components with a positive limit, null ones excluded
  double effective_rank = 0.0;       ///< tr A at the stopping time
  double effective_dimension = 0.0;  ///< d_eff of the data
  double initial_loss = 0.0;         ///< L0 = ½ tr S
  double limit_loss = 0.0;           ///< loss at t = ∞
};

/// @param stop_time  t >= 0, may be infinite.
[[nodiscard]] Summary summarize(const MeanFieldProblem& problem, double stop_time);

}  // namespace twofold::theory
