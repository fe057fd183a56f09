#include "experiment/tangent_kernel_quantities.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/figure_making.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::tangent_kernel";
constexpr double kErrors = 2.0;  // expected ones that a run may be away
constexpr double kGainErrors = 6.7;
constexpr double kEasyWidth = 2.0;  // times the structural width: from there on starts succeed

using Comparisons = std::vector<Comparison>;

Comparison beside(const MeanComparison& value) {
  return {"", "", value.predicted, value.measured.mean, value.measured.standard_error};
}

// NaN where it was not measured: `obstacle` says why.
MeanComparison value_of(const TangentResult& r, std::string_view key) {
  return compared(r, std::string(key)).value_or(MeanComparison{kNoNumber, {kNoNumber, kNoNumber}});
}

template <typename Number>
numerics::MeanAndError over_repeats(const TangentResult& r, Number&& number) {
  std::vector<double> values;
  for (const TangentMeasured& m : r.measured) values.push_back(number(m));
  numerics::MeanAndError result = numerics::mean_and_error(values);
  if (values.size() == 1) result.standard_error = 0.0;
  return result;
}

/// What a comparison rests on.
enum class Basis {
  Curve,    ///< a stable step, and a kernel of a size that can be decomposed
  Queries,  ///< unseen samples
  Outputs,  ///< the predictor on unseen samples: both of the above, untied
  Target,   ///< train.target
  Course    ///< nothing: runs that diverged count
};

struct Needs {
  Basis basis;
  std::string_view key;  ///< of the values in tangent_kernel_simulation.hpp
};

struct Quantity {
  std::string_view name;
  std::string_view about;
  Needs needs;
  Comparisons (*evaluate)(const TangentResult&, const ClaimOptions&);
};

const Quantity& find_quantity(std::string_view name);

// A value as it is.
Comparisons plain(const TangentResult& r, const ClaimOptions& claim) {
  return {beside(value_of(r, find_quantity(claim.quantity).needs.key))};
}

// The claim's time is a step that was reported; without one it is the end.
Comparisons loss(const TangentResult& r, const ClaimOptions& claim) {
  if (claim.time < 0.0) return {beside(value_of(r, "final loss"))};
  const auto step = static_cast<std::int64_t>(claim.time);
  std::vector<double> predicted;
  const auto measured = over_repeats(r, [&](const TangentMeasured& m) {
    const auto at = std::ranges::find(m.records, step);
    // The run ended before, at its target.
    if (at == m.records.end() || m.predicted_loss.empty()) return kNoNumber;
    const auto i = static_cast<std::size_t>(at - m.records.begin());
    predicted.push_back(m.predicted_loss[i] / m.predicted_loss.front());
    return m.loss[static_cast<std::size_t>(step)] / m.loss.front();
  });
  return {
      beside({predicted.empty() ? kNoNumber : numerics::mean_and_error(predicted).mean, measured})};
}

Comparisons times_root_width(const TangentResult& r, const ClaimOptions& claim) {
  MeanComparison value = value_of(r, find_quantity(claim.quantity).needs.key);
  const double root = std::sqrt(static_cast<double>(r.setting.neurons()));
  value.predicted *= root;
  value.measured.mean *= root;
  value.measured.standard_error *= root;
  return {beside(value)};
}
// Below its structural width no network can; twice as wide they do.
Comparisons reached(const TangentResult& r, const ClaimOptions&) {
  MeanComparison value = value_of(r, "reached");
  const auto least =
      static_cast<double>(theory::structural_width(r.setting.size(), r.setting.rates()));
  value.predicted = static_cast<double>(r.setting.neurons()) >= kEasyWidth * least ? 1.0 : 0.0;
  return {beside(value)};
}

