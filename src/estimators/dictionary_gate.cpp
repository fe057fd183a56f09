#include "dictionary_gate.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "twofold/linalg/gemm.hpp"

namespace twofold::estimators {
namespace {

constexpr Index kRows = 4096;
constexpr double kReliable = 4.0;  // valley over cross-talk

// The middle of the emptiest stretch of a histogram between two values.
double emptiest(const std::vector<double>& sizes, double from, double to) {
  constexpr std::size_t bins = 48;
  std::array<int, bins> count{};
  for (const double size : sizes) {
    if (size >= from && size < to) {
      ++count[std::min(bins - 1, static_cast<std::size_t>((size - from) / (to - from) * bins))];
    }
  }
  const int least = *std::ranges::min_element(count);
  std::size_t begin = 0, length = 0;
  for (std::size_t i = 0; i < bins;) {
    std::size_t end = i;
    while (end < bins && count[end] == least) ++end;
    if (end - i > length) {
      begin = i;
      length = end - i;
    }
    i = std::max(end, i + 1);
  }
  const double middle = static_cast<double>(begin) + 0.5 * static_cast<double>(length);
  return from + (to - from) * middle / static_cast<double>(bins);
}

}  // namespace

GateChoice choose_gate(const MatrixF& rows, const MatrixF& atoms, Index sparsity, bool positive,
                       ThreadPool& pool) {
  const Index n = std::min(kRows, rows.rows()), m = atoms.rows();
  const auto X = rows.topRows(n);
  MatrixF z(n, m);
  multiply(pool, Trans::No, Trans::Yes, 1.0f, X, atoms, 0.0f, z);
  GateChoice choice{.gate = largest(sparsity, positive)};
  std::vector<double> sizes, fired;
  double on = 0.0, off = 0.0;
  std::vector<double> row(static_cast<std::size_t>(m));
  for (Index s = 0; s < n; ++s) {
    for (Index j = 0; j < m; ++j) {
      const double value = z(s, j);
      row[static_cast<std::size_t>(j)] = positive ? std::max(value, 0.0) : std::abs(value);
    }
    std::ranges::sort(row, std::greater<>());
    for (std::size_t r = 0; r < row.size(); ++r) {
      const bool fires = r < static_cast<std::size_t>(sparsity);
      (fires ? on : off) += row[r] * row[r];
      if (fires) fired.push_back(row[r]);
      sizes.push_back(row[r]);
    }
    choice.largest = std::max(choice.largest, row.front());
  }
  const auto samples = static_cast<double>(n);
  choice.amplitude = std::sqrt(on / (samples * static_cast<double>(sparsity)));
  if (m == sparsity) return choice;
  choice.cross_talk = std::sqrt(off / (samples * static_cast<double>(m - sparsity)));
  std::ranges::nth_element(fired, fired.begin() + static_cast<std::ptrdiff_t>(fired.size() / 2));
  const double typical = fired[fired.size() / 2];
  if (!(typical > choice.cross_talk)) return choice;
  choice.valley = emptiest(sizes, choice.cross_talk, typical);
  if (choice.valley < kReliable * choice.cross_talk) return choice;
  ops::Gate threshold;
  if (positive) {
    threshold.activation = model::JumpRelu::with(choice.valley);
  } else {
    threshold.activation = model::HardThreshold::with(choice.valley);
  }
  const MatrixF seen = X;
  if (explained(seen, atoms, threshold, pool) >= explained(seen, atoms, choice.gate, pool)) {
    choice.gate = threshold;
  }
  return choice;
}

}  // namespace twofold::estimators
