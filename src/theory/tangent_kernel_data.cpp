#include "twofold/theory/tangent_kernel_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "tangent_geometry.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {
namespace {

constexpr Index kBlock = 256;               // rows whose cosines are computed at once
constexpr Index kReportRows = 16 * kBlock;  // between two calls of `between`
constexpr Index kColumns = 512;             // with so many others
constexpr double kSameNorm = 1e-6;          // relative difference of norms of a copy

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

// The rows in single precision, to find the few pairs whose angle is worth computing.
struct Screen {
  MatrixF rows;  // of norm 1 or 0
  Vector norms;
  float margin;  // what a cosine from these rows may be off by
};

Screen make_screen(ThreadPool& pool, const ConstView<double>& X) {
  // Rounding of d products and their sum, and of the rows themselves.
  const double units = static_cast<double>(X.cols()) + 8.0;
  Screen screen{MatrixF(X.rows(), X.cols()), Vector(X.rows()),
                static_cast<float>(units * std::numeric_limits<float>::epsilon())};
  parallel_for(pool, X.rows(), kBlock, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      screen.rows.row(i) = unit_row(X, i, screen.norms[i]).cast<float>();
    }
  });
  return screen;
}

// θ near 0 to full relative precision, π − θ likewise.
struct Angles {
  double angle, supplement;
};

Angles angles_of(const Eigen::RowVectorXd& x, const Eigen::RowVectorXd& y) {
  const double cosine = x.dot(y);
  if (std::abs(cosine) <= kNearlyParallel) return {std::acos(cosine), std::acos(-cosine)};
  const double a = (x - y).norm(), b = (x + y).norm();
  return {2.0 * std::atan2(a, b), 2.0 * std::atan2(b, a)};
}

// The pairs of a block of rows with the rows before them.
class BlockReport {
 public:
  BlockReport(const ConstView<double>& X, const Screen& screen, const SampleReportOptions& options)
      : X_(X), screen_(screen), options_(options) {}

  [[nodiscard]] SampleReport of(Index begin, Index end) {
    MatrixF cosines(end - begin, kColumns);
    for (Index column = 0; column < end; column += kColumns) {
      const Index columns = std::min(kColumns, end - column);
      auto tile = cosines.leftCols(columns);
      gemm(Trans::No, Trans::Yes, 1.0F, screen_.rows.middleRows(begin, end - begin),
           screen_.rows.middleRows(column, columns), 0.0F, tile);
      for (Index i = std::max(begin, column + 1); i < end; ++i) {
        scan(i, column, tile.row(i - begin).head(std::min(columns, i - column)));
      }
    }
    return std::move(report_);
  }

 private:
  // From here on a cosine may belong to a copy; below its negative, to an opposite.
  [[nodiscard]] float copy_cosine() const {
    return static_cast<float>(std::cos(options_.same_angle)) - screen_.margin;
  }
  // From here on, to a copy or one of the closest pairs.
  [[nodiscard]] float close_cosine() const {
    if (options_.closest == 0) return copy_cosine();
    if (std::ssize(report_.closest) < options_.closest) return -2.0F;
    const auto farthest = static_cast<float>(std::cos(report_.closest.front().angle));
    return std::min(copy_cosine(), farthest - screen_.margin);
  }

  template <typename Row>
  void scan(Index i, Index column, const Row& cosines) {
    if (cosines.maxCoeff() < close_cosine() && cosines.minCoeff() > -copy_cosine()) return;
    for (Index j = 0; j < cosines.size(); ++j) {
      if (cosines[j] < close_cosine() && cosines[j] > -copy_cosine()) continue;
      look_at(column + j, i);
    }
  }

  void look_at(Index j, Index i) {
    double p = 0.0, q = 0.0;
    if (screen_.norms[i] == 0.0 || screen_.norms[j] == 0.0) return;
    const Angles angles = angles_of(unit_row(X_, i, p), unit_row(X_, j, q));
    keep_closest(report_.closest, {j, i, angles.angle}, options_.closest);
    if (angles.supplement <= options_.same_angle) ++report_.opposites;
    if (angles.angle > options_.same_angle) return;
    ++(std::abs(p - q) <= kSameNorm * std::max(p, q) ? report_.copies : report_.scaled);
  }

  const ConstView<double>& X_;
  const Screen& screen_;
  const SampleReportOptions& options_;
  SampleReport report_;
};

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
                           const SampleReportOptions& options,
                           const std::function<void()>& between) {
  constexpr auto where = "theory::sample_report";
  require(options.closest >= 0 && options.same_angle >= 0.0, where,
          fmt::format("closest and same_angle must be >= 0, got {} and {}", options.closest,
                      options.same_angle));
  check_samples(X, where);
  const Screen screen = make_screen(pool, X);
  std::vector<SampleReport> parts(static_cast<std::size_t>(num_blocks(X.rows(), kBlock)));
  for (Index first = 0; first < X.rows(); first += kReportRows) {
    if (between) between();
    parallel_for(pool, std::min(kReportRows, X.rows() - first), kBlock, [&](Index from, Index to) {
      const Index begin = first + from;
      parts[static_cast<std::size_t>(begin / kBlock)] =
          BlockReport(X, screen, options).of(begin, first + to);
    });
  }
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
  describe_norms(report, screen.norms);
  return report;
}

}  // namespace twofold::theory
