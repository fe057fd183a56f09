#include "experiment/mean_field_theory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/model/initialization.hpp"
#include "twofold/theory/mean_field_design.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_limits.hpp"
#include "twofold/theory/mean_field_recursion.hpp"
#include "twofold/theory/mean_field_trust.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::experiment {
namespace {

theory::MeanFieldProblem problem_of(const MeanFieldSetting& setting) {
  theory::MeanFieldProblem problem;
  problem.spectrum = setting.spectrum;
  problem.activation = setting.activation;
  problem.penalty = setting.penalty;
  problem.init_scale = setting.spec.model.init_scale;
  problem.step = setting.step;
  problem.momentum = setting.spec.train.momentum;
  problem.neurons = static_cast<Index>(setting.spec.model.neurons);
  problem.init = setting.spec.model.init;
  return problem;
}

// Rows for the law of the norm: the first 1500 training rows in principal coordinates.
Matrix norm_law_samples(const MeanFieldSetting& setting) {
  constexpr std::uint64_t kRows = 1500;
  const data::Source& source = *setting.dataset.train;
  Matrix rows(static_cast<Index>(std::min(kRows, source.size())), source.dimension());
  source.read(0, View<double>(rows));
  return principal_coordinates(setting, rows);
}

theory::Trajectory constant_step_trajectory(const MeanFieldSetting& setting,
                                            const std::vector<double>& times) {
  const theory::Predictor predictor = theory::parse_predictor(setting.spec.record.predictor);
  theory::MeanFieldProblem problem = problem_of(setting);
  Matrix samples;
  if (predictor == theory::Predictor::L2Plus) samples = norm_law_samples(setting);
  if (predictor == theory::Predictor::Matrix) {
    problem.start = principal_coordinates(
        setting, model::initial_neurons(model::parse_initialization(problem.init), problem.neurons,
                                        setting.spectrum.size(), problem.init_scale,
                                        static_cast<std::uint64_t>(setting.seed)));
  }
  const Vector* test = setting.test_spectrum.size() > 0 ? &setting.test_spectrum : nullptr;
  return theory::predict(problem, predictor, times, samples.size() > 0 ? &samples : nullptr, test);
}

// A changing step size is followed step by step.
theory::Trajectory scheduled_trajectory(const MeanFieldSetting& setting) {
  const train::Schedule schedule(setting.spec.train.schedule_options(), setting.step, setting.steps);
  theory::Recursion recursion({setting.spectrum, setting.activation, setting.penalty,
                               setting.spec.model.init_scale, setting.spec.train.momentum, 0.0});
  const auto rows = static_cast<Index>(setting.record_steps.size());
  theory::Trajectory t;
  t.time.resize(rows);
  t.loss.resize(rows);
  t.gain.resize(rows, setting.spectrum.size());
  t.scale.resize(rows, setting.spectrum.size());
  const Vector& weights =
      setting.test_spectrum.size() > 0 ? setting.test_spectrum : setting.spectrum;
  std::int64_t done = 0;
  for (Index k = 0; k < rows; ++k) {
    for (; done < setting.record_steps[static_cast<std::size_t>(k)]; ++done) {
      recursion.advance(1, schedule.at(done));
    }
    t.time(k) = setting.time_of(done);
    t.gain.row(k) = recursion.gain().transpose();
    t.scale.row(k) = recursion.scale().transpose();
    t.loss(k) = theory::loss(weights, recursion.gain());
  }
  t.loss_low = t.loss_high = t.loss;
  return t;
}

void predict_curves(const std::vector<double>& times, MeanFieldResult& result) {
  const MeanFieldSetting& setting = result.setting;
  const bool scheduled =
      setting.spec.train.schedule != "constant" || setting.spec.train.warmup > 0;
  theory::Trajectory t =
      scheduled ? scheduled_trajectory(setting) : constant_step_trajectory(setting, times);
  result.predicted.time = std::move(t.time);
  result.predicted.loss = std::move(t.loss);
  result.predicted.gain = std::move(t.gain);
  result.predicted.scale = std::move(t.scale);
  result.loss_low = std::move(t.loss_low);
  result.loss_high = std::move(t.loss_high);
  const Index rows = result.predicted.time.size();
  if (setting.train_rows.size() > 0) result.predicted.train_loss.resize(rows);
  if (setting.clean_test.size() > 0) result.predicted.denoising.resize(rows);
  for (Index k = 0; k < rows; ++k) {
    const Vector gains = result.predicted.gain.row(k).transpose();
    if (setting.train_rows.size() > 0) {
      result.predicted.train_loss(k) = theory::loss(setting.spectrum, gains);
    }
    if (setting.clean_test.size() > 0) {
      result.predicted.denoising(k) =
          theory::denoising_error(setting.spectrum, setting.spec.data.noise, gains);
    }
  }
}

void add_trust(MeanFieldResult& result, ThreadPool& pool) {
  const MeanFieldSetting& setting = result.setting;
  const bool symmetric = setting.dataset.random_signs || setting.dataset.mirrored;
  const bool generative = setting.dataset.train->size() == data::kUnlimited;
  double rho = 0.0;
  if (!generative) {
    rho = theory::asymmetry(*setting.dataset.train,
                            {.seed = static_cast<std::uint64_t>(setting.seed)}, pool);
  }
  result.asymmetry = symmetric ? 0.0 : rho;
  std::vector<theory::TrustEntry> entries = theory::trust_report(
      {.spectrum = setting.spectrum,
       .gains = result.summary.gain_limit,
       .activation = setting.activation,
       .step = setting.step,
       .independent_samples = setting.independent,
       .neurons = static_cast<Index>(setting.spec.model.neurons),
       .learned = result.summary.learned});
  if (!generative) entries.insert(entries.begin(), theory::asymmetry_entry(rho, symmetric));
  for (const theory::TrustEntry& e : entries) {
    result.trust.push_back({e.name, e.value, e.limit, e.verdict, e.text});
  }
}

Json array(const Vector& values) {
  Json list = Json::array();
  for (const double v : values) list.push_back(std::isfinite(v) ? Json(v) : Json(nullptr));
  return list;
}

Json array(const Matrix& values) {
  Json list = Json::array();
  for (Index k = 0; k < values.rows(); ++k) list.push_back(array(Vector(values.row(k).transpose())));
  return list;
}

Json half_times(const theory::Summary& summary) {
  Json list = Json::array();
  for (const auto& t : summary.half_time) list.push_back(t ? Json(*t) : Json(nullptr));
  return list;
}

}  // namespace

