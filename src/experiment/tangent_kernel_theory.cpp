#include "experiment/tangent_kernel_theory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "twofold/linalg/status.hpp"
#include "twofold/theory/tangent_kernel_finite.hpp"
#include "twofold/theory/tangent_kernel_fluctuation.hpp"
#include "twofold/theory/tangent_kernel_movement.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::experiment {
namespace {

constexpr std::size_t kLooks = 8;         // steps at which a deviation is expected
constexpr Index kMostFluctuating = 2000;  // samples: more would take minutes
constexpr double kProducts = 1e10;        // for the same: below a second or two

/// A start as theory sees it: one network's, or the mean over starts.
struct Start {
  std::optional<model::Weights<double>> weights;
  Matrix gram;      // as TangentDynamics::gram
  Matrix coarse;    // E_0 E_0ᵀ, n×n
  double norm = 0;  // ‖W_0‖ of a tied network
};

bool mean_over_starts(const TangentSetting& s) {
  return !s.spec.tied() && s.spec.predict.kernel == "infinite";
}

Start one_start(const TangentSetting& s, const TangentDynamics* dynamics, ThreadPool& pool,
                model::Weights<double> weights) {
  Start start;
  const Matrix E_0 = s.samples - outputs<double>(s.samples, weights, pool);
  start.coarse = E_0 * E_0.transpose();
  if (dynamics != nullptr) start.gram = dynamics->gram(E_0);
  start.norm = weights.encoder.norm();
  start.weights = std::move(weights);
  return start;
}

Start mean_start(const TangentSetting& s, const theory::TangentPredictor& predictor) {
  Start start;
  start.coarse = s.spec.model.init == "antisymmetric"
                     ? theory::silent_start(s.samples)
                     : theory::plain_start(s.samples, predictor.kernels().decoder);
  start.gram = start.coarse;
  return start;
}

// λ's of what drives the dynamics, and the λ_max that steps are measured in.
void fill_spectrum(const TangentSetting& s, const TangentDynamics* dynamics, const Start& start,
                   ThreadPool& pool, TangentTheory& t) {
  if (dynamics == nullptr) {
    const theory::EmpiricalKernel kernel(pool, *start.weights, s.samples, s.rates());
    // The upper end is there after a few products; the lower one is not needed.
    t.largest = t.reference = kernel.extremes({.max_products = 20}).largest;
    return;
  }
  const theory::TangentSpectrum& spectrum = dynamics->spectrum();
  if (spectrum.status != SolveStatus::Converged) return;
  t.largest = t.reference = spectrum.largest();
  t.smallest = spectrum.smallest();
  t.regular = spectrum.rank == spectrum.values.size();
  if (t.predictor != nullptr) t.reference = t.predictor->spectrum().largest();
}

void fill_curve(const TangentSetting& s, const TangentDynamics& dynamics, const Start& start,
                TangentTheory& t) {
  const theory::LossCurve curve(dynamics.spectrum(), start.gram, t.step);
  t.initial_loss = curve.loss(0.0);
  for (const std::int64_t step : t.steps) t.loss.push_back(curve.loss(static_cast<double>(step)));
  const std::int64_t most = s.spec.train.steps;
  if (const auto window = slope_window(curve, s.spec.record.window, most)) {
    t.slope = curve.slope(static_cast<double>(window->first), static_cast<double>(window->second));
  }
  if (s.spec.train.target > 0.0) {
    t.steps_to_target = curve.steps_to(s.spec.train.target * t.initial_loss)
                            .value_or(std::numeric_limits<double>::infinity());
  }
}

void fill_movement(const TangentSetting& s, const TangentDynamics& dynamics, const Start& start,
                   ThreadPool& pool, TangentTheory& t) {
  const auto steps = static_cast<double>(s.spec.train.steps);
  if (t.predictor == nullptr) {
    t.encoder_movement = stacked_movement(dynamics.spectrum(), start.gram, t.step, steps);
    return;
  }
  const Matrix drive = theory::drive(t.predictor->spectrum(), start.coarse, t.step, steps);
  const auto moved =
      theory::weight_movement(t.predictor->kernels(), s.rates(), drive, s.dimension());
  t.encoder_movement = moved.encoder;
  t.decoder_movement = moved.decoder;
  t.flips = boundary_flips(s, drive, pool);
}

double mean_square(const Matrix& rows) {
  return rows.squaredNorm() / static_cast<double>(rows.rows());
}

// Of the network that the predictor stands for, its output at the start averaged over.
void fill_errors(const TangentSetting& s, ThreadPool& pool, TangentTheory& t) {
  if (s.queries.rows() == 0) return;
  const theory::TangentPredictor& predictor = *t.predictor;
  t.limit_error = mean_square(s.queries - predictor.predict(pool, s.queries));
  const auto filter =
      theory::SpectralFilter::gradient_descent(t.step, static_cast<double>(s.spec.train.steps));
  t.test_error = mean_square(s.queries - predictor.predict(pool, s.queries, filter));
  t.start_noise = 0.0;
  if (s.spec.model.init == "plain") {
    t.start_noise = predictor.start_variance(pool, s.queries, filter).mean();
    t.test_error += static_cast<double>(s.dimension()) * t.start_noise;
  }
}

// Reported steps that stand for all: the maximum over time is flat.
std::vector<double> sparse_steps(const TangentTheory& t) {
  std::vector<double> steps;
  const std::size_t every = (t.steps.size() + kLooks - 1) / kLooks;
  for (std::size_t i = 0; i < t.steps.size(); i += every) {
    steps.push_back(static_cast<double>(t.steps[i]));
  }
  return steps;
}

double expected_trajectory_error(const TangentSetting& s, const TangentTheory& t,
                                 ThreadPool& pool) {
  if (t.predictor == nullptr || t.step >= t.stable_step() || s.size() > kMostFluctuating) {
    return kNoNumber;
  }
  const std::vector<double> steps = sparse_steps(t);
  const double products =
      2.0 * std::pow(static_cast<double>(s.size()), 3.0) * static_cast<double>(steps.size());
  theory::FluctuationOptions options;
  options.seed = static_cast<std::uint64_t>(s.seed);
  options.draws = static_cast<Index>(std::clamp(kProducts / products, 4.0, 64.0));
  // Twins are not independent.
  const bool paired = s.spec.model.init == "antisymmetric";
  const auto shares = theory::trajectory_fluctuation(
      pool, s.samples, t.predictor->spectrum(), mean_start(s, *t.predictor).coarse,
      {s.rates(), t.step, steps, paired ? s.neurons() / 2 : s.neurons(),
       s.spec.model.decoder == "normal"},
      options);
  return std::ranges::max(shares);
}

}  // namespace

