#include "mmse_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace twofold::theory {
namespace {

constexpr double kLeastNoise = 1e-12, kMostNoise = 1e12;
constexpr double kSpacing = 0.125;
constexpr int kPoints = 6;
constexpr double kLeastMmse = 1e-300;  // discrete priors underflow

double log_noise(int index) {
  return std::log(kLeastNoise) + kSpacing * index;
}

const int kNodes = static_cast<int>(std::log(kMostNoise / kLeastNoise) / kSpacing);

}  // namespace

MmseTable::MmseTable(data::ScalarPrior prior)
    : prior_(std::move(prior)),
      log_mmse_(static_cast<std::size_t>(kNodes), std::numeric_limits<double>::quiet_NaN()) {}

double MmseTable::node(int index) {
  double& value = log_mmse_[static_cast<std::size_t>(index)];
  if (std::isnan(value)) {
    value = std::log(std::max(prior_.mmse(std::exp(log_noise(index))), kLeastMmse));
  }
  return value;
}

double MmseTable::operator()(double t) {
  if (t < kLeastNoise) return t;
  if (t > kMostNoise) return 1.0;
  const double place = (std::log(t) - log_noise(0)) / kSpacing;
  const int below = std::clamp(static_cast<int>(place), 0, kNodes - 2);
  const int first = std::clamp(below - kPoints / 2 + 1, 0, kNodes - kPoints);
  double sum = 0.0;  // Lagrange
  for (int i = first; i < first + kPoints; ++i) {
    double weight = 1.0;
    for (int j = first; j < first + kPoints; ++j) {
      if (j != i) weight *= (place - j) / (i - j);
    }
    sum += weight * node(i);
  }
  // mmse increases with t, also where it falls too steeply for six points.
  return std::exp(std::clamp(sum, node(below), node(below + 1)));
}

}  // namespace twofold::theory
