#include "experiment/tangent_kernel_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/theory/tangent_kernel_movement.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::experiment {
namespace {

constexpr double kGuaranteedTo = 1e-6;  // of L_0: below it rounding and mixtures of modes play in

using Values = std::map<std::string, Compared>;

double yes(bool truth) {
  return truth ? 1.0 : 0.0;
}

// Whether L_t <= (1 − ηλ/2)^t L_0 until the loss is small.
bool keeps_guarantee(const std::vector<double>& loss, double step, double smallest) {
  const double factor = std::log1p(-0.5 * step * smallest);
  for (std::size_t t = 0; t < loss.size(); ++t) {
    const double share = loss[t] / loss[0];
    if (share < kGuaranteedTo) return true;
    // A few roundings of the loss.
    if (std::log(share) > factor * static_cast<double>(t) + 1e-12) return false;
  }
  return true;
}

bool monotone(const std::vector<double>& loss) {
  for (std::size_t t = 1; t < loss.size(); ++t) {
    // Where the loss is rounding, it may go either way.
    if (!(loss[t] <= loss[t - 1]) && !(loss[t] < 1e-20 * loss[0])) return false;
  }
  return true;
}

void compare_course(const TangentSetting& s, const TangentTheory& t, const TangentTrained& run,
                    Values& values) {
  const double first = run.loss.front(), target = s.spec.train.target;
  const bool stable = run.step < t.stable_step();
  values["initial loss"] = {t.initial_loss, first};
  if (s.spec.tied()) {
    values["initial loss"].predicted =
        theory::tied_start(s.tied_scaling()).loss * s.samples.squaredNorm();
  }
  values["final loss"] = {kNoNumber, run.loss.back() / first};
  values["monotone"] = {yes(stable), yes(monotone(run.loss))};
  values["diverged"] = {yes(!stable), yes(run.status == RunStatus::Diverged)};
  values["catapults"] = {stable ? 0.0 : kNoNumber, static_cast<double>(run.catapults)};
  if (target > 0.0) {
    const bool reached = run.loss.back() <= target * first;
    values["reached"] = {kNoNumber, yes(reached)};
    values["steps"] = {kNoNumber, reached ? static_cast<double>(run.steps) : kNoNumber};
  }
  if (t.smallest > 0.0) {
    values["guaranteed"] = {1.0, yes(keeps_guarantee(run.loss, run.step, t.smallest))};
  }
}

void compare_curve(const TangentSetting& s, const TangentDynamics& dynamics, const Matrix& E_0,
                   const TangentTrained& run, TangentMeasured& m) {
  const theory::LossCurve curve(dynamics.spectrum(), dynamics.gram(E_0), run.step);
  const double first = curve.loss(0.0);
  m.values["final loss"].predicted = curve.loss(static_cast<double>(run.steps)) / first;
  if (s.spec.train.target > 0.0) {
    m.values["steps"].predicted = curve.steps_to(s.spec.train.target * first).value_or(kNoNumber);
  }
  const auto made = static_cast<std::int64_t>(run.loss.size()) - 1;
  if (const auto window = slope_window(curve, s.spec.record.window, made)) {
    const auto [a, b] = *window;
    const double ratio =
        run.loss[static_cast<std::size_t>(b)] / run.loss[static_cast<std::size_t>(a)];
    m.values["slope"] = {curve.slope(static_cast<double>(a), static_cast<double>(b)),
                         std::log(ratio) / static_cast<double>(b - a)};
  }
  for (const std::int64_t t : run.records) {
    m.predicted_loss.push_back(curve.loss(static_cast<double>(t)));
  }
  m.values["trajectory"] = {0.0, std::ranges::max(run.deviations)};
}

// λ_min of two unit vectors at an angle, encoder alone: what tells them apart.
void compare_pair(const TangentSetting& s, const TangentTheory& t, const TangentTrained& run,
                  Values& values) {
  if (s.size() != 2 || s.spec.train.mode != "weak" || !values.contains("slope")) return;
  const double theta = t.report.closest.front().angle;
  const double inactive = 0.5 - theta / (2.0 * std::numbers::pi);
  const double lambda =
      (0.5 - std::abs(std::cos(theta)) * inactive) / static_cast<double>(s.dimension());
  if (run.step * (lambda + t.largest) >= 2.0) return;  // the other mode is the slower one
  values["pair rate"] = {-2.0 * std::log1p(-run.step * lambda), -values["slope"].measured};
}

void compare_movement(const TangentSetting& s, const TangentTheory& t,
                      const TangentDynamics& dynamics, const Matrix& E_0, const TangentTrained& run,
                      ThreadPool& pool, Values& values) {
  const auto steps = static_cast<double>(run.steps);
  if (t.predictor == nullptr) {
    const double moved = stacked_movement(dynamics.spectrum(), dynamics.gram(E_0), run.step, steps);
    values["relative movement"] = {moved / run.start_norm, run.movement.encoder / run.start_norm};
    return;
  }
  const Matrix drive =
      theory::drive(t.predictor->spectrum(), E_0 * E_0.transpose(), run.step, steps);
  const auto moved =
      theory::weight_movement(t.predictor->kernels(), s.rates(), drive, s.dimension());
  if (s.rates().encoder > 0.0) {
    values["encoder movement"] = {moved.encoder, run.movement.encoder};
    values["relative movement"] = {moved.encoder / run.start_norm,
                                   run.movement.encoder / run.start_norm};
    values["flips"] = {boundary_flips(s, drive, pool), run.movement.flips};
  }
  if (s.rates().decoder > 0.0) {
    values["decoder movement"] = {moved.decoder, run.movement.decoder};
  }
}

double mean_square(const Matrix& rows) {
  return rows.squaredNorm() / static_cast<double>(rows.rows());
}

void compare_outputs(const TangentSetting& s, const TangentTheory& t, const Matrix& E_0,
                     const TangentTrained& run, ThreadPool& pool, Values& values) {
  const Matrix& Q = s.queries;
  const theory::TangentPredictor& predictor = *t.predictor;
  const auto filter =
      theory::SpectralFilter::gradient_descent(run.step, static_cast<double>(run.steps));
  const Matrix weights = predictor.weights(pool, Q, filter);
  // f = u_0(q) + w (X − U_0) of this start; averaged over starts, w X.
  const Matrix mean = weights * s.samples, own = run.start_output + weights * E_0;
  const bool silent = s.spec.model.init == "antisymmetric";
  values["test error"] = {mean_square(Q - own), mean_square(Q - run.output)};
  values["prediction"] = {0.0, (run.output - own).norm() / own.norm()};
  values["start noise"] = {silent ? 0.0 : predictor.start_variance(pool, Q, filter).mean(),
                           (run.output - mean).squaredNorm() / static_cast<double>(Q.size())};
  const Vector off = predictor.off_span(run.output);
  const Vector sizes = run.output.rowwise().norm();
  values["off span"] = {0.0, off.cwiseProduct(sizes).norm() / sizes.norm()};
}

void compare_start(const TangentSetting& s, const TangentTrained& run, Values& values) {
  double predicted = std::sqrt(0.5);
  if (s.spec.tied()) {
    const theory::TiedStart start = theory::tied_start(s.tied_scaling());
    predicted = std::sqrt(start.slope * start.slope + start.spread);
  } else if (s.spec.model.init == "antisymmetric") {
    predicted = 0.0;
  }
  values["start gain"] = {predicted, run.start_output.norm() / s.queries.norm()};
}

}  // namespace