std::optional<double> given_step(const TangentSpec& spec, double reference) {
  if (spec.train.step) return spec.train.step;
  if (spec.train.step_ratio > 0.0) return spec.train.step_ratio / reference;
  return std::nullopt;
}

TangentTheory tangent_theory(const TangentSetting& s, ThreadPool& pool) {
  TangentTheory t;
  t.report = theory::sample_report(pool, s.samples);
  t.steps = reported_steps(s.spec);
  if (!s.spec.tied()) {
    t.predictor = std::make_shared<theory::TangentPredictor>(pool, s.samples, s.rates());
  }
  model::Weights<double> weights;
  if (!mean_over_starts(s)) {
    weights = start_weights<double>(s, static_cast<std::uint64_t>(s.seed));
  }
  t.dynamics = TangentDynamics::make(s, t.predictor.get(), weights, pool);
  const TangentDynamics* dynamics = t.dynamics.get();
  const Start start = mean_over_starts(s) ? mean_start(s, *t.predictor)
                                          : one_start(s, dynamics, pool, std::move(weights));
  t.initial_loss = 0.5 * start.coarse.trace();
  fill_spectrum(s, dynamics, start, pool, t);
  if (!(t.largest > 0.0)) return t;
  t.step = given_step(s.spec, t.reference).value_or(kSafety / t.largest);
  if (dynamics == nullptr) return t;
  fill_curve(s, *dynamics, start, t);
  if (t.step >= t.stable_step()) return t;
  fill_movement(s, *dynamics, start, pool, t);
  if (t.predictor != nullptr) fill_errors(s, pool, t);
  return t;
}

void predict_case(TangentResult& result, ThreadPool& pool) {
  const auto began = std::chrono::steady_clock::now();
  result.predicted = tangent_theory(result.setting, pool);
  result.predicted.trajectory_error =
      expected_trajectory_error(result.setting, result.predicted, pool);
  result.trust = tangent_trust(result.setting, result.predicted);
  result.predict_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace twofold::experiment
