#include "advise_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>

#include "twofold/experiment/spec_document.hpp"

namespace twofold::app {
namespace {

using estimators::Coincidence;
using estimators::StepsKind;
using estimators::TangentAdvice;
using estimators::TangentAdviceOptions;
using estimators::TangentModeAdvice;

constexpr double kVeryDifferentNorms = 30.0;  // λ_max goes with the square: a factor of 1000
constexpr double kBadCondition = 1e5;
constexpr double kMeanDominates = 0.9;
constexpr double kQuickRun = 3e13;  // operations: some minutes
constexpr double kLongRun = 1e15;   // hours
constexpr double kStepsTolerance = 0.3;
constexpr double kMoreSteps = 3.0;       // than predicted, for a run to end by itself at its target
constexpr double kManyMoreSteps = 10.0;  // where it has fewer neurons than the prediction is for

std::string row_pair(Index first, Index second) {
  return fmt::format("{} and {}", first, second);
}

std::string steps_word(const std::optional<double>& steps) {
  return steps ? fmt::format("{:.0f}", *steps) : "never";
}

// With a sign for what is not computed in full.
std::string steps_word(const TangentModeAdvice& m) {
  if (!m.steps_to_target) return m.steps_kind == StepsKind::Computed ? "never" : "?";
  switch (m.steps_kind) {
    case StepsKind::Computed:
      break;
    case StepsKind::LowerBound:
      return ">" + steps_word(m.steps_to_target);
    case StepsKind::Extrapolated:
      return "~" + steps_word(m.steps_to_target);
  }
  return steps_word(m.steps_to_target);
}

// Multiplications and additions of a run of N neurons to the target.
double operations(const TangentAdvice& a, const TangentModeAdvice& m, Index neurons) {
  const double products = m.rates.decoder > 0.0 ? 10.0 : 8.0;
  if (!m.steps_to_target) return std::numeric_limits<double>::infinity();
  return *m.steps_to_target * products * static_cast<double>(a.rows) *
         static_cast<double>(a.dimension) * static_cast<double>(neurons);
}

// Twins count once, so twice the width; fewer where that takes too long, but enough to interpolate.
Index spec_neurons(const TangentAdvice& a, const TangentModeAdvice& m) {
  const double pairs = kQuickRun / operations(a, m, 2);
  const auto affordable = static_cast<Index>(std::min(pairs, 1e15));
  return 2 * std::min(m.width, std::max(affordable, 2 * m.structural_width));
}

std::string duration_word(double seconds) {
  if (seconds < 120.0) return fmt::format("{:.2g} s", seconds);
  if (seconds < 7200.0) return fmt::format("{:.0f} minutes", seconds / 60.0);
  return fmt::format("{:.0f} hours", seconds / 3600.0);
}

// "copies  3 and 17, 5 and 99, ..." for one kind; nothing if there are none.
void name_pairs(std::string& text, const TangentAdvice& a, Coincidence kind, Index count,
                const char* title) {
  if (count == 0) return;
  std::vector<std::string> pairs;
  for (const auto& pair : a.coincident) {
    if (pair.kind == kind) pairs.push_back(row_pair(pair.first, pair.second));
  }
  const bool all = static_cast<Index>(pairs.size()) == count;
  text += fmt::format("  {:<13} {} pair{}: rows {}{}\n", title, count, count == 1 ? "" : "s",
                      fmt::join(pairs, ", "), all ? "" : ", ...");
}

std::string data_part(const TangentAdvice& a) {
  const auto& s = a.samples;
  std::string text = fmt::format("  {:<13} {:.4g} to {:.4g}, median {:.4g}\n", "norms",
                                 s.smallest_norm, s.largest_norm, s.median_norm);
  if (s.zero_rows > 0) {
    const bool all = static_cast<Index>(a.zero_rows.size()) == s.zero_rows;
    text +=
        fmt::format("  {:<13} {} row{}: {}{}\n", "zeros", s.zero_rows, s.zero_rows == 1 ? "" : "s",
                    fmt::join(a.zero_rows, ", "), all ? "" : ", ...");
  }
  name_pairs(text, a, Coincidence::Copy, s.copies, "copies");
  name_pairs(text, a, Coincidence::Scaled, s.scaled, "multiples");
  name_pairs(text, a, Coincidence::Opposite, s.opposites, "opposites");
  std::vector<std::string> closest;
  for (const auto& pair : s.closest) {
    if (closest.size() == 4) break;
    if (pair.angle <= theory::SampleReportOptions{}.same_angle) continue;  // named above
    closest.push_back(fmt::format("{} ({:.3g}°)", row_pair(pair.first, pair.second),
                                  pair.angle * 180.0 / std::numbers::pi));
  }
  if (!closest.empty()) {
    text += fmt::format("  {:<13} rows {}\n", "closest", fmt::join(closest, ", "));
  }
  return text;
}

std::string mode_part(const TangentAdvice& a, const TangentAdviceOptions& options) {
  std::string text = fmt::format(
      "\n  {:<8} {:>10} {:>11} {:>10} {:>10} {:>12} {:>9} {:>9}\n", "trained", "λ_max", "λ_min",
      "step", "unstable", fmt::format("steps to {:g}", options.target), "neurons", "at least");
  for (const TangentModeAdvice& m : a.modes) {
    text += fmt::format("  {:<8} {:>10.4g} {:>11} {:>10.4g} {:>10.4g} {:>12} {:>9} {:>9}\n", m.name,
                        m.largest, fmt::format("{}{:.4g}", m.bound_only ? "<" : "", m.smallest),
                        m.steps.practical, m.steps.stable, steps_word(m),
                        fmt::format("{}{}", m.width_bound ? ">" : "", m.width), m.structural_width);
  }
  return text + fmt::format(
                    "  weak: encoder alone; joint: both factors. λ: eigenvalues of the kernel over "
                    "d. Step: of\n"
                    "  the sum ½‖X − X̂‖², 1.8/λ_max; unstable from 2/λ_max on, of few neurons "
                    "earlier. Neurons:\n"
                    "  enough for a trajectory within about {:g} % of the prediction from a plain "
                    "start, twice as\n"
                    "  many from an antisymmetric one; fewer learn too, in more steps, but with "
                    "fewer than \"at\n"
                    "  least\" the loss cannot reach 0.\n",
                    100.0 * options.tolerance);
}

std::string stop_word(const estimators::StoppingAdvice& s) {
  if (!std::isfinite(s.steps)) {
    return fmt::format("train to the end: rows left out lose {:.3g} % of their energy",
                       100.0 * s.error);
  }
  return fmt::format(
      "stop after {:.0f} steps of {:.3g}: rows left out lose {:.3g} %, {:.3g} % at the end",
      s.steps, s.step, 100.0 * s.error, 100.0 * s.interpolation);
}

std::string study_part(const TangentAdvice& a) {
  if (a.studied == 0) return {};
  std::string text = a.studied == 1
                         ? "\n  on the one row\n"
                         : fmt::format("\n  on {} {} rows\n",
                                       a.studied == a.rows ? "all" : "the first", a.studied);
  for (const auto& s : a.stopping) text += fmt::format("  {:<13} {}\n", s.mode, stop_word(s));
  std::vector<std::string> ratios;
  for (const auto& r : a.rates) {
    ratios.push_back(fmt::format("{:g}: {}", r.ratio, steps_word(r.steps_to_target)));
  }
  text += fmt::format("  {:<13} steps to the target at decoder_step {}\n", "two rates",
                      fmt::join(ratios, ", "));
  text += a.best_ratio > 0.0
              ? fmt::format(
                    "  {:<13} up to {:g} costs at most 10 % more steps than the encoder "
                    "alone\n",
                    "", a.best_ratio)
              : fmt::format("  {:<13} any costs more than 10 % more steps than the encoder alone\n",
                            "");
  return text;
}

std::string tie_part(const TangentAdvice& a, const TangentAdviceOptions& options) {
  std::string text = fmt::format("\n  tie the weights? Untrained, with {} neurons\n",
                                 a.tying.front().scaling.neurons);
  for (const auto& t : a.tying) {
    text += fmt::format("  {:<25} output {:.3g} times the input, loss {:.3g} of an output of 0\n",
                        t.name, t.start.slope, 2.0 * t.start.loss);
  }
  return text +
         fmt::format(
             "  No, if the numbers above shall hold: a tied network is never in the regime of its\n"
             "  kernel. The last one is the identity before training, to {:g}, from {:.0f} neurons "
             "on.\n",
             options.target, a.identity_width);
}

std::string data_lines(const TangentAdvice& a, const AdvisedRows& rows) {
  std::vector<std::string> transforms;
  for (std::string name : rows.transforms) transforms.push_back(experiment::toml_text(&name));
  std::string path = rows.path;
  std::string text = rows.named_set ? fmt::format("    source = {}\n", experiment::toml_text(&path))
                                    : fmt::format("    source = \"file\"\n    path = {}\n",
                                                  experiment::toml_text(&path));
  text += fmt::format("    split = [{}, 0]\n", a.rows);
  if (transforms.empty()) return text;
  return text + fmt::format("    transforms = [{}]\n", fmt::join(transforms, ", "));
}

std::string claim_lines(const char* quantity, double tolerance, const std::string& reason) {
  return fmt::format(
      "    [[claim]]\n    quantity = \"{}\"\n    tolerance = {}\n    reason = \"{}\"\n", quantity,
      tolerance, reason);
}

std::string spec_part(const TangentAdvice& a, const TangentAdviceOptions& options,
                      const AdvisedRows& rows) {
  const TangentModeAdvice& weak = a.mode("weak");
  const TangentModeAdvice& joint = a.mode("joint");
  const TangentModeAdvice& m =
      operations(a, weak, 2 * weak.width) < operations(a, joint, 2 * joint.width) ? weak : joint;
  const Index neurons = spec_neurons(a, m);
  const double cost = operations(a, m, neurons);
  std::string text = "\n  as a spec, the cheaper of weak and joint";
  if (std::isfinite(cost)) {
    text += fmt::format(": {:.2g} operations in the predicted steps, {} at 1e11 a second", cost,
                        duration_word(cost / 1e11));
  }
  if (neurons < 2 * m.width) {
    text += fmt::format(
        "\n  with fewer than the {} neurons that the prediction is for: it takes more steps",
        2 * m.width);
  }
  if (cost > kLongRun) text += "\n  too long? Look at fewer rows: --rows";
  text += "\n    system = \"tangent_kernel\"\n    [data]\n" + data_lines(a, rows);
  text += fmt::format("    [model]\n    neurons = {}\n    init = \"antisymmetric\"\n", neurons);
  text += fmt::format("    [train]\n    mode = \"{}\"\n    step = \"auto\"\n    target = {}\n",
                      m.name, options.target);
  if (!m.steps_to_target) return text;
  const bool wide = neurons >= 2 * m.width;
  const double more = wide ? kMoreSteps : kManyMoreSteps;
  text += fmt::format("    steps = {:.0f}\n", more * *m.steps_to_target);
  text += claim_lines("reached", 0.0, fmt::format("{} times the predicted steps", more));
  if (!wide) return text;
  return text + claim_lines("steps_to_target", std::ceil(kStepsTolerance * *m.steps_to_target),
                            "a trajectory within the wanted error takes some more steps");
}

void add_sample_notes(const TangentAdvice& a, std::vector<std::string>& notes) {
  const auto& s = a.samples;
  const auto add = [&notes](std::string note) { notes.push_back(std::move(note)); };
  if (s.copies + s.scaled > 0) {
    add("copies and multiples do no harm, the kernel is singular but consistent; a row that is "
        "there twice weighs twice. Remove them if that is not meant.");
  }
  if (s.opposites > a.dimension) {
    add(fmt::format(
        "{} pairs of opposites are more than d = {}: both kernels are singular, which costs no "
        "accuracy",
        s.opposites, a.dimension));
  }
  if (a.mean_share > kMeanDominates && a.rows > 1) {
    add(fmt::format(
        "the mean row holds {:.3g} % of the energy: a loss that falls to {:.2g} of its start "
        "says no more than that it is learned; --transform center takes it out",
        100.0 * a.mean_share, 1.0 - a.mean_share));
  }
  if (s.zero_rows > 0) add("rows of zeros are reproduced by any network; they may be removed");
  if (s.smallest_norm > 0.0 && s.largest_norm > kVeryDifferentNorms * s.smallest_norm) {
    add(fmt::format(
        "norms differ {:.3g}-fold: short rows are learned last, {:.2g} times slower; "
        "--transform unit_norm treats all alike",
        s.largest_norm / s.smallest_norm, std::pow(s.largest_norm / s.smallest_norm, 2.0)));
  }
}

void add_many_rows_notes(const TangentAdvice& a, std::vector<std::string>& notes) {
  notes.push_back(
      fmt::format("of so many rows λ_max is computed, in {} products with the kernel, and of λ_min "
                  "an upper bound (<)",
                  a.mode("joint").products));
  const auto is = [&](StepsKind kind) {
    return [kind](const TangentModeAdvice& m) { return m.steps_kind == kind; };
  };
  if (std::ranges::any_of(a.modes, is(StepsKind::LowerBound))) {
    notes.emplace_back("> steps: more products would find more of them");
  }
  if (std::ranges::any_of(a.modes, is(StepsKind::Extrapolated))) {
    double error = 0.0;
    for (const TangentModeAdvice& m : a.modes) error = std::max(error, m.steps_error);
    notes.push_back(
        fmt::format("~ steps: extrapolated from {} rows, taken evenly, their half and quarter; "
                    "within {:.0f} % or so. Allow more memory (--memory-limit) to use more rows",
                    a.sampled, std::ceil(100.0 * error)));
  }
}

}  // namespace

std::vector<std::string> tangent_notes(const TangentAdvice& a) {
  std::vector<std::string> notes;
  add_sample_notes(a, notes);
  const auto add = [&notes](std::string note) { notes.push_back(std::move(note)); };
  for (const TangentModeAdvice& m : a.modes) {
    if (m.rank >= 0 && m.rank < a.rows) {
      add(fmt::format(
          "{}: {} of {} eigenvalues are 0 (below 1e-10 λ_max); λ_min is the smallest of the others",
          m.name, a.rows - m.rank, a.rows));
    }
  }
  const auto& closest = a.samples.closest;
  const auto& weak = a.mode("weak");
  const auto distinct = std::ranges::find_if(closest, [](const theory::SamplePair& pair) {
    return pair.angle > theory::SampleReportOptions{}.same_angle;
  });
  if (weak.largest > kBadCondition * weak.smallest && distinct != closest.end()) {
    add(fmt::format(
        "λ_min is tiny: weak training tells rows at the angle θ apart after 1/step/(θ‖x‖²/2πd) "
        "steps; the closest two, {}, after {:.2g}. Losses far below the target wait for that",
        row_pair(distinct->first, distinct->second),
        2.0 * std::numbers::pi * static_cast<double>(a.dimension) /
            (distinct->angle * std::pow(a.samples.median_norm, 2.0) * weak.steps.practical)));
  }
  if (!a.whole_spectrum) add_many_rows_notes(a, notes);
  if (a.mode("weak").width_bound) {
    add(fmt::format("> neurons: of the first {} rows; more rows need more", a.studied));
  }
  return notes;
}

std::string tangent_text(const TangentAdvice& advice, const TangentAdviceOptions& options,
                         const AdvisedRows& rows) {
  std::string text =
      "tangent_kernel: a wide two-layer ReLU autoencoder, gradient descent on all rows at once\n";
  text += data_part(advice) + mode_part(advice, options) + study_part(advice) +
          tie_part(advice, options);
  for (const std::string& note : tangent_notes(advice)) text += fmt::format("  note: {}\n", note);
  return text + spec_part(advice, options, rows);
}

}  // namespace twofold::app
