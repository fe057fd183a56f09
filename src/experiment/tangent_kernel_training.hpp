// Trains one network of a tangent_kernel case.
#pragma once

#include <functional>
#include <string>

#include "experiment/tangent_kernel_dynamics.hpp"
#include "twofold/experiment/run_folder.hpp"
#include "twofold/experiment/system.hpp"
#include "twofold/train/tangent_descent.hpp"

namespace twofold::experiment {

/// What training left.
struct TangentTrained {
  RunStatus status = RunStatus::Finished;
  train::TangentDescentStatus how = train::TangentDescentStatus::Finished;
  std::int64_t steps = 0;   ///< updates made
  double step = 0.0;        ///< η
  std::string arithmetic;   ///< what computed the steps
  double start_norm = 0.0;  ///< ‖W_0‖
  train::WeightMovement movement;
  std::int64_t catapults = 0;          ///< rises of the loss that are over
  std::vector<train::Catapult> rises;  ///< the first of them, and one that is not over
  std::vector<double> loss;            ///< before each step, and at the end
  std::vector<std::int64_t> records;   ///< steps at which residuals were looked at
  std::vector<double> deviations;      ///< what `deviation` said of them
  Matrix start_output, output;         ///< on the queries
};

/// η of the spec, or 1.8/λ_max of the kernel of the network at its start.
/// @param reference  λ_max of infinite width.
/// @throws InvalidArgument  if that kernel is 0.
[[nodiscard]] double training_step(const TangentSetting& setting, double reference,
                                   std::uint64_t seed, ThreadPool& pool);

/// What is to be remembered of the residual E_t (n×d) at a reported step; may be empty.
using Deviation = std::function<double(std::int64_t t, const Matrix& E)>;

/// @param seed   of the start.  @param step  η > 0.
/// @param id     of the run, for files and progress; training that was stopped goes on from its
///               checkpoint in the folder.
/// @throws DataError  if the checkpoint is damaged or of another run.
[[nodiscard]] TangentTrained train_network(const TangentSetting& setting, std::uint64_t seed,
                                           double step, const Deviation& deviation,
                                           const std::string& id, const RunFolder& folder,
                                           RunContext context);

}  // namespace twofold::experiment
