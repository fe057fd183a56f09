// Trains one repeat of a tangent_kernel case and sets it against the theory of its own start.
#pragma once

#include <string>

#include "experiment/tangent_kernel_case.hpp"
#include "twofold/experiment/run_folder.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// How the simulation of one repeat ended.
struct TangentSimulated {
  RunStatus status = RunStatus::Finished;
  std::int64_t stopped_at = -1;  ///< step of a divergence
  std::string arithmetic;        ///< what computed the steps
  TangentMeasured measured;
};

/// One repeat, with seed setting.seed + repeat for samples and start. A finished one found in the
/// folder is read back; training that was stopped goes on from its checkpoint. Outputs on the
/// queries are left in arrays/.
///
/// Values, each predicted and measured:
///   "initial loss", "final loss"   L_0; L_T/L_0
///   "slope"                        of ln L per step in record.window
///   "pair rate"                    two samples, encoder alone: −slope beside their angle's law
///   "trajectory"                   max over records of ‖E_t − predicted‖/‖E_0‖; predicted 0
///   "steps"                        to reach train.target
///   "reached", "guaranteed", "monotone", "diverged"   1 or 0
///   "catapults"                    rises of the loss that ended below where they began
///   "encoder movement", "decoder movement", "relative movement"
///   "flips"                        fraction of the pairs (neuron, sample)
///   "start gain"                   ‖u_0‖/‖x‖, root mean square over the queries
///   "test error"                   mean ‖x − f(x)‖² over the queries
///   "prediction"                   ‖F − F_pred‖/‖F_pred‖ over the queries; predicted 0
///   "off span"                     ‖F − PF‖/‖F‖, P on the span of the samples; predicted 0
///   "start noise"                  mean square over coordinates of f − E f
/// @param result  with its setting and theory.  @param name  of the case, for files.
/// @throws DataError  if what is found in the folder is damaged.
[[nodiscard]] TangentSimulated simulate(const TangentResult& result, std::int64_t repeat,
                                        const std::string& name, const RunFolder& folder,
                                        RunContext context);

}  // namespace twofold::experiment
