#include "sample_modes.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "recovery_modes.hpp"

namespace twofold::theory {
namespace {

constexpr Index kNodes = 64;

struct Law {
  Vector nodes, weights;
};

// Marchenko-Pastur of ratio y: x = 1 + y + 2√y cos φ has density (2/π) sin²φ/x in φ, so that the
// rule of Chebyshev polynomials of the second kind integrates it. For y > 1 the rest is at 0.
Law marchenko_pastur(double y) {
  using std::numbers::pi;
  Law law{Vector(kNodes + 1), Vector(kNodes + 1)};
  for (Index j = 0; j < kNodes; ++j) {
    const double phi = pi * static_cast<double>(j + 1) / static_cast<double>(kNodes + 1);
    const double sine = std::sin(phi), x = 1.0 + y + 2.0 * std::sqrt(y) * std::cos(phi);
    law.nodes[j] = x;
    law.weights[j] = 2.0 * sine * sine / (x * static_cast<double>(kNodes + 1));
  }
  law.nodes[kNodes] = 0.0;
  law.weights[kNodes] = y > 1.0 ? 1.0 - 1.0 / y : 0.0;
  law.weights /= law.weights.sum();  // nearly 1 already; not quite near y = 1
  return law;
}

// Variance of the products of one row's error with other codes, over that of an error in the same
// row: of 3k + 1 (Full) or k − 1 pairs for each of k − 1 directions out of d − 1.
double product_spread(const data::DictionaryModel& model, RecoveryGradient kind, double samples) {
  const double k = static_cast<double>(model.sparsity);
  const double pairs = kind == RecoveryGradient::Full ? 3.0 * k + 1.0 : k - 1.0;
  const double directions = std::max(1.0, static_cast<double>(model.dimension() - 1));
  return (k - 1.0) * pairs / (directions * samples * model.probability(0));
}

}  // namespace

SampleModes::SampleModes(const data::DictionaryModel& model, RecoveryGradient kind, double samples,
                         bool fresh)
    : rate_(model.kappa2() / leading_stiffness(model)), fresh_(fresh) {
  const double scale = leading_stiffness(model), y = sample_spread(model, samples);
  const Stiffness rate = stiffness(model, kind);
  const double relative = rate.split / model.kappa2();
  const double inside =
      std::min(1.0, static_cast<double>(model.size() - 1) /
                        std::max(1.0, static_cast<double>(model.dimension() - 1)));
  add_part(inside, rate.mean / scale, rate.split / scale,
           y + relative * relative + product_spread(model, kind, samples));
  add_part(1.0 - inside, rate_, 0.0, y);
}

void SampleModes::add_part(double weight, double centre, double split, double spread) {
  if (weight <= 0.0) return;
  Law law = marchenko_pastur(spread);
  Part part;
  part.weight = weight;
  part.centre = centre;
  part.split = split;
  part.spread = spread;
  part.nodes = centre + rate_ * (law.nodes.array() - 1.0);
  part.node_weights = std::move(law.weights);
  part.amplitude = Vector::Ones(part.nodes.size());
  parts_.push_back(std::move(part));
}

void SampleModes::advance(Part& part, double tau, double square, double share) const {
  const double kept = tau * square, scale = 1.0 - tau * square * rate_ + tau * rate_;
  const auto factor = [&](double x) { return (1.0 - kept * x) / scale; };
  const double upper = factor(part.centre + part.split), lower = factor(part.centre - part.split);
  if (fresh_) {
    const double noise = kept * rate_ / scale;
    const double relative = part.split / rate_;
    part.extra = 0.5 * (upper * upper + lower * lower) * part.extra +
                 noise * noise * (part.spread - relative * relative) * share;
    return;
  }
  part.upper *= upper;
  part.lower *= lower;
  part.amplitude.array() *= (1.0 - kept * part.nodes.array()) / scale;
}

void SampleModes::advance(double tau, double lambda, double share) {
  for (Part& part : parts_) advance(part, tau, lambda * lambda, share);
}

double SampleModes::excess() const {
  double sum = 0.0;
  for (const Part& part : parts_) {
    const double population = 0.5 * (part.upper * part.upper + part.lower * part.lower);
    const double spread =
        fresh_ ? part.extra
               : (part.node_weights.array() * part.amplitude.array().square()).sum() - population;
    sum += part.weight * std::max(0.0, spread);
  }
  return sum;
}

}  // namespace twofold::theory
