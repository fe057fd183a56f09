#include "dictionary_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::DictionaryLearner";

bool is_sparse(DictionaryKind kind) {
  return kind == DictionaryKind::Sparse || kind == DictionaryKind::Nonnegative;
}

void require_positive(double value, std::string_view name) {
  require(std::isfinite(value) && value > 0.0, kWhere,
          fmt::format("{} must be finite and > 0, got {}", name, value));
}

void choose(DictionaryPlan& plan, std::string name, std::string value, std::string why) {
  plan.choices.push_back({std::move(name), std::move(value), std::move(why)});
}

std::string trial_list(const std::vector<SparsityTrial>& trials) {
  std::string text;
  for (const SparsityTrial& t : trials) {
    text += fmt::format("{}{}: {:.3f}", text.empty() ? "" : ", ", t.sparsity, t.explained);
  }
  return text;
}

void plan_sparsity(const DictionaryOptions& options, const NormalisedRows& rows,
                   DictionaryPlan& plan, ThreadPool& pool, DeadlineObserver& observer) {
  if (!is_sparse(options.kind)) {
    plan.sparsity = options.kind == DictionaryKind::Mixture ? 1 : options.atoms;
    return;
  }
  if (options.sparsity > 0) {
    plan.sparsity = options.sparsity;
    choose(plan, "sparsity", fmt::format("{}", plan.sparsity), "as asked for");
    return;
  }
  const SparsityChoice choice =
      choose_sparsity(rows.pilot(), options.atoms, options.kind == DictionaryKind::Nonnegative,
                      options.seed, pool, observer);
  plan.sparsity = choice.sparsity;
  plan.trials = choice.trials;
  choose(plan, "sparsity", fmt::format("{}", plan.sparsity),
         fmt::format("explained variance of rows not seen {} ({})",
                     choice.peak ? "is largest there" : "bends there; it has no peak",
                     trial_list(choice.trials)));
  if (!choice.peak) {
    plan.warnings.push_back(
        "the rows show no number of atoms of their own: every further atom of a "
        "row explains more; give --sparsity if you know better");
  }
}

// σ² from the directions that m atoms cannot fill, else from the residual of a trial.
void plan_noise(const DictionaryOptions& options, const NormalisedRows& rows, DictionaryPlan& plan,
                ThreadPool& pool, DeadlineObserver& observer) {
  DictionarySurvey& survey = plan.survey;
  const Index d = survey.dimension, m = options.atoms;
  if (options.kind == DictionaryKind::Subspace) return;
  double relative = 0.0;  // σ²/E‖x‖²
  if (const Vector spectrum = m < d ? pilot_spectrum(rows.pilot(), pool) : Vector();
      spectrum.size() > 0) {
    relative = std::max(0.0, spectrum.tail(d - m).mean());
    survey.noise_source = fmt::format("variance in the {} directions beyond {} atoms", d - m, m);
  } else if (is_sparse(options.kind) && plan.sparsity < d) {
    if (plan.trials.empty()) {
      SparsityTrial trial{.sparsity = plan.sparsity};
      const SparseRun run{.atoms = m,
                          .sparsity = plan.sparsity,
                          .positive = options.kind == DictionaryKind::Nonnegative,
                          .seed = options.seed,
                          .stage = "estimate noise"};
      trial.explained = std::max(
          0.0, descend_from_rows(rows.source(), rows.pilot(), run, pool, observer).explained);
      plan.trials.push_back(trial);
    }
    const auto trial = std::ranges::find(plan.trials, plan.sparsity, &SparsityTrial::sparsity);
    const auto k = static_cast<double>(plan.sparsity), dimension = static_cast<double>(d);
    const double left = (1.0 - trial->explained) - (k - 1.0) / dimension;  // kκ₂ = 1, nearly
    relative = std::clamp(left / (dimension - k), 0.0, 1.0 / dimension);
    survey.noise_source = "residual of a trial, cross-talk taken off: rather too large";
  }
  survey.noise = std::sqrt(relative * survey.energy);
  choose(plan, "noise", fmt::format("{:.4g} per element", survey.noise),
         survey.noise_source.empty() ? "not known; taken for 0" : survey.noise_source);
}

void plan_descent(const DictionaryOptions& options, const MixtureStart* mixture,
                  DictionaryPlan& plan) {
  if (options.kind == DictionaryKind::Subspace) {
    choose(plan, "method", "eigenvectors of the covariance",
           "what the linear autoencoder converges to, exactly");
  } else if (mixture != nullptr) {
    choose(plan, "start", "greedy k-means++ in the leading subspace",
           "noise outside it would hide the clusters");
    choose(plan, "gate in training",
           separated(*mixture) ? "relu, bias half the length of a centre" : "the largest z",
           fmt::format("that bias lets exactly one unit fire on {:.1f} % of the rows{}",
                       100.0 * mixture->alone, separated(*mixture) ? "" : " (98 % are needed)"));
  } else {
    choose(plan, "start", "random rows", "nothing else is known; it recovers all atoms as a rule");
    choose(plan, "gate in training", fmt::format("the {} largest of a row", plan.sparsity),
           fmt::format("half the amplitude is {:.2g} times the cross-talk when all is learned, and "
                       "much less before; a threshold needs 4",
                       plan.expectation.value("threshold_margin")));
    choose(plan, "gradient and step",
           fmt::format("decoder's, {:g} to {:g} of m/(k κ₂)", options.step, 0.1 * options.step),
           "the full gradient ends four times as far away, and collapses more easily");
  }
}