constexpr std::array<Quantity, 21> kQuantities{
    Quantity{"loss",
             "loss over the first, at the claim's time (a reported step) or the end",
             {Basis::Curve, "final loss"},
             loss},
    Quantity{"slope",
             "d ln L/d step where the predicted curve is in record.window",
             {Basis::Curve, "slope"},
             plain},
    Quantity{"trajectory",
             "largest ‖E_t − predicted‖/‖E_0‖ of the reported steps; predicted: 0",
             {Basis::Curve, "trajectory"},
             plain},
    Quantity{"trajectory_constant",
             "largest ‖E_t − predicted‖/‖E_0‖ of the reported steps, times √N; predicted: 0",
             {Basis::Curve, "trajectory"},
             times_root_width},
    Quantity{"encoder_movement",
             "Frobenius norm of the encoder's move",
             {Basis::Curve, "encoder movement"},
             plain},
    Quantity{"decoder_movement",
             "Frobenius norm of the decoder's move",
             {Basis::Curve, "decoder movement"},
             plain},
    Quantity{"relative_movement",
             "the encoder's move over its norm at the start",
             {Basis::Curve, "relative movement"},
             plain},
    Quantity{"movement_constant",
             "the encoder's move over its norm at the start, times √N",
             {Basis::Curve, "relative movement"},
             times_root_width},
    Quantity{"flips",
             "fraction of the pairs (neuron, sample) that changed side",
             {Basis::Curve, "flips"},
             plain},
    Quantity{"steps_to_target",
             "steps until the loss is below train.target of the first",
             {Basis::Target, "steps"},
             plain},
    Quantity{"reached",
             "share of the starts that reach train.target; predicted: 1 from twice the structural "
             "width on, 0 below. A case with this claim or figure may diverge",
             {Basis::Course, "reached"},
             reached},
    Quantity{"guaranteed",
             "share of the starts with L_t <= (1 − ηλ_min/2)^t L_0 down to 1e-6",
             {Basis::Course, "guaranteed"},
             plain},
    Quantity{"monotone",
             "share of the starts whose loss never rises; predicted: 1 below 2/λ_max",
             {Basis::Course, "monotone"},
             plain},
    Quantity{"diverged",
             "share of the starts whose loss exceeds train.divergence_limit; predicted: "
             "1 above 2/λ_max. A case with this claim may diverge",
             {Basis::Course, "diverged"},
             plain},
    Quantity{"initial_loss",
             "loss before training, in the units of the data squared",
             {Basis::Course, "initial loss"},
             plain},
    Quantity{"start_gain",
             "‖u_0(x)‖/‖x‖ of the untrained network on unseen samples",
             {Basis::Queries, "start gain"},
             plain},
    Quantity{
        "test_error", "mean ‖x − f(x)‖² of unseen samples", {Basis::Outputs, "test error"}, plain},
    Quantity{"prediction",
             "‖F − F_predicted‖/‖F_predicted‖ over unseen samples; predicted: 0",
             {Basis::Outputs, "prediction"},
             plain},
    Quantity{"off_span",
             "share of the outputs outside the span of the samples; predicted: 0",
             {Basis::Outputs, "off span"},
             plain},
    Quantity{"start_noise",
             "variance per coordinate that the start leaves in outputs",
             {Basis::Outputs, "start noise"},
             plain},
    Quantity{"pair_rate",
             "two samples: −d ln L/d step in record.window, beside the law of their angle",
             {Basis::Curve, "pair rate"},
             plain}};

const Quantity& find_quantity(std::string_view name) {
  return find_by_name(kQuantities, name, kWhere);
}

// Why there is no such value.
std::string missing(const TangentResult& r, const Needs& needs) {
  const TangentSpec& spec = r.setting.spec;
  const bool of_queries = needs.basis == Basis::Queries || needs.basis == Basis::Outputs;
  if (of_queries && r.setting.queries.rows() == 0) {
    return "there are no unseen samples: see data.split, data.samples and predict.queries";
  }
  if (spec.train.steps == 0) return "nothing is trained: train.steps = 0";
  if (spec.train.halve) return "the step was halved on the way: no curve belongs to such a run";
  if (needs.key == "pair rate" && compared(r, "slope")) {
    return "at so large a step the pair's other mode is the slower one: see train.step";
  }
  if (needs.key == "slope" || needs.key == "pair rate") {
    return fmt::format(
        "the predicted loss has fewer than two steps in record.window = [{}]: see "
        "train.steps",
        fmt::join(spec.record.window, ", "));
  }
  return fmt::format("there is no '{}' in this case", needs.key);
}

std::string obstacle(const TangentResult& r, Needs needs) {
  const auto value = compared(r, std::string(needs.key));
  const bool absent = !r.measured.empty() && !value;
  if (needs.basis == Basis::Course) return absent ? missing(r, needs) : "";
  if (r.diverged_at >= 0) return fmt::format("training diverged at step {}", r.diverged_at);
  if (needs.basis == Basis::Target || needs.basis == Basis::Queries) {
    return absent ? missing(r, needs) : "";
  }
  const TangentTheory& t = r.predicted;
  if (t.step >= t.stable_step()) {
    return fmt::format("the step is {:.3g}/λ_max, above 2/λ_max: linear theory has no limit there",
                       2.0 * t.step / t.stable_step());
  }
  if (needs.basis == Basis::Outputs && r.setting.spec.tied()) {
    return "theory has no predictor of tied networks: they are not lazy";
  }
  if (std::isnan(t.smallest)) {
    return fmt::format("the tied kernel of {} samples of length {} is too large to decompose",
                       r.setting.size(), r.setting.dimension());
  }
  return absent || (value && std::isnan(value->predicted)) ? missing(r, needs) : "";
}

