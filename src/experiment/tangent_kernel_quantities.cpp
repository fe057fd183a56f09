#include "experiment/tangent_kernel_quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/figure_making.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::tangent_kernel";
constexpr double kEasyWidth = 2.0;  // times the structural width: from there on starts succeed

using Comparisons = std::vector<Comparison>;

Comparison beside(const MeanComparison& value) {
  return {"", "", value.predicted, value.measured.mean, value.measured.standard_error};
}

MeanComparison value_or_refuse(const TangentResult& r, const std::string& key) {
  const auto value = compared(r, key);
  require(
      value.has_value(), kWhere,
      fmt::format("'{}' was not measured in case '{}': see [train] and [predict]", key, r.label));
  return *value;
}

template <typename Number>
numerics::MeanAndError over_repeats(const TangentResult& r, Number&& number) {
  std::vector<double> values;
  for (const TangentMeasured& m : r.measured) values.push_back(number(m));
  numerics::MeanAndError result = numerics::mean_and_error(values);
  if (values.size() == 1) result.standard_error = 0.0;
  return result;
}

// A value under its own name. Keys: see tangent_kernel_simulation.hpp.
template <const char* key>
Comparisons plain(const TangentResult& r, const ClaimOptions&) {
  return {beside(value_or_refuse(r, key))};
}
constexpr char kInitialLoss[] = "initial loss", kSlope[] = "slope", kSteps[] = "steps",
               kGuaranteed[] = "guaranteed", kMonotone[] = "monotone", kDiverged[] = "diverged",
               kEncoder[] = "encoder movement", kDecoder[] = "decoder movement",
               kRelative[] = "relative movement", kFlips[] = "flips", kGain[] = "start gain",
               kTestError[] = "test error", kPrediction[] = "prediction", kOffSpan[] = "off span",
               kNoise[] = "start noise", kTrajectory[] = "trajectory", kPairRate[] = "pair rate";

// The claim's time is a step that was reported; without one it is the end.
Comparisons loss(const TangentResult& r, const ClaimOptions& claim) {
  if (claim.time < 0.0) return {beside(value_or_refuse(r, "final loss"))};
  const auto step = static_cast<std::int64_t>(claim.time);
  std::vector<double> predicted;
  const auto measured = over_repeats(r, [&](const TangentMeasured& m) {
    const auto at = std::ranges::find(m.records, step);
    require(at != m.records.end() && !m.predicted_loss.empty(), kWhere,
            fmt::format("step {} was not reported in case '{}': name it in record.steps", step,
                        r.label));
    const auto i = static_cast<std::size_t>(at - m.records.begin());
    predicted.push_back(m.predicted_loss[i] / m.predicted_loss.front());
    return m.loss[static_cast<std::size_t>(step)] / m.loss.front();
  });
  return {beside({numerics::mean_and_error(predicted).mean, measured})};
}

Comparisons scaled_by_width(const TangentResult& r, const std::string& key) {
  MeanComparison value = value_or_refuse(r, key);
  const double root = std::sqrt(static_cast<double>(r.setting.neurons()));
  value.predicted *= root;
  value.measured.mean *= root;
  value.measured.standard_error *= root;
  return {beside(value)};
}
Comparisons trajectory_constant(const TangentResult& r, const ClaimOptions&) {
  return scaled_by_width(r, kTrajectory);
}
Comparisons movement_constant(const TangentResult& r, const ClaimOptions&) {
  return scaled_by_width(r, kRelative);
}

// Below its structural width no network can; twice as wide they do.
Comparisons reached(const TangentResult& r, const ClaimOptions&) {
  MeanComparison value = value_or_refuse(r, "reached");
  const auto least =
      static_cast<double>(theory::structural_width(r.setting.size(), r.setting.rates()));
  value.predicted = static_cast<double>(r.setting.neurons()) >= kEasyWidth * least ? 1.0 : 0.0;
  return {beside(value)};
}

/// What a comparison rests on.
enum class Needs {
  Curve,    ///< a stable step, and a kernel of a size that can be decomposed
  Queries,  ///< unseen samples
  Outputs,  ///< the predictor on unseen samples: both of the above, untied
  Target,   ///< train.target
  Course    ///< nothing: runs that diverged count
};

struct Quantity {
  std::string_view name;
  std::string_view about;
  Needs needs;
  Comparisons (*evaluate)(const TangentResult&, const ClaimOptions&);
};

