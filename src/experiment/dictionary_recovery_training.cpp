#include "experiment/dictionary_recovery_training.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/case_setting.hpp"
#include "experiment/training_status.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/train/dictionary_descent.hpp"
#include "twofold/train/dictionary_start.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::dictionary_recovery";
constexpr Index kLookedAt = 1000;   // samples behind the number a message suggests
constexpr double kUnmatched = 2.0;  // ‖w − a‖² of an atom without a partner: as if orthogonal
constexpr Index kCandidates = 5;    // of greedy k-means++

std::vector<std::int64_t> record_steps(const RecoveryTrain& spec) {
  const std::int64_t last = spec.iterations + spec.polish;
  const std::int64_t count = std::min(spec.records, last + 1);
  std::vector<std::int64_t> steps;
  for (std::int64_t i = 0; i < count; ++i) {
    steps.push_back(count == 1 ? 0 : i * last / (count - 1));
  }
  return steps;
}

// ‖w − a‖² of each true atom and its partner; the sign is free for signed codes. Behind a near
// start unit j is the one that began beside atom j.
Vector distances(const RecoverySetting& setting, const Matrix& W, const Matrix& A) {
  const bool near = setting.spec.train.start == "near", free_sign = setting.signed_codes();
  estimators::AtomMatch match;
  if (!near) match = estimators::match_atoms(W, A, free_sign);
  Vector result(A.rows());
  for (Index j = 0; j < A.rows(); ++j) {
    const Index i = near ? j : match.partner[static_cast<std::size_t>(j)];
    if (i < 0) {
      result(j) = kUnmatched;
      continue;
    }
    const double sign = free_sign && W.row(i).dot(A.row(j)) < 0.0 ? -1.0 : 1.0;
    result(j) = (sign * W.row(i) - A.row(j)).squaredNorm();
  }
  return result;
}

/// Losses and distances of the atoms on the way.
class Path {
 public:
  explicit Path(const RecoverySetting& setting, const data::Dataset& dataset) : setting_(setting) {
    if (dataset.truth) truth_ = unit_atoms(dataset.truth->model());
  }

  template <typename Scalar>
  void take(const train::DictionaryState<Scalar>& state) {
    iteration_.push_back(static_cast<double>(state.iteration));
    loss_.push_back(state.loss);
    if (truth_.size() == 0) return;
    const Vector d = distances(setting_, state.atoms.template cast<double>(), truth_);
    distance_.emplace_back(d.data(), d.data() + d.size());
  }

  [[nodiscard]] std::string text() const {
    return Json{{"iteration", iteration_}, {"loss", loss_}, {"distance", distance_}}.dump();
  }
  void restore(const std::string& text) {
    try {
      const Json json = Json::parse(text);
      json.at("iteration").get_to(iteration_);
      json.at("loss").get_to(loss_);
      json.at("distance").get_to(distance_);
    } catch (const Json::exception&) {
      throw DataError(kWhere, "the records in the checkpoint are damaged; start over with --force");
    }
  }

  void finish(RecoveryMeasured& measured) const {
    measured.iteration = iteration_;
    measured.loss = loss_;
    if (distance_.empty()) return;
    measured.distance.resize(static_cast<Index>(distance_.size()), truth_.rows());
    for (std::size_t i = 0; i < distance_.size(); ++i) {
      measured.distance.row(static_cast<Index>(i)) =
          Eigen::Map<const Eigen::RowVectorXd>(distance_[i].data(), truth_.rows());
    }
  }

 private:
  const RecoverySetting& setting_;
  Matrix truth_;
  std::vector<double> iteration_, loss_;
  std::vector<std::vector<double>> distance_;
};

ops::TiedGradient gradient_of(const std::string& name) {
  if (name == "decoder_only") return ops::TiedGradient::DecoderOnly;
  if (name == "sign") return ops::TiedGradient::Sign;
  return ops::TiedGradient::Approximate;
}

