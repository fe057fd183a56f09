#include "twofold/theory/code_consistency.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "recovery_checks.hpp"
#include "recovery_modes.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {
namespace {

using data::CodeLaw;

// P(g > u) for a standard normal g.
double upper_tail(double u) {
  return 0.5 * std::erfc(u / std::numbers::sqrt2);
}

// P(s g > u); without noise a step.
double tail(double u, double s) {
  if (s > 0.0) return upper_tail(u / s);
  return u > 0.0 ? 0.0 : 1.0;
}

double squared_sine(double distance) {
  return distance * distance * (1.0 - 0.25 * distance * distance);
}

// Mean of P(s g > c cos θ − λ) over |c| uniform on [low, high]: the integral of Q is
// u Q(u) − φ(u).
double mean_miss(const data::DictionaryModel& model, double threshold, double cosine, double s) {
  const double from = model.low * cosine - threshold, to = model.high * cosine - threshold;
  // Closer ends than this lose digits in the difference; the mid-point is exact to their square.
  constexpr double kNarrow = 1e-4;
  if (to - from <= kNarrow * s) return tail(0.5 * (from + to), s);
  if (s == 0.0) return to <= 0.0 ? 1.0 : std::max(0.0, -from) / (to - from);
  const auto integral = [&](double u) {
    constexpr double kRootTwoPi = 2.50662827463100050242;
    return u * upper_tail(u) - std::exp(-0.5 * u * u) / kRootTwoPi;
  };
  return (integral(to / s) - integral(from / s)) * s / (to - from);
}

// Errors at any threshold; what does not depend on it is computed once.
class LabelLaw {
 public:
  LabelLaw(const data::DictionaryModel& model, double distance)
      : model_(model),
        cosine_(1.0 - 0.5 * distance * distance),
        on_(cross_talk(model, true, distance)),
        off_(cross_talk(model, false, distance)) {
    if (model.law != CodeLaw::Mixture) return;
    projections_.resize(model.size(), model.size());
    gemm(Trans::No, Trans::Yes, cosine_, unit_atoms(model), model.atoms, 0.0, projections_);
    const double d = static_cast<double>(model.dimension());
    spread_ = (model.noise * model.noise +
               squared_sine(distance) / d * model.atoms.rowwise().squaredNorm().array())
                  .sqrt();
  }

  LabelError operator()(double threshold) const {
    LabelError error;
    if (model_.law == CodeLaw::Mixture) {
      error = of_mixture(threshold);
    } else {
      const double sides = model_.law == CodeLaw::Sparse ? 2.0 : 1.0;
      error.miss = mean_miss(model_, threshold, cosine_, on_);
      error.false_alarm = sides * tail(threshold, off_);
    }
    const double active = static_cast<double>(model_.sparsity) / static_cast<double>(model_.size());
    error.rate = active * error.miss + (1.0 - active) * error.false_alarm;
    return error;
  }

 private:
  // Pair by pair: sample of component j, unit i.
  LabelError of_mixture(double threshold) const {
    const Index m = model_.size();
    LabelError error;
    for (Index j = 0; j < m; ++j) {
      const double p = model_.weights[j];
      error.miss += p * tail(projections_(j, j) - threshold, model_.noise);
      for (Index i = 0; i < m; ++i) {
        if (i != j) error.false_alarm += p * tail(threshold - projections_(i, j), spread_[j]);
      }
    }
    if (m > 1) error.false_alarm /= static_cast<double>(m - 1);
    return error;
  }

  const data::DictionaryModel& model_;
  double cosine_, on_, off_;
  Matrix projections_;  // w_i·a_j in the mean over the directions of W
  Vector spread_;       // about it, of the samples of component j
};

}  // namespace

double cross_talk(const data::DictionaryModel& model, bool on, double distance) {
  constexpr auto where = "theory::cross_talk";
  data::check_model(model, where);
  require_distance(distance, where);
  const double k = static_cast<double>(model.sparsity), m = static_cast<double>(model.size());
  const double d = static_cast<double>(model.dimension());
  const double sine2 = squared_sine(distance), count = on ? k - 1.0 : k;
  const double norm2 = model.atoms.squaredNorm() / m;
  const double square = (1.0 - sine2) * mean_square_coherence(model) + sine2 * norm2 / d;
  return std::sqrt(count * model.kappa2() * square + model.noise * model.noise);
}

LabelError label_error(const data::DictionaryModel& model, double threshold, double distance) {
  require_non_negative(threshold, "the threshold", "theory::label_error");
  return LabelLaw(model, distance)(threshold);
}

double code_consistency(const data::DictionaryModel& model, double threshold, double distance) {
  return std::exp(-static_cast<double>(model.size()) *
                  label_error(model, threshold, distance).rate);
}

double best_threshold(const data::DictionaryModel& model, double distance) {
  constexpr int kGrid = 1000;  // the rate may have flat parts at 0: no bracketing search
  const LabelLaw law(model, distance);
  const double top =
      model.law == CodeLaw::Mixture ? model.atoms.rowwise().norm().maxCoeff() : model.high;
  // Where many thresholds are equally good (no noise), the middle of them.
  double least = 2.0, first = 0.0, last = 0.0;
  for (int i = 1; i <= kGrid; ++i) {
    const double threshold = top * i / kGrid;
    const double rate = law(threshold).rate;
    if (rate < least) first = threshold;
    if (rate <= least) last = threshold;
    least = std::min(least, rate);
  }
  return 0.5 * (first + last);
}

}  // namespace twofold::theory
