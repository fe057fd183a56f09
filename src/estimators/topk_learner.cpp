#include "twofold/estimators/topk_learner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "topk_plan.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/estimators/topk_references.hpp"

namespace twofold::estimators {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kSurveyRows = std::uint64_t{1} << 18;
constexpr std::int64_t kCurvePoints = 200;
constexpr std::int64_t kMostRecords = 100'000;
constexpr Index kMostCompared = 8192;  // units

/// Passes on what training says, with the numbers of its last record.
class NumbersObserver final : public Observer {
 public:
  explicit NumbersObserver(Observer& inner) : inner_(inner) {}
  void set(const TopKCurvePoint& p) {
    numbers_ = {{{"explained_variance", p.explained}, {"l0", p.active}, {"dead_fraction", p.dead}}};
  }
  void progress(const Progress& p) override {
    Progress more = p;
    more.next_record = 0;  // nearly every step is one
    more.numbers = numbers_;
    inner_.progress(more);
  }
  void message(Severity severity, std::string_view text) override {
    inner_.message(severity, text);
  }
  [[nodiscard]] StopRequest stop_requested() const override { return inner_.stop_requested(); }

 private:
  Observer& inner_;
  std::array<ProgressNumber, 3> numbers_{};
};

std::string to_text(const std::vector<TopKCurvePoint>& curve) {
  Json rows = Json::array();
  for (const auto& p : curve) rows.push_back({p.step, p.loss, p.explained, p.active, p.dead});
  return rows.dump();  // numbers with as many digits as they need to come back bit for bit
}

std::vector<TopKCurvePoint> from_text(const std::string& text) {
  std::vector<TopKCurvePoint> curve;
  for (const Json& p : Json::parse(text)) curve.push_back({p[0], p[1], p[2], p[3], p[4]});
  return curve;
}

std::vector<std::int64_t> curve_steps(std::int64_t steps) {
  std::vector<std::int64_t> chosen;
  const std::int64_t points = std::min(kCurvePoints, steps);
  for (std::int64_t i = 0; i <= points; ++i) chosen.push_back(points == 0 ? 0 : i * steps / points);
  return chosen;
}

// The points of the curve, and steps enough for numbers that are never old.
std::vector<std::int64_t> record_steps(std::int64_t steps) {
  std::vector<std::int64_t> chosen = curve_steps(steps);
  const std::int64_t stride = steps / kMostRecords + 1;
  for (std::int64_t t = 0; t <= steps; t += stride) chosen.push_back(t);
  std::ranges::sort(chosen);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

}  // namespace

struct TopKLearner::State {
  State(std::shared_ptr<const data::Source> source, const TopKOptions& chosen, ThreadPool& threads,
        Observer& inner)
      : options((check_options(chosen), chosen)),
        pool(threads),
        observer(inner),
        input(std::move(source)) {
    DictionarySurvey survey = survey_rows(*input, options.centre, pool, inner, kSurveyRows);
    scale = std::sqrt(survey.energy);
    rows = std::make_unique<NormalisedRows>(input, survey.mean, scale, options.memory, pool, inner);
    plan = make_plan(options, std::move(survey), *input);
    plan_components();
  }

  void plan_components();
  [[nodiscard]] model::TopKAutoencoder<float> start() const;
  [[nodiscard]] train::TopKTrainingOptions training() const;
  [[nodiscard]] LearnedDictionary fold(const model::TopKAutoencoder<float>& weights) const;

