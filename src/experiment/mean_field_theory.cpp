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
  const train::Schedule schedule(setting.spec.train.schedule_options(), setting.step,
                                 setting.steps);
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

bool scheduled(const MeanFieldSetting& setting) {
  return setting.spec.train.schedule != "constant" || setting.spec.train.warmup > 0;
}

// What follows from the gains alone: training loss and error against the clean data.
void derive_from_gains(const MeanFieldSetting& setting, Path& path) {
  const Index rows = path.time.size();
  if (setting.train_rows.size() > 0) path.train_loss.resize(rows);
  if (setting.clean_test.size() > 0) path.denoising.resize(rows);
  for (Index k = 0; k < rows; ++k) {
    const Vector gains = path.gain.row(k).transpose();
    if (setting.train_rows.size() > 0) path.train_loss(k) = theory::loss(setting.spectrum, gains);
    if (setting.clean_test.size() > 0) {
      path.denoising(k) = theory::denoising_error(setting.spectrum, setting.spec.data.noise, gains);
    }
  }
}

Path path_of(const MeanFieldSetting& setting, theory::Trajectory& t) {
  Path path;
  path.time = std::move(t.time);
  path.loss = std::move(t.loss);
  path.gain = std::move(t.gain);
  path.scale = std::move(t.scale);
  derive_from_gains(setting, path);
  return path;
}

// Even in t and even in ln t.
std::vector<double> dense_times(const MeanFieldSetting& setting) {
  constexpr int kPoints = 100;
  const double end = setting.times.back();
  const double first = std::min(setting.step, end);
  std::vector<double> times = setting.times;
  for (int i = 1; i <= kPoints && end > 0.0; ++i) {
    const double part = static_cast<double>(i) / kPoints;
    times.push_back(end * part);
    times.push_back(first * std::pow(end / first, part));
  }
  std::ranges::sort(times);
  return times;
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
  std::vector<theory::TrustEntry> entries =
      theory::trust_report({.spectrum = setting.spectrum,
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
  for (const double v : values) list.push_back(json_number(v));
  return list;
}

Json array(const Matrix& values) {
  Json list = Json::array();
  for (Index k = 0; k < values.rows(); ++k)
    list.push_back(array(Vector(values.row(k).transpose())));
  return list;
}

Json half_times(const theory::Summary& summary) {
  Json list = Json::array();
  for (const auto& t : summary.half_time) list.push_back(t ? Json(*t) : Json(nullptr));
  return list;
}

Json interval(const theory::OpenInterval& range) {
  return {json_number(range.low), json_number(range.high)};
}

// Which penalty, or which stopping time without penalty, keeps exactly k directions.
Json keep_json(const MeanFieldSetting& setting) {
  Json list = Json::array();
  const theory::FlowProblem problem{setting.spectrum, *setting.odd_slope, 0.0,
                                    setting.spec.model.init_scale};
  for (Index k = 1; k <= setting.leading(); ++k) {
    Json entry = {{"directions", k}, {"penalty", nullptr}, {"stop_time", nullptr}};
    if (const auto p = theory::penalty_to_keep(setting.spectrum, k, *setting.odd_slope)) {
      entry["penalty"] = interval(*p);
    }
    if (const auto stop = theory::stop_to_keep(problem, k)) {
      entry["stop_time"] = interval(stop->time);
      entry["separability"] = json_number(stop->separability);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

Json design_json(const MeanFieldSetting& setting) {
  if (!setting.odd_slope) return Json::object();
  const double bulk = theory::noise_from_bulk(setting.spectrum);
  return {{"keep", keep_json(setting)},
          {"noise_variance_from_bulk", bulk},
          {"denoising_penalty", theory::denoising_penalty(*setting.odd_slope, bulk)}};
}

}  // namespace

void predict_case(const std::vector<double>& times, MeanFieldResult& result, ThreadPool& pool) {
  const auto began = std::chrono::steady_clock::now();
  const MeanFieldSetting& setting = result.setting;
  result.summary = theory::summarize(problem_of(setting), setting.time_of(setting.steps));
  theory::Trajectory t =
      scheduled(setting) ? scheduled_trajectory(setting) : constant_step_trajectory(setting, times);
  result.loss_low = std::move(t.loss_low);
  result.loss_high = std::move(t.loss_high);
  result.predicted = path_of(setting, t);
  add_trust(result, pool);
  result.predict_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void predict_dense_curve(MeanFieldResult& result) {
  const MeanFieldSetting& setting = result.setting;
  if (scheduled(setting)) {
    result.curve = result.predicted;
    result.curve_low = result.loss_low;
    result.curve_high = result.loss_high;
    return;
  }
  theory::Trajectory t = constant_step_trajectory(setting, dense_times(setting));
  result.curve_low = std::move(t.loss_low);
  result.curve_high = std::move(t.loss_high);
  result.curve = path_of(setting, t);
}

Json summary_json(const MeanFieldResult& result) {
  const MeanFieldSetting& setting = result.setting;
  const theory::Summary& summary = result.summary;
  const theory::StepLimits limits =
      theory::step_limits(setting.spectrum, summary.gain_limit, setting.activation, setting.penalty,
                          setting.spec.train.momentum, setting.independent);
  Json status = Json::array();
  for (const theory::ComponentStatus s : summary.status) status.push_back(theory::to_string(s));
  const auto finite = [](double v) { return json_number(v); };
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
  Json json = Json::object();
  if (!result.label.empty()) json["case"] = result.label;
  json["series"] = {{"time", array(result.predicted.time)},
                    {"loss", array(result.predicted.loss)},
                    {"loss_low", array(result.loss_low)},
                    {"loss_high", array(result.loss_high)},
                    {"gain", array(result.predicted.gain)}};
  json["summary"] = summary_json(result);
  json["design"] = design_json(result.setting);
  json["trust"] = to_json(result.trust);
  return json;
}

}  // namespace twofold::experiment
