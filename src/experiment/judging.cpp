#include "experiment/judging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "twofold/core/error.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::experiment {
namespace {

using Cases = std::vector<const JudgedCase*>;

constexpr std::string_view kSkipped = "the prediction was skipped: predict.skip = true";

Claim make_claim(const ClaimOptions& options, std::string_view about, const Comparison& c,
                 const std::string& case_label) {
  Claim claim;
  claim.name =
      options.quantity + c.name + (case_label.empty() ? "" : fmt::format("@{}", case_label));
  claim.title = options.title.empty() ? std::string(about) : options.title;
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

void judge_case(const ClaimOptions& options, const JudgedCase& one, std::string_view about,
                std::vector<Claim>& claims) {
  const std::string why = one.predicted ? one.obstacle(options) : std::string(kSkipped);
  const std::vector<Comparison> list =
      one.comparable() ? one.evaluate(options)
                       : std::vector<Comparison>{{"", "", std::nan(""), std::nan("")}};
  require(!one.comparable() || options.index < static_cast<std::int64_t>(list.size()),
          "experiment::judge_claims",
          fmt::format("claim '{}': index = {}, but there are {} values, counted from 0",
                      options.quantity, options.index, list.size()));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool other = options.index >= 0 && static_cast<std::size_t>(options.index) != i;
    if (one.comparable() && other) continue;
    claims.push_back(make_claim(options, about, list[i], one.label));
    judge(claims.back());
    if (why.empty()) continue;
    claims.back().verdict = Verdict::NotApplicable;
    claims.back().why = why;
  }
}

bool about_sweep(const ClaimOptions& options) {
  return options.quantity.find(':') != std::string::npos;
}

ClaimOptions without_prefix(ClaimOptions options) {
  options.quantity = options.quantity.substr(options.quantity.find(':') + 1);
  return options;
}

// A sweep needs one number of each case: that of the claim's index, or the first.
Comparison one_comparison(const ClaimOptions& inner, const JudgedCase& one) {
  const std::vector<Comparison> list = one.evaluate(inner);
  const std::int64_t index = std::max<std::int64_t>(0, inner.index);
  require(index < static_cast<std::int64_t>(list.size()), "experiment::judge_claims",
          fmt::format("quantity '{}' has nothing at index {} in case '{}', only {} comparison(s)",
                      inner.quantity, index, one.label, list.size()));
  return list[static_cast<std::size_t>(index)];
}

// "minimum:denoising": the case whose value is least, on the axis of the sweep.
Comparison minimum_over_cases(const ClaimOptions& inner, const Cases& cases) {
  Comparison least;
  double predicted = 0.0, measured = 0.0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Comparison c = one_comparison(inner, *cases[i]);
    if (i == 0 || c.predicted < predicted)
      predicted = c.predicted, least.predicted = cases[i]->value;
    if (i == 0 || c.measured < measured) measured = c.measured, least.measured = cases[i]->value;
  }
  return least;
}

// "exponent:excess": slope of log(quantity) against log(value of the case), least squares.
Comparison exponent_over_cases(const ClaimOptions& inner, const Cases& cases) {
  Matrix points(static_cast<Index>(cases.size()), 3);  // log value, log predicted, log measured
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Comparison c = one_comparison(inner, *cases[i]);
    points.row(static_cast<Index>(i)) << std::log(cases[i]->value), std::log(c.predicted),
        std::log(c.measured);
  }
  points.rowwise() -= points.colwise().mean().eval();
  const double square = points.col(0).squaredNorm();
  return {"", "", points.col(0).dot(points.col(1)) / square,
          points.col(0).dot(points.col(2)) / square};
}

Claim judge_sweep(const ClaimOptions& options, const Cases& cases, std::string_view about) {
  const ClaimOptions inner = without_prefix(options);
  const auto missing = std::ranges::find_if_not(cases, &JudgedCase::comparable);
  Comparison c{"", "", std::nan(""), std::nan("")};
  if (missing == cases.end()) {
    c = options.quantity.starts_with("minimum:") ? minimum_over_cases(inner, cases)
                                                 : exponent_over_cases(inner, cases);
  }
  Claim claim = make_claim(options, about, c, "");
  judge(claim);
  if (missing != cases.end()) {
    claim.verdict = Verdict::NotApplicable;
    claim.why = (*missing)->predicted ? "a simulation of the sweep diverged" : kSkipped;
  }
  return claim;
}

}  // namespace

void check_claim(const ClaimOptions& claim, AboutQuantity about) {
  const std::string prefix = claim.quantity.substr(0, claim.quantity.find(':'));
  require(!about_sweep(claim) || prefix == "minimum" || prefix == "exponent",
          "experiment::check_claim",
          fmt::format("unknown quantity '{}': before a colon stands minimum or exponent",
                      claim.quantity));
  (void)about(without_prefix(claim).quantity);
}

std::vector<Claim> judge_claims(const ClaimOptions& options, const std::vector<JudgedCase>& cases,
                                AboutQuantity about) {
  const Cases list = chosen_results(options.cases, cases);
  const std::string_view text = about(without_prefix(options).quantity);
  if (about_sweep(options)) return {judge_sweep(options, list, text)};
  std::vector<Claim> claims;
  for (const JudgedCase* one : list) judge_case(options, *one, text, claims);
  return claims;
}

std::vector<Claim> judge_spec(
    const std::vector<ClaimOptions>& claims, const std::vector<JudgedCase>& cases,
    AboutQuantity about,
    const std::function<std::vector<ClaimOptions>(std::size_t index)>& defaults) {
  std::vector<Claim> judged;
  const auto add = [&](const ClaimOptions& options, const std::vector<JudgedCase>& about_these) {
    std::ranges::move(judge_claims(options, about_these, about), std::back_inserter(judged));
  };
  for (const ClaimOptions& options : claims) add(options, cases);
  for (std::size_t i = 0; i < cases.size() && claims.empty(); ++i) {
    if (!cases[i].predicted) continue;
    for (const ClaimOptions& options : defaults(i)) add(options, {cases[i]});
  }
  return judged;
}

void refuse_quantity(std::string_view name, const std::vector<std::string_view>& known,
                     std::string_view where) {
  const std::string near = nearest_name(name, known);
  throw InvalidArgument(
      where, fmt::format("unknown quantity '{}'{}; see twofold list quantities", name,
                         near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

}  // namespace twofold::experiment