// Without a fluctuation there is nothing to judge by.
std::vector<ClaimOptions> default_claims(const TangentResult& r) {
  const double error = r.predicted.trajectory_error;
  const double root = std::sqrt(static_cast<double>(r.setting.neurons()));
  ClaimOptions curve;
  curve.source = "docs/theory/tangent_kernel.md#width";
  if (r.setting.spec.tied() && r.setting.queries.rows() > 0) {
    curve.quantity = "start_gain";
    curve.relative = true;
    curve.tolerance = kGainErrors / root;
    curve.reason = "three standard errors, √5/√N each, of a mean over N neurons for one input";
    curve.source = "docs/theory/tangent_kernel.md#tying";
    return {curve};
  }
  if (!(error > 0.0)) return {};
  curve.quantity = "trajectory_constant";
  curve.tolerance = kErrors * error * root;
  curve.reason = "twice the root mean square over starts: one start varies, and kernels also move";
  return {curve};
}

}  // namespace

std::vector<JudgedCase> judged_cases(const std::vector<TangentResult>& results) {
  return cases_to_judge(results, find_quantity, obstacle);
}

std::string_view about_tangent_kernel(std::string_view quantity) {
  return find_quantity(quantity).about;
}

void check_quantity(std::string_view quantity, const TangentSpec& spec) {
  const Basis basis = find_quantity(quantity).needs.basis;
  const std::string& mode = spec.train.mode;
  require((basis != Basis::Target && quantity != "reached") || spec.train.target > 0.0, kWhere,
          fmt::format("quantity '{}' needs train.target", quantity));
  require((basis != Basis::Queries && basis != Basis::Outputs) || spec.predict.queries > 0, kWhere,
          fmt::format("quantity '{}' needs predict.queries", quantity));
  const bool of_encoder = quantity == "encoder_movement" || quantity == "flips";
  require((!of_encoder || mode == "weak" || mode == "joint") &&
              (quantity != "decoder_movement" || mode == "decoder" || mode == "joint"),
          kWhere,
          fmt::format("quantity '{}' is of a factor that mode = \"{}\" does not train by itself",
                      quantity, mode));
  require(quantity != "pair_rate" || (mode == "weak" && spec.data.samples == 2), kWhere,
          fmt::format("quantity 'pair_rate' is the law of two samples (data.samples = 2) in mode "
                      "weak, not of {} in mode {}",
                      spec.data.samples, mode));
}

void check_tangent_kernel_claim(const ClaimOptions& claim, const TangentSpec& spec) {
  check_quantity(claim.quantity, spec);
  if (claim.quantity != "loss" || claim.time < 0.0) return;
  const std::vector<std::int64_t> steps = reported_steps(spec);
  const bool reported = std::ranges::any_of(
      steps, [&](std::int64_t step) { return static_cast<double>(step) == claim.time; });
  require(reported, kWhere,
          fmt::format("claim 'loss': time = {} is not a reported step: name it in record.steps",
                      claim.time));
}

bool expects_divergence(const ExperimentSpec& spec, const TangentResult& result) {
  const auto expects = [&](const std::string& quantity, const std::vector<std::string>& cases) {
    return (quantity == "diverged" || quantity == "reached") &&
           (cases.empty() || std::ranges::find(cases, result.label) != cases.end());
  };
  return std::ranges::any_of(spec.claims,
                             [&](const ClaimOptions& c) { return expects(c.quantity, c.cases); }) ||
         std::ranges::any_of(spec.figures, [&](const FigureOptions& f) {
           return expects(swept_quantity(f), f.cases);
         });
}

std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                const std::vector<TangentResult>& results) {
  return judge_spec(spec.claims, judged_cases(results), about_tangent_kernel,
                    [&](std::size_t i) { return default_claims(results[i]); });
}

std::span<const std::pair<std::string_view, std::string_view>> tangent_kernel_quantities() {
  static const auto list = named_quantities(kQuantities);
  return list;
}

}  // namespace twofold::experiment
