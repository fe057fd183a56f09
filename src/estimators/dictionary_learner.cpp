#include "twofold/estimators/dictionary_learner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "dictionary_gate.hpp"
#include "dictionary_plan.hpp"
#include "dictionary_subspace.hpp"
#include "twofold/core/error.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::DictionaryLearner";
constexpr double kUses = 1500.0;  // of an atom in one run
constexpr std::int64_t kLeastIterations = 500, kMostIterations = 20'000;
constexpr std::int64_t kSettling = 100;  // iterations after the starts are merged

std::int64_t sparse_iterations(const DictionaryOptions& options, Index sparsity) {
  if (options.iterations > 0) return options.iterations;
  const double rate = static_cast<double>(sparsity) / static_cast<double>(options.atoms);
  return std::clamp(static_cast<std::int64_t>(kUses / (rate * double{kBatch})), kLeastIterations,
                    kMostIterations);
}

}  // namespace

struct DictionaryLearner::State {
  State(std::shared_ptr<const data::Source> source, const DictionaryOptions& chosen,
        ThreadPool& threads, Observer& inner)
      : options((check_options(chosen), chosen)),
        pool(threads),
        observer(inner, chosen.time_limit),
        survey(survey_rows(*source, centres(chosen), threads, inner)),
        input(std::move(source)),
        scale((check_rows(chosen, survey, *input), std::sqrt(survey.energy))),
        rows(input, survey.mean, scale, chosen.memory, threads, inner) {
    if (mixed()) mixture = start_mixture(rows.pilot(), options.atoms, options.seed, pool);
    plan = make_plan(options, survey, rows, mixed() ? &mixture : nullptr, pool, observer);
  }

  [[nodiscard]] bool mixed() const { return options.kind == DictionaryKind::Mixture; }
  [[nodiscard]] bool positive() const {
    return mixed() || options.kind == DictionaryKind::Nonnegative;
  }
  [[nodiscard]] ops::Gate gate() const { return largest(plan.sparsity, positive()); }

  Descent start(int number, DictionaryFit& fit);
  void settle(Descent& best, DictionaryFit& fit);
  void finish(const Descent& best, DictionaryFit& fit);
  [[nodiscard]] ops::Gate final_gate(const GateChoice& choice, DictionaryFit& fit) const;
  [[nodiscard]] Vector lengths(const MatrixF& atoms, double amplitude) const;
  void fit_subspace(DictionaryFit& fit);
  void fit_descent(DictionaryFit& fit);

  DictionaryOptions options;
  ThreadPool& pool;
  DeadlineObserver observer;
  DictionarySurvey survey;
  std::shared_ptr<const data::Source> input;
  double scale;
  NormalisedRows rows;
  MixtureStart mixture;
  DictionaryPlan plan;
};

Descent DictionaryLearner::State::start(int number, DictionaryFit& fit) {
  const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(number);
  Descent made;
  if (mixed()) {
    const MixtureStart begin =
        number == 0 ? mixture : start_mixture(rows.pilot(), options.atoms, seed, pool);
    auto result = descend_mixture(rows, begin, options.iterations, seed, pool, observer);
    made = {.atoms = std::move(result.atoms), .iterations = result.iterations};
    made.explained =
        made.atoms.allFinite() ? explained(rows.pilot(), made.atoms, gate(), pool) : -HUGE_VAL;
  } else {
    const SparseRun run{.atoms = options.atoms,
                        .sparsity = plan.sparsity,
                        .positive = positive(),
                        .step = options.step,
                        .last_step = 0.1 * options.step,
                        .iterations = sparse_iterations(options, plan.sparsity),
                        .seed = seed,
                        .stage = fmt::format("start {} of {}", number + 1, options.starts)};
    made = descend_from_rows(rows.source(), rows.pilot(), run, pool, observer);
    if (made.step < options.step) {
      fit.warnings.push_back(
          fmt::format("start {} collapsed with step {:g}; {} {:g}", number + 1, options.step,
                      made.collapsed() ? "so it did with" : "made with", made.step));
    }
  }
  fit.iterations += made.iterations;
  return made;
}

// Small steps around where the best start ended; kept if they explain more.
void DictionaryLearner::State::settle(Descent& best, DictionaryFit& fit) {
  if (mixed() || observer.out_of_time()) return;
  const double step = std::min(best.step, options.step);
  const SparseRun run{.atoms = options.atoms,
                      .sparsity = plan.sparsity,
                      .positive = positive(),
                      .step = 0.1 * step,
                      .last_step = 0.02 * step,
                      .iterations = kSettling,
                      .reseed = false,
                      .seed = options.seed + 1000,
                      .stage = "settle"};
  auto result = descend(rows.source(), best.atoms, run, pool, observer);
  fit.iterations += result.iterations;
  const double after = explained(rows.pilot(), result.atoms, gate(), pool);
  if (after > best.explained) best = {.atoms = std::move(result.atoms), .explained = after};
}