constexpr std::array<Quantity, 21> kQuantities{
    Quantity{"loss", "loss over the first, at the claim's time (a reported step) or the end",
             Needs::Curve, loss},
    Quantity{"slope", "d ln L/d step where the predicted curve is in record.window", Needs::Curve,
             plain<kSlope>},
    Quantity{"trajectory", "largest ‖E_t − predicted‖/‖E_0‖ of the reported steps; predicted: 0",
             Needs::Curve, plain<kTrajectory>},
    Quantity{"trajectory_constant", "the same times √N; predicted: 0", Needs::Curve,
             trajectory_constant},
    Quantity{"encoder_movement", "Frobenius norm of the encoder's move", Needs::Curve,
             plain<kEncoder>},
    Quantity{"decoder_movement", "Frobenius norm of the decoder's move", Needs::Curve,
             plain<kDecoder>},
    Quantity{"relative_movement", "the encoder's move over its norm at the start", Needs::Curve,
             plain<kRelative>},
    Quantity{"movement_constant", "the same times √N", Needs::Curve, movement_constant},
    Quantity{"flips", "fraction of the pairs (neuron, sample) that changed side", Needs::Curve,
             plain<kFlips>},
    Quantity{"steps_to_target", "steps until the loss is below train.target of the first",
             Needs::Target, plain<kSteps>},
    Quantity{"reached",
             "share of the starts that reach train.target; predicted: 1 from twice the structural "
             "width on, 0 below. A case with this claim or figure may diverge",
             Needs::Course, reached},
    Quantity{"guaranteed", "share of the starts with L_t <= (1 − ηλ_min/2)^t L_0 down to 1e-6",
             Needs::Course, plain<kGuaranteed>},
    Quantity{"monotone", "share of the starts whose loss never rises; predicted: 1 below 2/λ_max",
             Needs::Course, plain<kMonotone>},
    Quantity{"diverged",
             "share of the starts whose loss exceeds train.divergence_limit; predicted: "
             "1 above 2/λ_max. A case with this claim may diverge",
             Needs::Course, plain<kDiverged>},
    Quantity{"initial_loss", "loss before training, in the units of the data squared",
             Needs::Course, plain<kInitialLoss>},
    Quantity{"start_gain", "‖u_0(x)‖/‖x‖ of the untrained network on unseen samples",
             Needs::Queries, plain<kGain>},
    Quantity{"test_error", "mean ‖x − f(x)‖² of unseen samples", Needs::Outputs, plain<kTestError>},
    Quantity{"prediction", "‖F − F_predicted‖/‖F_predicted‖ over unseen samples; predicted: 0",
             Needs::Outputs, plain<kPrediction>},
    Quantity{"off_span", "share of the outputs outside the span of the samples; predicted: 0",
             Needs::Outputs, plain<kOffSpan>},
    Quantity{"start_noise", "variance per coordinate that the start leaves in outputs",
             Needs::Outputs, plain<kNoise>},
    Quantity{"pair_rate",
             "two samples: −d ln L/d step in record.window, beside the law of their angle",
             Needs::Curve, plain<kPairRate>}};

const Quantity& find_quantity(std::string_view name) {
  return find_by_name(kQuantities, name, kWhere);
}

std::string obstacle(const TangentResult& r, Needs needs) {
  if (needs == Needs::Course) return "";
  if (r.diverged_at >= 0) return fmt::format("training diverged at step {}", r.diverged_at);
  if (needs == Needs::Target || needs == Needs::Queries) return "";
  const TangentTheory& t = r.predicted;
  if (t.step * t.reference >= 2.0) {
    return fmt::format("the step is {:.3g}/λ_max, above 2/λ_max: linear theory has no limit there",
                       t.step * t.reference);
  }
  if (needs == Needs::Outputs && r.setting.spec.tied()) {
    return "theory has no predictor of tied networks: they are not lazy";
  }
  if (std::isnan(t.smallest)) {
    return fmt::format("the tied kernel of {} samples of length {} is too large to decompose",
                       r.setting.size(), r.setting.dimension());
  }
  return "";
}

std::vector<ClaimOptions> default_claims(const TangentResult& r) {
  std::vector<ClaimOptions> list;
  if (r.setting.spec.tied() || r.setting.spec.train.steps == 0) return list;
  ClaimOptions curve;
  curve.quantity = "trajectory_constant";
  curve.tolerance = r.setting.rates().decoder < r.setting.rates().encoder ? 7.0 : 2.5;
  if (r.setting.spec.model.init == "antisymmetric") curve.tolerance *= std::sqrt(2.0);
  curve.reason = "largest C of C/√N measured on random samples of 5 to 80 dimensions";
  curve.source = "docs/theory/tangent_kernel.md#width";
  list.push_back(curve);
  return list;
}

}  // namespace

std::vector<JudgedCase> judged_cases(const std::vector<TangentResult>& results) {
  std::vector<JudgedCase> cases;
  for (const TangentResult& r : results) {
    cases.push_back({r.label, r.value, !r.measured.empty(),
                     [&r](const ClaimOptions& claim) {
                       const Quantity& q = find_quantity(claim.quantity);
                       if (!obstacle(r, q.needs).empty()) {
                         return Comparisons{{"", "", kNoNumber, kNoNumber}};
                       }
                       return q.evaluate(r, claim);
                     },
                     [&r](const ClaimOptions& claim) {
                       return obstacle(r, find_quantity(claim.quantity).needs);
                     }});
  }
  return cases;
}

std::string_view about_tangent_kernel(std::string_view quantity) {
  return find_quantity(quantity).about;
}

void check_quantity(std::string_view quantity, const TangentSpec& spec) {
  const Needs needs = find_quantity(quantity).needs;
  const std::string& mode = spec.train.mode;
  require((needs != Needs::Target && quantity != "reached") || spec.train.target > 0.0, kWhere,
          fmt::format("quantity '{}' needs train.target", quantity));
  require((needs != Needs::Queries && needs != Needs::Outputs) || spec.predict.queries > 0, kWhere,
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
