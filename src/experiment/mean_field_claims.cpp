#include "experiment/mean_field_claims.hpp"

#include <fmt/format.h>

#include "experiment/judging.hpp"
#include "experiment/mean_field_quantities.hpp"
#include "twofold/theory/mean_field_limits.hpp"

namespace twofold::experiment {
namespace {

// Why a quantity cannot be expected to agree; empty if it can.
std::string obstacle(const MeanFieldResult& r, Needs needs) {
  constexpr double kTrusted = 0.1, kPhasesOnly = 0.5;
  if (r.diverged_at >= 0) {
    return fmt::format("the simulation diverged at step {}", r.diverged_at);
  }
  if (r.asymmetry > kPhasesOnly) {
    return fmt::format(
        "asymmetry {:.3f} > {}: the data are far from x ~ -x; centre them or use "
        "random signs",
        r.asymmetry, kPhasesOnly);
  }
  if (needs == Needs::Symmetry && r.asymmetry > kTrusted) {
    return fmt::format(
        "asymmetry {:.3f} > {}: the network also uses odd moments; phases and slopes "
        "hold, the predicted loss is an upper estimate",
        r.asymmetry, kTrusted);
  }
  return "";
}

std::string_view about(std::string_view quantity) {
  return find_quantity(quantity).about;
}

// For a spec without claims: what the theory promises in any setting.
std::vector<ClaimOptions> default_claims(const MeanFieldResult& r) {
  const MeanFieldSetting& setting = r.setting;
  const bool cancels = setting.dataset.mirrored && setting.spec.model.init != "iid";
  const double tolerance = theory::loss_tolerance(
      setting.spectrum, r.summary.gain_limit,
      {.noise_level = theory::noise_level(setting.spectrum, setting.step, setting.independent),
       .neurons = cancels ? 0 : static_cast<Index>(setting.spec.model.neurons),
       .norm_concentrated = !setting.odd_slope && setting.spec.record.predictor != "L2+"});
  ClaimOptions loss_claim;
  loss_claim.quantity = "loss";
  loss_claim.tolerance = tolerance;
  loss_claim.reason = "noise, width, start and norm terms of docs/theory/mean_field.md#noise";
  loss_claim.source = "docs/theory/mean_field.md#phases";
  ClaimOptions learned_claim;
  learned_claim.quantity = "learned";
  learned_claim.tolerance = 0.5;
  learned_claim.reason = "a count: must be equal";
  learned_claim.source = "docs/theory/mean_field.md#shrinkage";
  return {loss_claim, learned_claim};
}

}  // namespace

std::vector<JudgedCase> judged_cases(const std::vector<MeanFieldResult>& results) {
  return cases_to_judge(results, find_quantity, obstacle);
}

void check_claim(const ClaimOptions& claim) {
  check_claim(claim, about);
}

std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                const std::vector<MeanFieldResult>& results) {
  return judge_spec(spec.claims, judged_cases(results), about,
                    [&](std::size_t i) { return default_claims(results[i]); });
}

}  // namespace twofold::experiment