void warn(const DictionaryOptions& options, DictionaryPlan& plan) {
  const DictionarySurvey& s = plan.survey;
  if (s.zero_rows > 0) {
    plan.warnings.push_back(
        fmt::format("{} of {} rows are 0 throughout; they say nothing about "
                    "atoms, remove them",
                    s.zero_rows, s.rows));
  }
  if (s.constant_columns > 0) {
    plan.warnings.push_back(
        fmt::format("{} of {} elements are the same in all rows", s.constant_columns, s.dimension));
  }
  if (is_sparse(options.kind) && !centres(options) && s.energy > 1.2 * s.variance) {
    plan.warnings.push_back(
        fmt::format("the mean holds {:.0f} % of the squares and is not "
                    "subtracted: atoms may all turn to it; leave out --center no",
                    100.0 * (1.0 - s.variance / s.energy)));
  }
  if (options.kind == DictionaryKind::Nonnegative && s.one_sign) {
    plan.warnings.push_back(
        "no element is negative: if the atoms are of one sign too, "
        "non-negative matrix factorisation finds them more often");
  }
  const double rows_per_atom = static_cast<double>(s.rows) * static_cast<double>(plan.sparsity) /
                               static_cast<double>(options.atoms);
  if (options.kind != DictionaryKind::Subspace && rows_per_atom < 50.0) {
    plan.warnings.push_back(
        fmt::format("each atom is in about {:.0f} rows; 50 or more are needed "
                    "to tell it from noise",
                    rows_per_atom));
  }
}

}  // namespace

void check_options(const DictionaryOptions& o) {
  require(o.kind != DictionaryKind::TopK, kWhere,
          "model topk has a learner of its own, TopKLearner");
  require(o.atoms >= 1, kWhere, fmt::format("atoms must be >= 1, got {}", o.atoms));
  require(o.sparsity >= 0, kWhere, fmt::format("sparsity must be >= 1, got {}", o.sparsity));
  require(o.sparsity <= o.atoms, kWhere,
          fmt::format("sparsity {} is more than the {} atoms there are; a row has at most as many",
                      o.sparsity, o.atoms));
  require(o.sparsity == 0 || is_sparse(o.kind), kWhere,
          fmt::format("model {} has no sparsity to choose; leave it out", to_string(o.kind)));
  require(std::isfinite(o.threshold) && o.threshold >= 0.0, kWhere,
          fmt::format("threshold must be finite and > 0, got {}", o.threshold));
  require(o.threshold == 0.0 || is_sparse(o.kind), kWhere,
          fmt::format("model {} has no threshold; leave it out", to_string(o.kind)));
  require_positive(o.step, "step");
  require(o.iterations >= 0, kWhere, fmt::format("iterations must be >= 1, got {}", o.iterations));
  require(o.starts >= 1 && o.starts <= 100, kWhere,
          fmt::format("starts must be in 1 ... 100, got {}", o.starts));
  require(std::isfinite(o.time_limit) && o.time_limit >= 0.0, kWhere,
          fmt::format("the time limit must be finite and > 0, got {}", o.time_limit));
}

void check_rows(const DictionaryOptions& o, const DictionarySurvey& survey,
                const data::Source& rows) {
  const std::uint64_t usable = survey.rows - survey.zero_rows;
  require(usable >= static_cast<std::uint64_t>(o.atoms), kWhere,
          fmt::format("{}: {} atoms need at least as many rows that are not 0, there are {} to "
                      "learn from; ask for fewer atoms or hold out fewer rows",
                      rows.description(), o.atoms, usable));
  require(o.kind != DictionaryKind::Subspace || o.atoms <= survey.dimension, kWhere,
          fmt::format("{} directions do not fit dimension {}", o.atoms, survey.dimension));
}

bool centres(const DictionaryOptions& options) noexcept {
  return options.centre.value_or(options.kind != DictionaryKind::Mixture);
}

DictionaryPlan make_plan(const DictionaryOptions& options, DictionarySurvey survey,
                         const NormalisedRows& rows, const MixtureStart* mixture, ThreadPool& pool,
                         DeadlineObserver& observer) {
  DictionaryPlan plan{.survey = std::move(survey)};
  choose(plan, "mean", centres(options) ? "subtracted" : "left in",
         options.centre ? "as asked for"
         : options.kind == DictionaryKind::Mixture
             ? "the atoms are the centres themselves"
             : "one direction common to all rows hides the others");
  choose(plan, "scale", fmt::format("{:.4g}", std::sqrt(plan.survey.energy)),
         "root mean square length of a row; training divides by it");
  plan_sparsity(options, rows, plan, pool, observer);
  plan_noise(options, rows, plan, pool, observer);
  const double noise = plan.survey.noise, d = static_cast<double>(plan.survey.dimension);
  // What is left for the atoms, be the estimate of the noise as it may.
  const double signal = std::max(plan.survey.energy - d * noise * noise, 0.01 * plan.survey.energy);
  plan.amplitude = std::sqrt(signal / static_cast<double>(plan.sparsity));
  DictionaryAssumptions assumptions{.kind = options.kind,
                                    .dimension = plan.survey.dimension,
                                    .atoms = options.atoms,
                                    .sparsity = plan.sparsity,
                                    .amplitude = plan.amplitude,
                                    .noise = noise,
                                    .rows = plan.survey.rows};
  if (options.kind == DictionaryKind::Subspace) {
    assumptions.spectrum = pilot_spectrum(rows.pilot(), pool);
  }
  plan.expectation = expect_dictionary(assumptions);
  plan_descent(options, mixture, plan);
  warn(options, plan);
  return plan;
}

}  // namespace twofold::estimators
