#include "experiment/dictionary_recovery_system.hpp"

#include "experiment/case_running.hpp"
#include "experiment/dictionary_recovery_figures.hpp"
#include "experiment/dictionary_recovery_quantities.hpp"
#include "experiment/dictionary_recovery_simulation.hpp"
#include "experiment/dictionary_recovery_theory.hpp"

namespace twofold::experiment {
namespace {

Record judge(const ExperimentSpec& spec, const std::vector<RecoveryResult>& results,
             const RunFolder& folder, ThreadPool&) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = dictionary_recovery_figures(spec, results);
  record.pictures = dictionary_recovery_pictures(spec, results, folder.path());
  return record;
}

constexpr CaseLoop<RecoveryResult, RecoverySpec> kLoop{read_dictionary_recovery_spec, judge,
                                                       "training collapsed at iteration"};

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  return run_cases(kLoop, spec, folder, context);
}

Json predict(const ExperimentSpec& spec, RunContext context) {
  return predict_cases(kLoop, spec, context);
}

void check(const ExperimentSpec& spec) {
  const auto check_needs = [](const ClaimOptions& claim, const RecoverySpec& one) {
    check_quantity(claim.quantity, one);
  };
  check_cases<RecoverySpec>(spec, read_dictionary_recovery_spec, about_dictionary_recovery,
                            check_needs, check_dictionary_recovery_figure);
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_dictionary_recovery_spec(document));
}

}  // namespace

System dictionary_recovery_system() {
  return {"dictionary_recovery",
          "tied autoencoders that recover mixtures, sparse and non-negative dictionaries",
          dictionary_recovery_quantities,
          resolve,
          check,
          predict,
          dictionary_recovery_prediction_text,
          run};
}

}  // namespace twofold::experiment
