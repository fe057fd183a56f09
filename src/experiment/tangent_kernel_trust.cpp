// What of a tangent_kernel prediction to trust.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::experiment {
namespace {

constexpr double kLongestNormRatio = 10.0;
constexpr double kTrajectoryError = 0.2;
constexpr std::size_t kNamed = 3;    // pairs or rows
constexpr double kSameAngle = 1e-7;  // of theory::SampleReportOptions

using Pairs = std::vector<std::pair<Index, Index>>;

// "rows 3 and 17, 4 and 9" of the first few.
std::string named(const Pairs& pairs) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, pairs.size()); ++i) {
    text += fmt::format("{}{} and {}", i == 0 ? "rows " : ", ", pairs[i].first, pairs[i].second);
  }
  return pairs.size() > kNamed ? text + ", ..." : text;
}

Pairs parallel_pairs(const theory::SampleReport& report) {
  Pairs pairs;
  for (const theory::SamplePair& p : report.closest) {
    if (p.angle <= kSameAngle) pairs.emplace_back(p.first, p.second);
  }
  return pairs;
}

Pairs opposite_pairs(const Matrix& X) {
  const Matrix unit = X.rowwise().normalized();
  Pairs pairs;
  for (Index i = 0; i < X.rows() && pairs.size() <= kNamed; ++i) {
    for (Index j = i + 1; j < X.rows() && pairs.size() <= kNamed; ++j) {
      // 0 is opposite to 0, but is another matter.
      if ((unit.row(i) + unit.row(j)).norm() <= kSameAngle && unit.row(i).norm() > 0.0) {
        pairs.emplace_back(i, j);
      }
    }
  }
  return pairs;
}

std::string zero_rows(const Matrix& X) {
  std::vector<Index> rows;
  for (Index i = 0; i < X.rows() && rows.size() <= kNamed; ++i) {
    if (X.row(i).squaredNorm() == 0.0) rows.push_back(i);
  }
  const bool more = rows.size() > kNamed;
  if (more) rows.pop_back();
  return fmt::format("{}{}", fmt::join(rows, ", "), more ? ", ..." : "");
}

// What makes an eigenvalue 0, and what that means: harmless where the targets agree.
std::string singular_text(const TangentSetting& s, const theory::SampleReport& r) {
  std::string why;
  const auto add = [&](const std::string& reason) { why += (why.empty() ? "" : "; ") + reason; };
  const Index parallel = r.copies + r.scaled;
  if (parallel > 0) {
    add(fmt::format("{} pair{} of samples are copies of each other, up to a factor ({})", parallel,
                    parallel == 1 ? "" : "s", named(parallel_pairs(r))));
  }
  if (r.zero_rows > 0) add(fmt::format("samples that are 0: rows {}", zero_rows(s.samples)));
  if (r.opposites > s.dimension()) {
    add(fmt::format("more than d = {} pairs of samples are opposite ({})", s.dimension(),
                    named(opposite_pairs(s.samples))));
  }
  if (!why.empty()) {
    return why +
           ": eigenvalues are 0. Training still converges, as the targets agree; predictions use "
           "the pseudo-inverse, and lambda_min is the least value above 0";
  }
  if (std::pow(r.largest_norm / r.smallest_norm, 2.0) > 1e6) {
    why = fmt::format("norms from {:.3g} to {:.3g}", r.smallest_norm, r.largest_norm);
  } else if (!r.closest.empty()) {
    const theory::SamplePair& pair = r.closest.front();
    why = fmt::format("samples that hardly differ (rows {} and {} by an angle of {:.2g})",
                      pair.first, pair.second, pair.angle);
  }
  return why + fmt::format(
                   ": eigenvalues below {:.0e} λ_max count as 0. What they carry is not "
                   "learned in any number of steps worth making, and stays in the loss",
                   theory::kNullShare);
}

