#include "twofold/theory/tangent_kernel_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

#include "tangent_geometry.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {
namespace {

constexpr Index kBlock = 64;        // rows whose cosines are computed at once
constexpr double kSameNorm = 1e-6;  // relative difference of norms of a copy

bool closer(const SamplePair& a, const SamplePair& b) {
  return std::tie(a.angle, a.first, a.second) < std::tie(b.angle, b.first, b.second);
}

// The `most` closest pairs seen so far, as a heap with the farthest of them on top.
void keep_closest(std::vector<SamplePair>& heap, const SamplePair& pair, Index most) {
  if (static_cast<Index>(heap.size()) < most) {
    heap.push_back(pair);
    std::push_heap(heap.begin(), heap.end(), closer);
  } else if (most > 0 && closer(pair, heap.front())) {
    std::pop_heap(heap.begin(), heap.end(), closer);
    heap.back() = pair;
    std::push_heap(heap.begin(), heap.end(), closer);
  }
}

// θ near 0 to full relative precision, π − θ likewise.
struct Angles {
  double angle, supplement;
};

Angles angles_of(double cosine, const UnitRows& unit, Index i, Index j) {
  if (std::abs(cosine) <= kNearlyParallel) return {std::acos(cosine), std::acos(-cosine)};
  const auto difference = unit.rows.row(i) - unit.rows.row(j);
  const auto sum = unit.rows.row(i) + unit.rows.row(j);
  const double a = difference.norm(), b = sum.norm();
  return {2.0 * std::atan2(a, b), 2.0 * std::atan2(b, a)};
}

void count_pair(SampleReport& report, const UnitRows& unit, Index i, Index j, const Angles& angles,
                double same_angle) {
  if (angles.supplement <= same_angle) ++report.opposites;
  if (angles.angle > same_angle) return;
  const double difference = std::abs(unit.norms[i] - unit.norms[j]);
  const bool same = difference <= kSameNorm * std::max(unit.norms[i], unit.norms[j]);
  ++(same ? report.copies : report.scaled);
}

SampleReport block_report(const UnitRows& unit, Index begin, Index end,
                          const SampleReportOptions& options) {
  SampleReport report;
  Matrix cosines(end - begin, end);
  gemm(Trans::No, Trans::Yes, 1.0, unit.rows.middleRows(begin, end - begin), unit.rows.topRows(end),
       0.0, cosines);
  for (Index i = begin; i < end; ++i) {
    if (unit.norms[i] == 0.0) continue;
    for (Index j = 0; j < i; ++j) {
      if (unit.norms[j] == 0.0) continue;
      const Angles angles = angles_of(cosines(i - begin, j), unit, i, j);
      count_pair(report, unit, i, j, angles, options.same_angle);
      keep_closest(report.closest, {j, i, angles.angle}, options.closest);
    }
  }
  return report;
}

void describe_norms(SampleReport& report, const Vector& norms) {
  std::vector<double> nonzero;
  for (const double norm : norms) {
    if (norm > 0.0) nonzero.push_back(norm);
  }
  report.zero_rows = norms.size() - static_cast<Index>(nonzero.size());
  if (nonzero.empty()) return;
  std::sort(nonzero.begin(), nonzero.end());
  report.smallest_norm = nonzero.front();
  report.median_norm = nonzero[nonzero.size() / 2];
  report.largest_norm = nonzero.back();
}

}  // namespace

SampleReport sample_report(ThreadPool& pool, const ConstView<double>& X,
                           const SampleReportOptions& options) {
  constexpr auto where = "theory::sample_report";
  require(options.closest >= 0 && options.same_angle >= 0.0, where,
          fmt::format("closest and same_angle must be >= 0, got {} and {}", options.closest,
                      options.same_angle));
  const UnitRows unit = unit_rows(X, where);
  std::vector<SampleReport> parts(static_cast<std::size_t>(num_blocks(X.rows(), kBlock)));
  parallel_for(pool, X.rows(), kBlock, [&](Index begin, Index end) {
    parts[static_cast<std::size_t>(begin / kBlock)] = block_report(unit, begin, end, options);
  });
  SampleReport report;
  for (const SampleReport& part : parts) {
    report.copies += part.copies;
    report.scaled += part.scaled;
    report.opposites += part.opposites;
    for (const SamplePair& pair : part.closest) {
      keep_closest(report.closest, pair, options.closest);
    }
  }
  std::sort_heap(report.closest.begin(), report.closest.end(), closer);
  describe_norms(report, unit.norms);
  return report;
}

}  // namespace twofold::theory
