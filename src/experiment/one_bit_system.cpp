#include "experiment/one_bit_system.hpp"

#include "experiment/case_running.hpp"
#include "experiment/one_bit_figures.hpp"
#include "experiment/one_bit_quantities.hpp"
#include "experiment/one_bit_simulation.hpp"
#include "experiment/one_bit_theory.hpp"

namespace twofold::experiment {
namespace {

Record judge(const ExperimentSpec& spec, const std::vector<OneBitResult>& results,
             const RunFolder& folder, ThreadPool&) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = one_bit_figures(spec, results);
  record.pictures = one_bit_pictures(spec, results, folder.path());
  return record;
}

constexpr CaseLoop<OneBitResult, OneBitSpec> kLoop{read_one_bit_spec, judge,
                                                   "training diverged at step", "fourth_moment"};

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  return run_cases(kLoop, spec, folder, context);
}

Json predict(const ExperimentSpec& spec, RunContext context) {
  return predict_cases(kLoop, spec, context);
}

void check(const ExperimentSpec& spec) {
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    (void)read_one_bit_spec(document);
  }
  for (const ClaimOptions& claim : spec.claims) check_claim(claim, about_one_bit);
  for (const FigureOptions& figure : spec.figures) check_one_bit_figure(figure);
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_one_bit_spec(document));
}

}  // namespace

System one_bit_system() {
  return {
      "one_bit",
      "sign codes of sparse data: Gaussian limit, sparsity transition, denoised and multi-layer "
      "decoders",
      one_bit_quantities,
      resolve,
      check,
      predict,
      one_bit_prediction_text,
      run};
}

}  // namespace twofold::experiment
