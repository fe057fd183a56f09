#include "experiment/dictionary_recovery_system.hpp"

#include <algorithm>

#include "experiment/case_running.hpp"
#include "experiment/dictionary_recovery_figures.hpp"
#include "experiment/dictionary_recovery_quantities.hpp"
#include "experiment/dictionary_recovery_simulation.hpp"
#include "experiment/dictionary_recovery_theory.hpp"

namespace twofold::experiment {
namespace {

Record judge(const ExperimentSpec& spec, const std::vector<RecoveryResult>& results,
             const RunFolder& folder) {
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

// What claims and figures need is asked of the cases they are about.
template <typename Options>
bool names(const Options& options, const Case& c) {
  return options.cases.empty() || std::ranges::find(options.cases, c.label) != options.cases.end();
}

void check(const ExperimentSpec& spec) {
  for (const ClaimOptions& claim : spec.claims) check_claim(claim, about_dictionary_recovery);
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    const RecoverySpec one = read_dictionary_recovery_spec(document);
    for (const ClaimOptions& claim : spec.claims) {
      if (names(claim, c)) check_quantity(claim.quantity.substr(claim.quantity.find(':') + 1), one);
    }
    for (const FigureOptions& figure : spec.figures) {
      if (names(figure, c)) check_dictionary_recovery_figure(figure, one);
    }
  }
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