train::DictionaryDescentOptions options_of(const RecoverySetting& setting, std::uint64_t seed,
                                           const std::string& id, const RunFolder& folder) {
  const RecoveryTrain& spec = setting.spec.train;
  train::DictionaryDescentOptions options;
  options.gate = start_gate(setting);
  options.gradient = gradient_of(spec.gradient);
  options.step = spec.step;
  options.last_step = spec.last_step;
  options.step_unit = setting.step_unit;
  options.iterations = spec.iterations;
  options.normalise = spec.normalise;
  options.bias_shrink = spec.bias_shrink;
  options.bias_floor = spec.bias_floor;
  options.last_threshold = spec.last_threshold;
  options.backtrack = spec.backtrack;
  options.reseed_every = spec.reseed_every;
  options.expected_rate = static_cast<double>(setting.active) / static_cast<double>(setting.units);
  options.polish = spec.polish;
  options.divergence_limit = spec.divergence_limit;
  options.record_steps = record_steps(spec);
  options.stage = fmt::format("train {}", id);
  options.checkpoint = checkpoints(setting.spec, seed, folder.checkpoint() / id);
  return options;
}

template <std::floating_point Scalar>
train::DictionaryResult<Scalar> descend(const RecoverySetting& setting,
                                        const data::Dataset& dataset, const Matrix& X,
                                        const Matrix& start,
                                        const train::DictionaryDescentOptions& options,
                                        const train::DictionaryHooks<Scalar>& hooks,
                                        std::uint64_t seed, RunContext context) {
  MatrixOf<Scalar> W = start.cast<Scalar>();
  if (setting.spec.train.batch > 0) {
    const data::BatchSampler sampler(*dataset.train,
                                     {.batch = static_cast<Index>(setting.spec.train.batch),
                                      .mirrored = dataset.mirrored,
                                      .random_signs = dataset.random_signs,
                                      .order = "shuffle"},
                                     seed);
    return train::dictionary_descent<Scalar>(sampler, std::move(W), options, hooks, context.pool,
                                             context.observer);
  }
  const MatrixOf<Scalar>& batch = X.cast<Scalar>();
  ops::SparseCodes<Scalar> codes;
  if (setting.oracle()) codes = true_codes<Scalar>(*dataset.truth, X.rows());
  return train::dictionary_descent<Scalar>(batch, std::move(W), options, hooks, context.pool,
                                           context.observer, setting.oracle() ? &codes : nullptr);
}

// Where no unit fires no unit moves, and a near start would pass for a result.
[[noreturn]] void refuse_empty_codes(const RecoverySetting& setting, const Matrix& X,
                                     const Matrix& start, ThreadPool& pool) {
  ops::SparseCodes<double> largest;
  const Index rows = std::min(X.rows(), kLookedAt);
  ops::encode<double>(X.topRows(rows), start, {model::TopK{1}, 0.0, !setting.signed_codes()},
                      largest, pool);
  double top = 0.0, sum = 0.0;
  for (const double z : largest.value) {
    top = std::max(top, std::abs(z));
    sum += std::abs(z);
  }
  const bool relu = setting.spec.model.activation == "relu";
  throw InvalidArgument(
      kWhere, fmt::format("{} is beyond every activation at the start: all codes are empty; the "
                          "largest is {:.4g}, and {:.4g} is half of a sample's largest on average",
                          relu ? fmt::format("model.bias = {}", setting.spec.model.bias)
                               : fmt::format("model.threshold = {}", setting.spec.model.threshold),
                          top, 0.5 * sum / static_cast<double>(rows)));
}

