#include "twofold/theory/mean_field_trust.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "checks.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/mean_field_limits.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::theory {
namespace {

constexpr Index kRowsPerChunk = 1024;
constexpr Index kRowsPerRead = 128;
constexpr Index kDirectionsPerBlock = 8;

Matrix random_directions(Index directions, Index d, std::uint64_t seed) {
  const RandomStream stream(seed, "asymmetry directions");
  Matrix W(directions, d);
  for (Index k = 0; k < directions; ++k) {
    stream.fill_normal(static_cast<std::uint64_t>(k),
                       {W.row(k).data(), static_cast<std::size_t>(d)});
  }
  return W;
}

void read_chunk(const data::Source& source, std::uint64_t first, Matrix& rows, ThreadPool& pool) {
  parallel_for(pool, rows.rows(), kRowsPerRead, [&](Index begin, Index end) {
    source.read(first + static_cast<std::uint64_t>(begin), rows.middleRows(begin, end - begin));
  });
}

/// even += |U|ᵀX and odd += UᵀX, U = X Wᵀ. Each direction's sum belongs to one block, so its
/// order is fixed whatever the pool.
void accumulate(const Matrix& X, const Matrix& W, Matrix& even, Matrix& odd, ThreadPool& pool) {
  parallel_for(pool, W.rows(), kDirectionsPerBlock, [&](Index begin, Index end) {
    const Index count = end - begin;
    Matrix U(count, X.rows());
    gemm(Trans::No, Trans::Yes, 1.0, W.middleRows(begin, count), X, 0.0, U);
    gemm(Trans::No, Trans::No, 1.0, U, X, 1.0, odd.middleRows(begin, count));
    U = U.cwiseAbs();
    gemm(Trans::No, Trans::No, 1.0, U, X, 1.0, even.middleRows(begin, count));
  });
}

std::string_view verdict(double value, double trust, double partly) {
  if (value <= trust) return "trust";
  return value <= partly ? "partly" : "no";
}

TrustEntry entry(std::string_view name, double value, double limit, std::string_view judged,
                 std::string_view text) {
  return {std::string(name), value, limit, std::string(judged), std::string(text)};
}

TrustEntry dimension_entry(const Vector& spectrum) {
  const double value = effective_dimension(spectrum);
  constexpr double kEnough = 30.0;
  const bool enough = value >= kEnough;
  return entry("effective_dimension", value, kEnough, enough ? "trust" : "partly",
               enough ? "Norms concentrate: the L2 predictor is accurate to about 1.5/d_eff."
                      : "A few directions dominate: prefer the L2+ predictor, which keeps the law "
                        "of the norm.");
}

TrustEntry noise_entry(double value) {
  constexpr double kAccurate = 0.03;
  const auto judged = verdict(value, kAccurate, 0.16);
  return entry("noise_level", value, kAccurate, judged,
               judged == "trust"
                   ? "Gradient noise costs at most about 2 % of the initial loss."
                   : "Gradient noise shifts loss and learning times by more than 2 %: "
                     "lower the step or enlarge the batch.");
}

TrustEntry even_mode_entry(double value) {
  constexpr double kStable = 2.0;
  const bool stable = value < kStable;
  return entry("even_mode_step", value, kStable, stable ? "trust" : "no",
               stable ? "The step is below the stability limit of the even part."
                      : "The step is above the stability limit of the even part: the run will "
                        "oscillate or diverge.");
}

TrustEntry width_entry(double value) {
  const bool enough = value >= 1.0;
  return entry("neurons_per_structural_minimum", value, 1.0, enough ? "trust" : "no",
               enough ? "There are neurons enough to hold every learned direction."
                      : "Fewer than two neurons per learned direction: some cannot be learned.");
}

}  // namespace

double asymmetry(const data::Source& source, const AsymmetryOptions& options, ThreadPool& pool) {
  constexpr auto where = "theory::asymmetry";
  require(options.directions >= 1, where,
          fmt::format("directions must be >= 1, got {}", options.directions));
  const std::uint64_t count = std::min(source.size(), options.max_samples);
  require(count >= 2, where, fmt::format("need at least 2 samples, got {}", count));

  const Matrix W = random_directions(options.directions, source.dimension(), options.seed);
  Matrix even = Matrix::Zero(W.rows(), W.cols()), odd = even;
  for (std::uint64_t first = 0; first < count; first += kRowsPerChunk) {
    const auto rows = std::min<std::uint64_t>(kRowsPerChunk, count - first);
    Matrix X(static_cast<Index>(rows), source.dimension());
    read_chunk(source, first, X, pool);
    accumulate(X, W, even, odd, pool);
  }
  const double scale = odd.squaredNorm();
  return scale > 0.0 ? std::sqrt(even.squaredNorm() / scale) : 0.0;
}

TrustEntry asymmetry_entry(double rho, bool random_signs) {
  constexpr double kTrust = 0.1, kPartly = 0.5;
  require_non_negative(rho, "asymmetry", "theory::asymmetry_entry");
  if (random_signs) {
    return entry("asymmetry", 0.0, kTrust, "trust",
                 "Random signs make the training law symmetric; the theory applies.");
  }
  const auto judged = verdict(rho, kTrust, kPartly);
  if (judged == "trust") {
    return entry("asymmetry", rho, kTrust, judged, "The data are symmetric to within sampling.");
  }
  if (judged == "partly") {
    return entry("asymmetry", rho, kTrust, judged,
                 "Phases and slopes can be trusted; the loss is an upper estimate, the net also "
                 "uses odd moments.");
  }
  return entry("asymmetry", rho, kTrust, judged,
               "The data are far from symmetric: centre them or multiply samples by random signs.");
}

std::vector<TrustEntry> trust_report(const TrustSetting& setting) {
  std::vector<TrustEntry> report;
  if (!OddSlope(setting.activation, "theory::trust_report").constant()) {
    report.push_back(dimension_entry(setting.spectrum));
  }
  if (setting.independent_samples > 0) {
    report.push_back(
        noise_entry(noise_level(setting.spectrum, setting.step, setting.independent_samples)));
  }
  if (even_slope(setting.activation) > 0.0) {
    report.push_back(even_mode_entry(
        even_mode_step(setting.spectrum, setting.gains, setting.activation, setting.step)));
  }
  if (setting.neurons > 0 && setting.learned > 0) {
    report.push_back(width_entry(static_cast<double>(setting.neurons) /
                                 static_cast<double>(structural_minimum(setting.learned))));
  }
  return report;
}

}  // namespace twofold::theory