ops::Gate DictionaryLearner::State::final_gate(const GateChoice& choice, DictionaryFit& fit) const {
  const auto at = [&](double z) {
    ops::Gate threshold;
    if (positive()) {
      threshold.activation = model::JumpRelu::with(z);
    } else {
      threshold.activation = model::HardThreshold::with(z);
    }
    return threshold;
  };
  if (options.threshold > 0.0) {
    require(options.threshold < choice.largest * scale, kWhere,
            fmt::format("threshold {:g} is above every activation: all codes would be empty; the "
                        "largest is {:.4g}, and {:.4g} is half of a typical one",
                        options.threshold, choice.largest * scale, 0.5 * choice.amplitude * scale));
    const ops::Gate gate = at(options.threshold);
    fit.choices.push_back({"gate", describe_gate(gate), "as asked for"});
    return gate;
  }
  ops::Gate gate = mixed() ? this->gate() : choice.gate;
  const bool threshold = !std::holds_alternative<model::TopK>(gate.activation);
  if (threshold) gate = at(choice.valley * scale);
  if (mixed()) {
    fit.choices.push_back({"gate", describe_gate(gate), "a row belongs to one centre"});
    return gate;
  }
  const double margin = choice.cross_talk > 0.0 ? choice.valley / choice.cross_talk : 0.0;
  fit.choices.push_back(
      {"gate", describe_gate(gate),
       fmt::format("firing and idle units part at {:.2g} times the cross-talk; {}", margin,
                   threshold       ? "4 are needed for a threshold"
                   : margin >= 4.0 ? "a threshold there explains less"
                                   : "a threshold needs 4")});
  return gate;
}

// Of the atoms in units of the normalised rows: such that codes are of order 1.
Vector DictionaryLearner::State::lengths(const MatrixF& atoms, double amplitude) const {
  Vector length = Vector::Constant(atoms.rows(), amplitude);
  if (!mixed()) return length;
  ops::SparseCodes<float> codes;
  ops::encode<float>(rows.pilot(), atoms, gate(), codes, pool);
  Vector sum = Vector::Zero(atoms.rows()), count = sum;
  for (std::size_t e = 0; e < codes.index.size(); ++e) {
    sum[codes.index[e]] += codes.value[e];
    count[codes.index[e]] += 1.0;
  }
  for (Index j = 0; j < length.size(); ++j) {
    if (count[j] > 0.0) length[j] = sum[j] / count[j];
  }
  return length;
}

void DictionaryLearner::State::finish(const Descent& best, DictionaryFit& fit) {
  LearnedDictionary& dictionary = fit.dictionary;
  fit.trained_explained = best.explained;
  if (best.collapsed()) {
    fit.status = LearnStatus::Collapsed;
    dictionary.status = "collapsed";
    dictionary.gate = gate();
    // Atoms that are not finite say nothing; where they came from does.
    const MatrixF last = std::isfinite(best.explained)
                             ? best.atoms
                             : start_from_rows(rows.pilot(), options.atoms, options.seed);
    dictionary.atoms = last.cast<double>() * scale;
    return;
  }
  const GateChoice choice = choose_gate(rows.pilot(), best.atoms, plan.sparsity, positive(), pool);
  dictionary.gate = final_gate(choice, fit);
  const Vector length = lengths(best.atoms, choice.amplitude) * scale;
  dictionary.atoms = length.asDiagonal() * best.atoms.cast<double>();
}

void DictionaryLearner::State::fit_subspace(DictionaryFit& fit) {
  const PrincipalDirections found = principal_directions(rows, options.atoms, pool, observer);
  fit.dictionary.atoms = found.directions;
  fit.dictionary.gate = {.activation = model::HardThreshold::with(0.0)};
  fit.agreed = found.agreed;
  fit.trained_explained = found.explained;
}

void DictionaryLearner::State::fit_descent(DictionaryFit& fit) {
  Descent best = start(0, fit);
  for (int number = 1; number < options.starts && !observer.out_of_time(); ++number) {
    Descent other = start(number, fit);
    if (other.explained > best.explained) std::swap(best, other);
    if (other.collapsed()) continue;
    const MergedAtoms merged = merge_atoms(best.atoms, other.atoms, rows.pilot(), gate(), pool);
    fit.agreed = merged.agreed;
    if (merged.exchanged == 0) continue;
    const double together = explained(rows.pilot(), merged.atoms, gate(), pool);
    if (together <= best.explained) continue;
    best.atoms = merged.atoms;
    best.explained = together;
    fit.exchanged += merged.exchanged;
  }
  if (!best.collapsed()) settle(best, fit);
  if (fit.agreed >= 0 && 2 * fit.agreed < options.atoms && !best.collapsed()) {
    fit.warnings.push_back(
        fmt::format("only {} of {} atoms are found again by another start: they "
                    "serve as features, do not read meaning into each",
                    fit.agreed, options.atoms));
  }
  if (observer.out_of_time()) {
    fit.status = LearnStatus::OutOfTime;
    fit.warnings.push_back(
        fmt::format("the time limit of {:g} s ended the training", options.time_limit));
  }
  finish(best, fit);
}

DictionaryLearner::DictionaryLearner(std::shared_ptr<const data::Source> rows,
                                     const DictionaryOptions& options, ThreadPool& pool,
                                     Observer& observer)
    : state_(std::make_unique<State>(std::move(rows), options, pool, observer)) {}

DictionaryLearner::~DictionaryLearner() = default;

const DictionaryPlan& DictionaryLearner::plan() const noexcept {
  return state_->plan;
}

DictionaryFit DictionaryLearner::fit() {
  const auto begin = std::chrono::steady_clock::now();
  DictionaryFit fit;
  LearnedDictionary& dictionary = fit.dictionary;
  dictionary.kind = state_->options.kind;
  dictionary.mean = state_->plan.survey.mean;
  dictionary.image = state_->input->image_shape();
  dictionary.input_dimension = state_->input->dimension();
  dictionary.fingerprint = fingerprint(*state_->input);
  if (dictionary.kind == DictionaryKind::Subspace) {
    state_->fit_subspace(fit);
  } else {
    state_->fit_descent(fit);
  }
  fit.duplicates = duplicate_atoms(dictionary.atoms);
  fit.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fit;
}

}  // namespace twofold::estimators