  TopKOptions options;
  ThreadPool& pool;
  Observer& observer;
  std::shared_ptr<const data::Source> input;
  double scale = 1.0;
  std::unique_ptr<NormalisedRows> rows;
  TopKPlan plan;
};

void TopKLearner::State::plan_components() {
  const MatrixF& pilot = rows->pilot();
  const Vector mean = pilot.cast<double>().colwise().mean().transpose();
  const MatrixF centred = pilot.rowwise() - mean.cast<float>().transpose();
  plan.components = principal_components(centred, options.sparsity, pool);
  const Matrix parts = centred.cast<double>() * plan.components.transpose();
  plan.principal = parts.squaredNorm() / centred.cast<double>().squaredNorm();
}

model::TopKAutoencoder<float> TopKLearner::State::start() const {
  const model::TopKShape shape{.units = options.atoms,
                               .dimension = input->dimension(),
                               .tied = options.tied,
                               .decoder_bias = options.centre};
  return model::random_topk_autoencoder<float>(shape, VectorF(), options.seed);
}

train::TopKTrainingOptions TopKLearner::State::training() const {
  train::TopKTrainingOptions run;
  run.step.k = options.sparsity;
  run.step.dead_after = plan.dead_after;
  run.step.aux_weight = options.auxiliary;
  run.batch = plan.batch;
  run.steps = plan.steps;
  run.schedule = plan.schedule;
  run.record_steps = record_steps(plan.steps);
  run.checkpoint = {.folder = options.checkpoint,
                    .seconds = options.checkpoint_seconds,
                    .fingerprint = plan.fingerprint,
                    .resume = options.resume};
  return run;
}

// u = E((x − mean)/scale − c) + b and x̂ = mean + scale (Dᵀz + c), in the units of the rows.
LearnedDictionary TopKLearner::State::fold(const model::TopKAutoencoder<float>& weights) const {
  const Index m = weights.units(), d = weights.dimension();
  const VectorF bias = weights.encoder_bias.size() > 0 ? weights.encoder_bias : VectorF::Zero(m);
  const VectorF offset = weights.decoder_bias.size() > 0 ? weights.decoder_bias : VectorF::Zero(d);
  LearnedDictionary made;
  made.kind = DictionaryKind::TopK;
  made.atoms = weights.decoder_rows().cast<double>();
  if (!weights.tied()) made.encoder = weights.encoder.cast<double>();
  // Rounded to what the file holds, so that what is measured is what is loaded.
  made.encoder_bias = (scale * bias.cast<double>()).cast<float>().cast<double>();
  made.mean = (plan.survey.mean + scale * offset.cast<double>()).cast<float>().cast<double>();
  made.gate = {.activation = model::TopK{.k = options.sparsity}, .positive = true};
  made.image = input->image_shape();
  made.input_dimension = input->dimension();
  made.fingerprint = fingerprint(*input);
  made.notes = {{"training_scale", fmt::format("{}", scale)},
                {"training_center", options.centre ? "mean" : "none"},
                {"training_run", plan.fingerprint}};
  return made;
}

TopKLearner::TopKLearner(std::shared_ptr<const data::Source> rows, const TopKOptions& options,
                         ThreadPool& pool, Observer& observer)
    : state_(std::make_unique<State>(std::move(rows), options, pool, observer)) {}

TopKLearner::~TopKLearner() = default;

const TopKPlan& TopKLearner::plan() const noexcept {
  return state_->plan;
}

TopKFit TopKLearner::fit() {
  const auto begin = std::chrono::steady_clock::now();
  State& s = *state_;
  const TopKOptions& options = s.options;
  const data::BatchSampler sampler(s.rows->source(), {.batch = s.plan.batch, .order = "shuffle"},
                                   options.seed);
  TopKFit fit;
  NumbersObserver observer(s.observer);
  const std::vector<std::int64_t> kept = curve_steps(s.plan.steps);
  train::TopKHooks<float> hooks;
  hooks.on_record = [&](const train::TopKRecord<float>& r) {
    const TopKCurvePoint point{r.step, r.batch.loss, r.batch.explained_variance, r.batch.active,
                               r.dead_fraction};
    observer.set(point);
    if (std::ranges::binary_search(kept, r.step)) fit.curve.push_back(point);
  };
  hooks.on_save = [&] { return to_text(fit.curve); };
  hooks.on_resume = [&](std::int64_t, const std::string& text) { fit.curve = from_text(text); };
  const auto fill = [&](std::int64_t t, View<float> batch) {
    sampler.fill(static_cast<std::uint64_t>(t), batch, s.pool);
  };
  const auto result =
      train::topk_training<float>(fill, s.start(), s.training(), hooks, s.pool, observer);
  fit.status = result.status;
  fit.stop = result.stop;
  fit.steps = result.steps;
  fit.first_step = result.first_step;
  fit.dead = result.batch.dead;
  fit.dictionary = s.fold(result.state.weights);
  if (fit.status == train::SgdStatus::Finished && options.atoms <= kMostCompared) {
    fit.duplicates = duplicate_atoms(fit.dictionary.atoms, 0.9, /*either_sign=*/false);
  }
  fit.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fit;
}

}  // namespace twofold::estimators
