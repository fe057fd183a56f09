#include <algorithm>

#include "recovery_modes.hpp"
#include "twofold/theory/dictionary_recovery.hpp"

namespace twofold::theory {
namespace {

// A step well below the edge: the end of the recursion does not depend on it.
double settled(const data::DictionaryModel& model, RecoveryGradient kind, double bias) {
  if (model.law == data::CodeLaw::Mixture || model.sparsity == 1) return 0.0;
  return population_floor(model, kind, safe_step(model, kind), 200, bias);
}

// α/(2 − α) for fresh batches, 1 for a fixed one; mixture: mean over components, weighted by
// their floors.
double fresh_share(const data::DictionaryModel& model, const RecoveryRun& run, double bias) {
  if (run.fresh_batch == 0) return 1.0;
  const auto share = [](double contraction) {
    const double alpha = 1.0 - contraction;
    return alpha / (2.0 - alpha);
  };
  if (model.law != data::CodeLaw::Mixture) {
    return share(1.0 - run.step * model.kappa2() / leading_stiffness(model));
  }
  const Vector floors = mixture_floors(model, 1, run.gradient, bias);
  const double unit = step_unit(model);
  double sum = 0.0;
  for (Index j = 0; j < model.size(); ++j) {
    const double alpha = model.atoms.row(j).norm();
    const double tau = run.step * unit * model.weights[j] * alpha * alpha;
    sum += floors[j] * share(contraction(tau, 1.0, bias / alpha, run.gradient));
  }
  return floors.sum() > 0.0 ? sum / floors.sum() : 0.0;
}

}  // namespace

RecoveryPrediction predict_recovery(const data::DictionaryModel& model, const RecoveryRun& run) {
  check_run(model, run, "theory::predict_recovery");
  const double last = bias_at(run, run.iterations);
  const auto samples =
      run.fresh_batch > 0 ? static_cast<std::uint64_t>(run.fresh_batch) : run.samples;
  RecoveryPrediction out;
  out.floor = settled(model, RecoveryGradient::Full, 0.0);
  out.floor_decoder_only = settled(model, RecoveryGradient::DecoderOnly, 0.0);
  const double share = fresh_share(model, run, last);
  const SampleFloor terms = sample_floor(model, run.gradient, samples, last);
  out.noise_term = share * terms.noise;
  out.sampling_term = share * terms.sampling;
  if (last < 0.0) {
    const double unbiased =
        run.gradient == RecoveryGradient::Full ? out.floor : out.floor_decoder_only;
    out.bias_term = settled(model, run.gradient, last) - unbiased + share * terms.bias;
  }
  out.error = recovery_curve(model, run);
  for (std::size_t t = 0; t < out.error.size(); ++t) {
    out.iteration.push_back(static_cast<double>(t));
  }
  out.final_error = out.error.back();
  const double unit = step_unit(model);
  out.step = run.step * unit;
  out.step_edge = step_edge(model, last, run.gradient) * unit;
  const double gate = last < 0.0 ? -last : run.threshold;
  out.label_error = label_error(model, gate, 0.0).rate;
  out.consistency = code_consistency(model, gate, 0.0);
  out.assumptions = recovery_assumptions(model, run);
  return out;
}

}  // namespace twofold::theory
