#include "experiment/dictionary_recovery_baselines.hpp"

#include "experiment/dictionary_recovery_measurement.hpp"

namespace twofold::experiment {

void measure_baselines(const RecoverySetting&, const data::Dataset&, const Matrix&, const Matrix&,
                       const Matrix&, RecoveryMeasured&, ThreadPool&) {}

}  // namespace twofold::experiment