void predict_case(const std::vector<double>& times, MeanFieldResult& result, ThreadPool& pool) {
  const auto began = std::chrono::steady_clock::now();
  const MeanFieldSetting& setting = result.setting;
  result.summary =
      theory::summarize(problem_of(setting), setting.time_of(setting.steps));
  predict_curves(times, result);
  add_trust(result, pool);
  result.predict_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

Json summary_json(const MeanFieldResult& result) {
  const MeanFieldSetting& setting = result.setting;
  const theory::Summary& summary = result.summary;
  const theory::StepLimits limits =
      theory::step_limits(setting.spectrum, summary.gain_limit, setting.activation, setting.penalty,
                          setting.spec.train.momentum, setting.independent);
  Json status = Json::array();
  for (const theory::ComponentStatus s : summary.status) status.push_back(theory::to_string(s));
  const auto finite = [](double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); };
  constexpr double kOnePercent = 0.01;
  return {{"learned", summary.learned},
          {"gain_limit", array(summary.gain_limit)},
          {"half_time", half_times(summary)},
          {"spectrum", array(setting.spectrum)},
          {"gain_at_stop", array(summary.gain_at_stop)},
          {"status", status},
          {"effective_rank", summary.effective_rank},
          {"effective_dimension", summary.effective_dimension},
          {"initial_loss", summary.initial_loss},
          {"limit_loss", summary.limit_loss},
          {"penalty", setting.penalty},
          {"step", setting.step},
          {"steps", setting.steps},
          {"largest_step", finite(limits.largest)},
          {"largest_step_reason", limits.reason},
          {"accurate_step", finite(limits.accurate)},
          {"neurons_for_1_percent_excess",
           theory::neurons_for_excess(setting.activation, setting.spec.model.init, setting.spectrum,
                                      summary.gain_limit, summary.learned, kOnePercent)}};
}

Json prediction_json(const MeanFieldResult& result) {
  Json trust = Json::array();
  for (const TrustEntry& e : result.trust) {
    trust.push_back({{"name", e.name},
                     {"value", e.value},
                     {"limit", e.limit},
                     {"verdict", e.verdict},
                     {"text", e.text}});
  }
  Json json = Json::object();
  if (!result.label.empty()) json["case"] = result.label;
  json["series"] = {{"time", array(result.predicted.time)},
                    {"loss", array(result.predicted.loss)},
                    {"loss_low", array(result.loss_low)},
                    {"loss_high", array(result.loss_high)},
                    {"gain", array(result.predicted.gain)}};
  json["summary"] = summary_json(result);
  json["trust"] = trust;
  return json;
}

}  // namespace twofold::experiment
