// One mean_field case: what is simulated, and what came out of theory and simulation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/experiment/mean_field_spec.hpp"
#include "twofold/experiment/record.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/theory/mean_field_prediction.hpp"

namespace twofold::experiment {

/// Components that are judged together: equal eigenvalues (individual eigenvectors are then
/// arbitrary), else one component.
struct Block {
  std::string label;
  Index first = 0, count = 1;
  double eigenvalue = 0.0;
};

/// A spec with its data opened and every number in absolute units.
struct MeanFieldSetting {
  MeanFieldSpec spec;
  std::int64_t seed = 1;
  data::Dataset dataset;
  model::Activation activation;
  std::optional<double> odd_slope;  ///< c where the odd part of σ is c·u

  Vector spectrum;  ///< s_j of the training data, descending
  Matrix basis;     ///< d×d, columns v_j; empty if coordinates are the v_j already
  std::vector<Block> blocks;

  double penalty = 0.0;   ///< λ
  double step = 0.0;      ///< η
  Index independent = 0;  ///< independent samples per batch; 0 = full batch
  std::int64_t steps = 0;
  std::vector<double> times;               ///< as asked for
  std::vector<std::int64_t> record_steps;  ///< nearest steps, strictly increasing

  MatrixF test;          ///< rows on which losses and slopes are measured
  Vector test_spectrum;  ///< mean of (v_jᵀ x)² over them
  MatrixF train_rows;    ///< all training rows if they are few, else empty
  MatrixF clean_test;    ///< test rows before noise was added; empty without [data] noise

  [[nodiscard]] double initial_loss() const { return 0.5 * spectrum.sum(); }
  [[nodiscard]] Index leading() const;  ///< components judged: min(d, record.components)
  /// Training time `after` so many updates, Σ η_k.
  [[nodiscard]] double time_of(std::int64_t after) const;
};

/// Opens the data, finds the principal axes and resolves times, step and penalty. What only a
/// simulation needs (test rows) is left out unless `with_test_rows`.
/// @throws InvalidArgument, DataError with what to change.
[[nodiscard]] MeanFieldSetting make_setting(MeanFieldSpec spec, std::int64_t seed,
                                            bool with_test_rows, ThreadPool& pool,
                                            Observer& observer);

/// Rows in principal coordinates: X V.
[[nodiscard]] Matrix principal_coordinates(const MeanFieldSetting& setting, const Matrix& rows);

/// Curves over the record times; one row per time in the matrices. What was not measured is
/// empty.
struct Path {
  Vector time;
  Vector loss;             ///< on the test rows
  Vector train_loss;       ///< on the training rows with both signs
  Vector denoising;        ///< E‖x̂ − clean‖²
  Vector cloud_asymmetry;  ///< ‖mean w‖ / rms ‖w‖
  Vector linear_loss;      ///< of the linear part alone; the rest is the even part's energy
  Matrix scale;            ///< u_j, all components
  Matrix gain;             ///< a_j = m(q) u_j, all components
  Matrix slope;            ///< regression of x̂_j on x_j, leading components
};

/// Theory and simulation of one case.
struct MeanFieldResult {
  std::string label;
  double value = 0.0;
  MeanFieldSetting setting;
  theory::Summary summary;
  Path predicted;  ///< at the times of the records
  Vector loss_low, loss_high;
  Path curve;  ///< the same on many times, for figures; empty without training
  Vector curve_low, curve_high;
  std::vector<Path> measured;  ///< one per repeat
  double asymmetry = 0.0;      ///< ρ of what the network is shown
  std::vector<TrustEntry> trust;
  std::vector<std::string> arithmetic;  ///< of the repeats, each kind once
  std::int64_t diverged_at = -1;        ///< step at which a simulation left the finite numbers
  double simulate_s = 0.0, predict_s = 0.0;
};

}  // namespace twofold::experiment
