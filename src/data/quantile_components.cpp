#include <fmt/format.h>

#include <algorithm>

#include "scalar_law.hpp"
#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

constexpr double kAtomShare = 0.01;       // a value more frequent than this is an atom
constexpr std::size_t kBins = 200;        // of the rest
constexpr std::size_t kLeastPerBin = 10;  // so that a bin's variance means something

std::vector<double> sorted_and_scaled(std::span<const double> samples) {
  constexpr auto where = "data::ScalarPrior::empirical";
  require(!samples.empty(), where, "there are no samples");
  std::vector<double> sorted(samples.begin(), samples.end());
  double largest = 0.0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    require(std::isfinite(sorted[i]), where,
            fmt::format("sample {} is {}; samples must be finite", i, sorted[i]));
    largest = std::max(largest, std::abs(sorted[i]));
  }
  require(largest > 0.0, where, "all samples are 0; nothing varies");
  double squares = 0.0;  // of numbers up to 1, so that huge values do not overflow
  for (const double x : sorted) squares += (x / largest) * (x / largest);
  const double root = std::sqrt(squares / static_cast<double>(sorted.size()));
  for (double& x : sorted) x = x / largest / root;
  std::ranges::sort(sorted);
  return sorted;
}

// Moves the values that make up more than kAtomShare into atoms; the rest stays, in order.
std::vector<MixtureComponent> take_atoms(std::vector<double>& sorted) {
  const auto total = static_cast<double>(sorted.size());
  std::vector<MixtureComponent> atoms;
  std::vector<double> rest;
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last = std::upper_bound(first, sorted.end(), *first);
    const auto count = last - first;
    const double share = static_cast<double>(count) / total;
    if (count > 1 && share > kAtomShare) {
      atoms.push_back({share, *first, 0.0});
    } else {
      rest.insert(rest.end(), first, last);
    }
    first = last;
  }
  sorted = std::move(rest);
  return atoms;
}

MixtureComponent bin(std::span<const double> values, double total) {
  const auto count = static_cast<double>(values.size());
  double mean = 0.0, variance = 0.0;
  for (const double x : values) mean += x;
  mean /= count;
  for (const double x : values) variance += (x - mean) * (x - mean);
  return {count / total, mean, variance / count};
}

}  // namespace

std::vector<MixtureComponent> quantile_components(std::span<const double> samples) {
  std::vector<double> sorted = sorted_and_scaled(samples);
  std::vector<MixtureComponent> components = take_atoms(sorted);
  const std::size_t bins = std::min(kBins, (sorted.size() + kLeastPerBin - 1) / kLeastPerBin);
  for (std::size_t k = 0; k < bins; ++k) {
    const std::size_t begin = k * sorted.size() / bins, end = (k + 1) * sorted.size() / bins;
    components.push_back(bin(std::span<const double>(sorted).subspan(begin, end - begin),
                             static_cast<double>(samples.size())));
  }
  return components;
}

}  // namespace twofold::data