template <std::floating_point Scalar>
RecoveryTrained train_in(const RecoverySetting& setting, const data::Dataset& dataset,
                         const Matrix& X, const Matrix& start, std::uint64_t seed,
                         const train::DictionaryDescentOptions& options, RunContext context) {
  Path path(setting, dataset);
  train::DictionaryHooks<Scalar> hooks;
  hooks.on_record = [&](const train::DictionaryState<Scalar>& state) {
    if (state.iteration == 0 && state.active == 0.0) {
      refuse_empty_codes(setting, X, start, context.pool);
    }
    path.take(state);
  };
  hooks.on_save = [&] { return path.text(); };
  hooks.on_resume = [&](std::int64_t k, const std::string& text) {
    path.restore(text);
    context.observer.message(Severity::Info,
                             fmt::format("{}: going on from iteration {}", options.stage, k));
  };
  const train::DictionaryResult<Scalar> run =
      descend<Scalar>(setting, dataset, X, start, options, hooks, seed, context);
  RecoveryTrained trained;
  trained.status = run_status(run.status, run.stop);
  if (trained.status == RunStatus::Diverged) trained.stopped_at = run.iterations;
  trained.gate = run.gate;
  RecoveryMeasured& m = trained.measured;
  path.finish(m);
  m.atoms = run.atoms.template cast<double>();
  const auto idle = std::ranges::count(run.usage, std::int64_t{0});
  m.values["loss"] = {run.loss, 0.0};
  m.values["rejected"] = {static_cast<double>(run.rejected), 0.0};
  m.values["reseeded"] = {static_cast<double>(run.reseeded), 0.0};
  m.values["idle"] = {static_cast<double>(idle), 0.0};
  return trained;
}

}  // namespace

ops::Gate start_gate(const RecoverySetting& setting) {
  const RecoveryModel& model = setting.spec.model;
  if (model.activation == "relu") return {model::Relu{}, model.bias, false};
  if (model.activation == "jump_relu") return {model::JumpRelu::with(model.threshold), 0.0, false};
  if (model.activation == "top_k") return {model::TopK{setting.active}, 0.0, model.positive};
  return {model::HardThreshold::with(model.threshold), 0.0, false};
}

Matrix unit_atoms(const data::DictionaryModel& truth) {
  return truth.atoms.rowwise().normalized();
}

template <std::floating_point Scalar>
ops::SparseCodes<Scalar> true_codes(const data::DictionarySource& truth, Index count) {
  ops::SparseCodes<Scalar> codes;
  codes.atoms = truth.model().size();
  codes.offset = {0};
  data::SparseCode code;
  for (Index i = 0; i < count; ++i) {
    truth.code(static_cast<std::uint64_t>(i), code);
    for (std::size_t a = 0; a < code.support.size(); ++a) {
      codes.index.push_back(static_cast<std::int32_t>(code.support[a]));
      codes.value.push_back(static_cast<Scalar>(code.values[a]));
    }
    codes.offset.push_back(codes.size());
  }
  return codes;
}
template ops::SparseCodes<double> true_codes(const data::DictionarySource&, Index);
template ops::SparseCodes<float> true_codes(const data::DictionarySource&, Index);

Matrix start_atoms(const RecoverySetting& setting, const data::Dataset& dataset, const Matrix& X,
                   std::uint64_t seed, ThreadPool& pool) {
  const RecoveryTrain& spec = setting.spec.train;
  if (spec.start == "near") {
    return train::near_start(dataset.truth->model().atoms, spec.start_distance, seed);
  }
  if (spec.start == "kmeans++") {
    return train::kmeans_start(X, setting.units, kCandidates, seed, pool);
  }
  if (spec.start == "spectral") {
    return train::spectral_start(X, setting.units, setting.active, 0, seed, pool).atoms;
  }
  if (spec.start == "fourth_moment") {
    return train::fourth_moment_start(X, setting.units, seed, pool).atoms;
  }
  return train::sample_start(X, setting.units, seed);
}

RecoveryTrained train_atoms(const RecoverySetting& setting, const data::Dataset& dataset,
                            const Matrix& X, const Matrix& start, std::uint64_t seed,
                            const std::string& id, const RunFolder& folder, RunContext context) {
  const train::DictionaryDescentOptions options = options_of(setting, seed, id, folder);
  if (setting.spec.train.precision == "float") {
    return train_in<float>(setting, dataset, X, start, seed, options, context);
  }
  return train_in<double>(setting, dataset, X, start, seed, options, context);
}

}  // namespace twofold::experiment
