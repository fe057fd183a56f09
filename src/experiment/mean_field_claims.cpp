#include "experiment/mean_field_claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiment/mean_field_quantities.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/mean_field_limits.hpp"

namespace twofold::experiment {
namespace {

using Chosen = std::vector<const MeanFieldResult*>;

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

Claim make_claim(const ClaimOptions& options, const Quantity& quantity, const Comparison& c,
                 const std::string& case_label) {
  Claim claim;
  claim.name =
      options.quantity + c.name + (case_label.empty() ? "" : fmt::format("@{}", case_label));
  claim.title = options.title.empty() ? std::string(quantity.about) : options.title;
  if (!c.title.empty()) claim.title += fmt::format(", {}", c.title);
  if (!case_label.empty()) claim.title += fmt::format(" ({})", case_label);
  claim.predicted = c.predicted;
  claim.measured = c.measured;
  claim.standard_error = c.standard_error;
  claim.tolerance =
      options.tolerance * (options.relative ? std::abs(c.predicted) : 1.0) + c.extra_tolerance;
  claim.reason = options.reason;
  claim.source = options.source;
  return claim;
}

void judge_case(const ClaimOptions& options, const MeanFieldResult& r, std::vector<Claim>& claims) {
  const Quantity& quantity = find_quantity(options.quantity);
  const std::string why = obstacle(r, quantity.needs);
  const std::vector<Comparison> list =
      r.measured.empty() ? std::vector<Comparison>{{"", "", std::nan(""), std::nan("")}}
                         : quantity.evaluate(r, options);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (options.index >= 0 && static_cast<std::size_t>(options.index) != i) continue;
    claims.push_back(make_claim(options, quantity, list[i], r.label));
    judge(claims.back());
    if (why.empty()) continue;
    claims.back().verdict = Verdict::NotApplicable;
    claims.back().why = why;
  }
}

ClaimOptions without_prefix(ClaimOptions options) {
  options.quantity = options.quantity.substr(options.quantity.find(':') + 1);
  return options;
}

// "minimum:denoising": the case whose value is least, on the axis of the sweep.
Comparison minimum_over_cases(const ClaimOptions& inner, const Chosen& results) {
  Comparison least;
  double predicted = 0.0, measured = 0.0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Comparison c = find_quantity(inner.quantity).evaluate(*results[i], inner).front();
    if (i == 0 || c.predicted < predicted)
      predicted = c.predicted, least.predicted = results[i]->value;
    if (i == 0 || c.measured < measured) measured = c.measured, least.measured = results[i]->value;
  }
  return least;
}

// "exponent:excess": slope of log(quantity) against log(value of the case), least squares.
Comparison exponent_over_cases(const ClaimOptions& inner, const Chosen& results) {
  Matrix points(static_cast<Index>(results.size()), 3);  // log value, log predicted, log measured
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Comparison c = find_quantity(inner.quantity).evaluate(*results[i], inner).front();
    points.row(static_cast<Index>(i)) << std::log(results[i]->value), std::log(c.predicted),
        std::log(c.measured);
  }
  points.rowwise() -= points.colwise().mean().eval();
  const double square = points.col(0).squaredNorm();
  return {"", "", points.col(0).dot(points.col(1)) / square,
          points.col(0).dot(points.col(2)) / square};
}

Claim judge_sweep(const ClaimOptions& options, const Chosen& results) {
  const ClaimOptions inner = without_prefix(options);
  const Quantity& quantity = find_quantity(inner.quantity);
  const bool diverged =
      std::ranges::any_of(results, [](const MeanFieldResult* r) { return r->measured.empty(); });
  Comparison c{"", "", std::nan(""), std::nan("")};
  if (!diverged) {
    c = options.quantity.starts_with("minimum:") ? minimum_over_cases(inner, results)
                                                 : exponent_over_cases(inner, results);
  }
  Claim claim = make_claim(options, quantity, c, "");
  judge(claim);
  if (diverged) {
    claim.verdict = Verdict::NotApplicable;
    claim.why = "a simulation of the sweep diverged";
  }
  return claim;
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

Chosen chosen(const ClaimOptions& options, const std::vector<MeanFieldResult>& results) {
  Chosen list;
  for (const MeanFieldResult& r : results) {
    if (options.cases.empty() || std::ranges::find(options.cases, r.label) != options.cases.end()) {
      list.push_back(&r);
    }
  }
  return list;
}

}  // namespace

void check_claim(const ClaimOptions& claim) {
  const std::size_t colon = claim.quantity.find(':');
  const std::string prefix = claim.quantity.substr(0, colon);
  require(colon == std::string::npos || prefix == "minimum" || prefix == "exponent",
          "experiment::mean_field",
          fmt::format("unknown quantity '{}': before a colon stands minimum or exponent",
                      claim.quantity));
  (void)find_quantity(without_prefix(claim).quantity);
}

std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                const std::vector<MeanFieldResult>& results) {
  std::vector<Claim> claims;
  if (spec.claims.empty()) {
    for (const MeanFieldResult& r : results) {
      for (const ClaimOptions& options : default_claims(r)) judge_case(options, r, claims);
    }
  }
  for (const ClaimOptions& options : spec.claims) {
    const Chosen list = chosen(options, results);
    if (options.quantity.find(':') != std::string::npos) {
      claims.push_back(judge_sweep(options, list));
    } else {
      for (const MeanFieldResult* r : list) judge_case(options, *r, claims);
    }
  }
  return claims;
}

}  // namespace twofold::experiment
