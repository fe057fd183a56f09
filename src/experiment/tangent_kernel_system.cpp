#include "experiment/tangent_kernel_system.hpp"

#include "experiment/case_running.hpp"
#include "experiment/tangent_kernel_figures.hpp"
#include "experiment/tangent_kernel_quantities.hpp"
#include "experiment/tangent_kernel_simulation.hpp"
#include "experiment/tangent_kernel_theory.hpp"

namespace twofold::experiment {
namespace {

Record judge(const ExperimentSpec& spec, const std::vector<TangentResult>& results,
             const RunFolder& folder, ThreadPool& pool) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = tangent_kernel_figures(spec, results);
  record.pictures = tangent_kernel_pictures(spec, results, folder.path(), pool);
  return record;
}

constexpr CaseLoop<TangentResult, TangentSpec> kLoop{read_tangent_kernel_spec, judge,
                                                     "training diverged at step"};

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  return run_cases(kLoop, spec, folder, context);
}

Json predict(const ExperimentSpec& spec, RunContext context) {
  return predict_cases(kLoop, spec, context);
}

void check(const ExperimentSpec& spec) {
  check_cases(spec, read_tangent_kernel_spec, about_tangent_kernel, check_tangent_kernel_claim,
              check_tangent_kernel_figure);
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_tangent_kernel_spec(document));
}

}  // namespace

System tangent_kernel_system() {
  return {"tangent_kernel",
          "wide ReLU autoencoders, weak, joint or tied, predicted from their tangent kernel",
          tangent_kernel_quantities,
          resolve,
          check,
          predict,
          tangent_kernel_prediction_text,
          run};
}

}  // namespace twofold::experiment