// What tells two samples apart is learned by the neurons between them alone, which move by up to
// 2πd/√N: farther than the gap, and they leave it.
TrustEntry angle_entry(const TangentSetting& s, const theory::SampleReport& r) {
  const theory::SamplePair& pair = r.closest.front();
  const double move = 2.0 * std::numbers::pi * static_cast<double>(s.dimension());
  const double limit = std::min(0.1, move / std::sqrt(static_cast<double>(s.neurons())));
  const bool far = pair.angle >= limit;
  return {"closest_angle", pair.angle, limit, far ? "trust" : "caution",
          far ? fmt::format("rows {} and {} are the closest pair; what tells them apart is learned "
                            "at a rate proportional to their angle",
                            pair.first, pair.second)
              : fmt::format("rows {} and {} are so close that the neurons between them move out of "
                            "the gap: slower than predicted, unless N is above (2πd/angle)² = "
                            "{:.2g}",
                            pair.first, pair.second, std::pow(move / pair.angle, 2.0))};
}

TrustEntry width_entry(const TangentSetting& s) {
  const Index least = theory::structural_width(s.size(), s.rates());
  const auto N = static_cast<double>(s.neurons());
  const bool enough = s.neurons() >= least;
  return {"neurons", N, static_cast<double>(least), enough ? "trust" : "caution",
          enough ? "enough to interpolate samples in general position"
                 : fmt::format("cannot interpolate {} samples: at least {} neurons are needed",
                               s.size(), least)};
}

TrustEntry trajectory_entry(const TangentSetting& s, const TangentTheory& t) {
  const double error = t.trajectory_error;
  // It falls with the root of N; two digits are enough.
  const double wanted = kTrajectoryError / 2.0;
  const double neurons = static_cast<double>(s.neurons()) * std::pow(error / wanted, 2.0);
  const double digits = std::pow(10.0, std::max(0.0, std::floor(std::log10(neurons)) - 1.0));
  const bool own = s.spec.predict.kernel == "empirical";
  return {"trajectory_error", error, kTrajectoryError,
          error <= kTrajectoryError ? "trust" : "caution",
          fmt::format("share of the first residual by which a network of this width is expected to "
                      "miss the curve of infinite width{}; N = {:.0f} would give {}",
                      own ? " (the curve of its own kernel it follows more closely)" : "",
                      digits * std::ceil(neurons / digits), wanted)};
}

TrustEntry step_entry(const TangentTheory& t) {
  const double limit = t.stable_step();
  return {"step", t.step, limit, t.step < limit ? "trust" : "caution",
          t.step < limit
              ? "below 2/λ_max: the loss falls at every step, once N is large"
              : fmt::format("above 2/λ_max: the loss grows at first and may not come back; {:.3g} "
                            "is safe",
                            0.9 * limit)};
}

TrustEntry norms_entry(const theory::SampleReport& r) {
  const double ratio = r.smallest_norm > 0.0 ? r.largest_norm / r.smallest_norm : 1.0;
  return {"norm_ratio", ratio, kLongestNormRatio, ratio <= kLongestNormRatio ? "trust" : "caution",
          ratio <= kLongestNormRatio
              ? "norms of the samples are alike"
              : "kernels grow with the square of the norm: short samples are learned that much "
                "later; \"unit_norm\" in data.transforms makes them alike"};
}

TrustEntry tied_entry(const TangentSetting& s) {
  const theory::TiedStart start = theory::tied_start(s.tied_scaling());
  return {"tied_start", start.slope, 1.0, std::abs(start.slope - 1.0) < 0.05 ? "trust" : "caution",
          fmt::format("before training the output is {:.3g} times the input; a tied network is "
                      "lazy only where this is 1 (mean_field with init_scale = √2)",
                      start.slope)};
}

}  // namespace

std::vector<TrustEntry> tangent_trust(const TangentSetting& s, const TangentTheory& t) {
  std::vector<TrustEntry> list;
  if (!t.regular) {
    list.push_back({"lambda_min", 0.0, 0.0, "caution", singular_text(s, t.report)});
  }
  if (t.regular && !t.report.closest.empty()) list.push_back(angle_entry(s, t.report));
  if (s.spec.tied()) {
    list.push_back(tied_entry(s));
  } else {
    list.push_back(width_entry(s));
    if (t.trajectory_error > 0.0) list.push_back(trajectory_entry(s, t));
  }
  if (t.largest > 0.0) list.push_back(step_entry(t));
  list.push_back(norms_entry(t.report));
  return list;
}

}  // namespace twofold::experiment