double deviation(const TangentTheory& theory, const Matrix& E_0, double step, std::int64_t t,
                 const Matrix& E) {
  if (!theory.dynamics || step >= theory.stable_step()) return kNoNumber;
  const Matrix expected = theory.dynamics->residual(E_0, step, static_cast<double>(t));
  return (E - expected).norm() / E_0.norm();
}

TangentMeasured compare(const TangentSetting& s, const TangentTheory& t, const Matrix& E_0,
                        const TangentTrained& run, ThreadPool& pool) {
  TangentMeasured m;
  m.loss = run.loss;
  m.records = run.records;
  compare_course(s, t, run, m.values);
  m.values["relative movement"] = {kNoNumber, run.movement.encoder / run.start_norm};
  const bool finished = run.status == RunStatus::Finished;
  const bool has_queries = s.queries.rows() > 0;
  if (has_queries) compare_start(s, run, m.values);
  if (finished && has_queries) {
    m.values["test error"] = {kNoNumber, mean_square(s.queries - run.output)};
  }
  // A step that was halved on the way, or is too large, has no curve.
  const bool constant = !s.spec.train.halve || run.rises.empty();
  if (!finished || !constant || !t.dynamics || run.step >= t.stable_step()) return m;
  compare_curve(s, *t.dynamics, E_0, run, m);
  compare_pair(s, t, run, m.values);
  compare_movement(s, t, *t.dynamics, E_0, run, pool, m.values);
  if (t.predictor != nullptr && has_queries) {
    compare_outputs(s, t, E_0, run, pool, m.values);
  }
  return m;
}

}  // namespace twofold::experiment
