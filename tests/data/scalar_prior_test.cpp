#include "twofold/data/scalar_prior.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "support.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::data {
namespace {

using std::numbers::pi;

double gaussian_density(double x, double mean, double variance) {
  return std::exp(-0.5 * (x - mean) * (x - mean) / variance) / std::sqrt(2.0 * pi * variance);
}

// A prior beside what an independent computation of its posterior needs: atoms, and the density of
// the continuous part as x(v), |dx/dv| density(v) on [0, 1] that maps to the half line x >= 0.
struct Case {
  ScalarPrior prior;
  double p;
  std::vector<std::pair<double, double>> atoms;           // place, mass
  std::function<std::pair<double, double>(double)> slab;  // v -> x, mass per dv; empty if none
};

Case gaussian_slab(const ScalarPrior& prior, double p, double m, double var) {
  const double reach = m + 40.0 * std::sqrt(var);
  return {prior, p, {{0.0, 1.0 - p}}, [=](double v) {
            const double x = reach * v;
            const double both = gaussian_density(x, m, var) + gaussian_density(x, -m, var);
            return std::pair{x, reach * 0.5 * p * both};
          }};
}

Case laplace_slab(double p) {
  const double b = 1.0 / std::sqrt(2.0 * p), reach = 60.0 * b;
  return {ScalarPrior::sparse_laplace(p), p, {{0.0, 1.0 - p}}, [=](double v) {
            return std::pair{reach * v, reach * 0.5 * p / b * std::exp(-reach * v / b)};
          }};
}

// (1 − y²)^{a−1} with 1 − y = v^m: m = 1/a takes the singularity away where a < 1.
Case beta_slab(double p, double a) {
  const double end = std::sqrt((2.0 * a + 1.0) / p);
  const double constant = std::tgamma(a + 0.5) / std::tgamma(a) / std::sqrt(pi);
  return {
      ScalarPrior::sparse_beta(p, a), p, {{0.0, 1.0 - p}}, [=](double v) {
        const double m = a < 1.0 ? 1.0 / a : 1.0;
        const double eta = std::pow(v, m);
        const double singular = a < 1.0 ? m : std::pow(eta, a - 1.0);
        return std::pair{end * (1.0 - eta), p * constant * singular * std::pow(2.0 - eta, a - 1.0)};
      }};
}

Case rademacher(double p) {
  const double size = 1.0 / std::sqrt(p);
  return {ScalarPrior::sparse_rademacher(p),
          p,
          {{0.0, 1.0 - p}, {size, 0.5 * p}, {-size, 0.5 * p}},
          nullptr};
}

std::vector<Case> cases() {
  return {
      gaussian_slab(ScalarPrior::sparse_gaussian(0.3), 0.3, 0.0, 1.0 / 0.3),
      gaussian_slab(ScalarPrior::gaussian(), 1.0, 0.0, 1.0),
      gaussian_slab(ScalarPrior::sparse_mixture(0.3, 0.8), 0.3, std::sqrt(0.8 / 0.3), 0.2 / 0.3),
      laplace_slab(0.3),
      laplace_slab(1.0),
      beta_slab(0.4, 0.1),
      beta_slab(0.4, 0.5),
      beta_slab(1.0, 1.0),
      beta_slab(0.7, 5.0),
      rademacher(0.8)};
}

struct Moments3 {
  double mass = 0.0, mean = 0.0, second = 0.0;
};

// Simpson in v on each half, with `steps` steps; moments of x − origin times N(w; x, t) relative to
// its value at distance `shift`, so that nothing underflows.
Moments3 direct_posterior(const Case& c, double w, double t, double origin, int steps) {
  Moments3 m;
  const auto add = [&](double x, double mass) {
    const double weight =
        mass * std::exp(-0.5 * ((w - x) * (w - x) - (w - origin) * (w - origin)) / t);
    m.mass += weight;
    m.mean += weight * (x - origin);
    m.second += weight * (x - origin) * (x - origin);
  };
  for (const auto& [place, mass] : c.atoms) add(place, mass);
  if (!c.slab) return m;
  for (int i = 0; i <= steps; ++i) {
    const double factor = i == 0 || i == steps ? 1.0 : (i % 2 == 1 ? 4.0 : 2.0);
    const auto [x, mass] = c.slab(static_cast<double>(i) / steps);
    add(x, mass * factor / (3.0 * steps));
    add(-x, mass * factor / (3.0 * steps));
  }
  return m;
}

TEST(ScalarPrior, PosteriorAgreesWithDirectQuadrature) {
  for (const Case& c : cases()) {
    for (const double t : {0.02, 0.5, 30.0}) {
      const ScalarChannel channel = c.prior.channel(t);
      for (const double w : {0.0, 0.3, -1.0, 2.5, 6.0, -15.0}) {
        const auto value = channel.posterior(w);
        const Moments3 m = direct_posterior(c, w, t, value.mean, 80'000);
        const double shift = m.mean / m.mass, variance = m.second / m.mass - shift * shift;
        const auto where = testing::Message() << c.prior.name() << " w " << w << " t " << t;
        // Simpson with steps h <= √t/50: (h/√t)⁴ = 2e-7 over 180 is 1e-9. Scale of the mean: the
        // posterior's spread, at least 1e-9 of the largest x.
        EXPECT_NEAR(shift, 0.0, 1e-8 * std::sqrt(variance) + 1e-14 * std::abs(w)) << where;
        EXPECT_NEAR(value.variance, variance, 1e-7 * variance) << where;
        const double log_density = std::log(m.mass) -
                                   0.5 * (w - value.mean) * (w - value.mean) / t -
                                   0.5 * std::log(2.0 * pi * t);
        EXPECT_NEAR(channel.log_density(w), log_density, 1e-8) << where;
      }
    }
  }
}

TEST(ScalarPrior, GaussianTailsAreExact) {
  const double p = 0.1, v = 10.0;
  for (const double t : {1e-12, 1e-3, 1.0, 1e6}) {
    const double w = 50.0 * std::sqrt(v + t);
    const auto value = ScalarPrior::sparse_gaussian(p).posterior(w, t);
    // So far out the spike has no weight unless t >> v, where the odds are L = ½w²(1/t − 1/(v + t))
    // = ½ 50² v/t: below 1e-2 at t = 1e6, which is left to the next check.
    if (t < 10.0) {
      EXPECT_NEAR(value.mean / (w * v / (v + t)), 1.0, 1e-13) << t;
      EXPECT_NEAR(value.variance / (v * t / (v + t)), 1.0, 1e-13) << t;
    }
  }
  const double w = 3e3, t = 1e6,
               odds = p / (1.0 - p) * std::sqrt(t / (v + t)) *
                      std::exp(0.5 * w * w * v / (t * (v + t)));
  const double on = odds / (1.0 + odds), m = w * v / (v + t);
  const auto value = ScalarPrior::sparse_gaussian(p).posterior(w, t);
  // Closed form of spike and slab; rounding of w²/2t = 4.5.
  EXPECT_NEAR(value.mean / (on * m), 1.0, 1e-13);
  EXPECT_NEAR(value.variance / (on * v * t / (v + t) + on * (1.0 - on) * m * m), 1.0, 1e-13);
}

TEST(ScalarPrior, DiscreteTailsKeepTheirRelativeAccuracy) {
  const double p = 0.5, size = std::sqrt(2.0), t = 0.02;
  const ScalarPrior prior = ScalarPrior::sparse_rademacher(p);
  for (const double w : {1.0, 1.4, 1.8, 4.0, 10.0}) {
    // Odds of 0 against +size; those of −size are below e^{−2·1·1.4/0.02} = e^-140 of it.
    const double odds =
        (1.0 - p) / (0.5 * p) * std::exp(-0.5 * (w * w - (w - size) * (w - size)) / t);
    const double off = odds / (1.0 + odds), on = 1.0 / (1.0 + odds);
    const auto value = prior.posterior(w, t);
    // Rounding of the exponent, up to 2500: 2500 eps.
    EXPECT_NEAR(value.variance / (size * size * on * off), 1.0, 1e-12) << w;
    EXPECT_NEAR(value.mean, size * on, 1e-14) << w;
  }
}

TEST(ScalarPrior, LaplaceTailIsAShift) {
  const double p = 0.3, b = 1.0 / std::sqrt(0.6);
  for (const double t : {1e-12, 1e-2, 1.0}) {
    const double w = 60.0;
    const auto value = ScalarPrior::sparse_laplace(p).posterior(w, t);
    // The cut at 0 and the spike are e^{−w²/2t + ...} away; rounding.
    EXPECT_NEAR(value.mean / (w - t / b), 1.0, 1e-14) << t;
    EXPECT_NEAR(value.variance / t, 1.0, 1e-13) << t;
  }
  // Noise far above the prior, w = 0: E x² − (E x⁴ − (E x²)²)/2t = 1 − 5/2t.
  const auto wide = ScalarPrior::sparse_laplace(1.0).posterior(0.0, 1e8);
  EXPECT_NEAR(wide.variance, 1.0 - 2.5e-8, 1e-14);  // next order 1e-15
}

TEST(ScalarPrior, BetaTailIsAGammaLawBeforeTheEnd) {
  for (const double a : {0.1, 0.5, 1.0, 2.0, 20.0}) {
    const double end = std::sqrt(2.0 * a + 1.0);
    for (const double t : {1e-8, 1e-4}) {
      const double w = end + 3.0, rate = 3.0 / t;
      const auto value = ScalarPrior::sparse_beta(1.0, a).posterior(w, t);
      // end − x ~ Gamma(a, rate), up to terms of relative order a²/(rate² t), a²/(rate end).
      const double order = 20.0 * (a + 1.0) * (a + 1.0) * (t / 9.0 + t / (3.0 * end));
      EXPECT_NEAR((end - value.mean) * rate / a, 1.0, order + 1e-16 * end * rate / a) << a;
      EXPECT_NEAR(value.variance * rate * rate / a, 1.0, order + 1e-9) << a;
    }
  }
}

TEST(ScalarPrior, EveryTailIsFiniteAndSymmetric) {
  for (const Case& c : cases()) {
    for (const double t : {1e-12, 1e-6, 1.0, 1e6, 1e12}) {
      for (const double w : {0.0, 1e-300, 1e-6, 1.0, 10.0, 1e4, 1e9}) {
        const auto right = c.prior.posterior(w, t), left = c.prior.posterior(-w, t);
        const auto where = testing::Message() << c.prior.name() << " w " << w << " t " << t;
        ASSERT_TRUE(std::isfinite(right.mean)) << where;
        ASSERT_TRUE(right.variance >= 0.0 && std::isfinite(right.variance)) << where;
        ASSERT_TRUE(std::isfinite(c.prior.log_density(w, t))) << where;
        // The same sums in another order.
        EXPECT_NEAR(right.mean, -left.mean, 1e-14 * (1.0 + std::abs(right.mean))) << where;
        EXPECT_NEAR(right.variance, left.variance, 1e-13 * right.variance) << where;
      }
    }
  }
}

TEST(ScalarPrior, FamiliesMeetAtTheirEnds) {
  const std::vector<std::pair<ScalarPrior, ScalarPrior>> same{
      {ScalarPrior::sparse_mixture(0.4, 0.0), ScalarPrior::sparse_gaussian(0.4)},
      {ScalarPrior::sparse_mixture(0.4, 1.0), ScalarPrior::sparse_rademacher(0.4)},
      {ScalarPrior::sparse_gaussian(1.0), ScalarPrior::gaussian()}};
  for (const auto& [a, b] : same) {
    for (const double w : {0.0, 0.7, -3.0}) {
      // Rounding.
      EXPECT_NEAR(a.posterior(w, 0.3).mean, b.posterior(w, 0.3).mean, 1e-14) << a.name();
      EXPECT_NEAR(a.posterior(w, 0.3).variance, b.posterior(w, 0.3).variance, 1e-14) << a.name();
    }
    EXPECT_NEAR(a.mmse(0.3), b.mmse(0.3), 1e-12) << a.name();
  }
}

// E 1 = 1, E E[x|w] = 0, E E[x|w]² + mmse = E x² = 1 at every noise.
TEST(ScalarChannel, MeansObeyTheLawOfTotalVariance) {
  for (const Case& c : cases()) {
    for (const double t : {1e-12, 1e-6, 1e-3, 0.05, 0.57, 10.0, 1e6, 1e12}) {
      const ScalarChannel channel = c.prior.channel(t);
      const auto where = testing::Message() << c.prior.name() << " t " << t;
      // The documented accuracy of the quadrature.
      EXPECT_NEAR(channel.mean([](double, const ScalarPosterior&) { return 1.0; }), 1.0, 1e-9)
          << where;
      EXPECT_NEAR(channel.mean([](double, const ScalarPosterior& q) { return q.mean; }), 0.0, 1e-9)
          << where;
      const double second =
          channel.mean([](double, const ScalarPosterior& q) { return q.mean * q.mean; });
      EXPECT_NEAR(second + channel.mmse(), 1.0, 2e-9) << where;
    }
  }
}

TEST(ScalarChannel, GaussianMmseAndInformationAreClosed) {
  for (const double t : {1e-6, 0.1, 1.0, 50.0}) {
    const ScalarChannel channel = ScalarPrior::gaussian().channel(t);
    // The documented accuracy.
    EXPECT_NEAR(channel.mmse() * (1.0 + t) / t, 1.0, 1e-9);
    EXPECT_NEAR(channel.information(), 0.5 * std::log1p(1.0 / t), 1e-9);
  }
}

// dI/ds = mmse/2 in s = 1/t (Guo, Shamai and Verdú): two integrands that share nothing but f.
TEST(ScalarChannel, InformationGrowsByHalfTheMmse) {
  for (const Case& c : cases()) {
    for (const double t : {0.02, 0.57, 5.0}) {
      const double s = 1.0 / t, h = 1e-3 * s;
      const double slope =
          (c.prior.information(1.0 / (s + h)) - c.prior.information(1.0 / (s - h))) / (2.0 * h);
      // Central difference: relative h²/s² times a constant of order 1; quadrature 2e-9 over 2h.
      EXPECT_NEAR(slope, 0.5 * c.prior.mmse(t), 5e-6 * c.prior.mmse(t) + 1e-9 / h)
          << c.prior.name() << " t " << t;
    }
  }
}

TEST(ScalarChannel, InformationOfAtomsEndsAtTheirEntropy) {
  for (const double p : {0.1, 0.5, 1.0}) {
    const ScalarPrior prior = ScalarPrior::sparse_rademacher(p);
    const double spike = p < 1.0 ? -(1.0 - p) * std::log(1.0 - p) : 0.0;
    const double entropy = spike - p * std::log(0.5 * p);
    // Rounding; errors at noise √t = 0.02 of atoms 1 apart have chance e^{−300}.
    EXPECT_NEAR(prior.entropy().value(), entropy, 1e-14);
    EXPECT_NEAR(prior.information(4e-4), entropy, 1e-9);
  }
  EXPECT_FALSE(ScalarPrior::sparse_laplace(0.1).entropy().has_value());
  EXPECT_FALSE(ScalarPrior::sparse_gaussian(0.1).entropy().has_value());
}

// Mean of V(w) over drawn x and g. 3 standard errors and 0.2 %, decided beforehand; beta, whose
// posterior is slow, with fewer draws and so a larger standard error.
TEST(ScalarPrior, MmseAgreesWithMonteCarlo) {
  const RandomStream noise(7, "noise"), source(7, "source");
  constexpr std::array<double, 3> kNoises{0.57, 0.05, 0.005};
  for (const Case& c : cases()) {
    if (c.p == 1.0) continue;  // their sparse relatives share the code
    const std::uint64_t draws = c.prior.name().starts_with("sparse beta") ? 100'000 : 2'000'000;
    std::array<numerics::RunningStatistics, 3> seen;
    const std::array channels{c.prior.channel(kNoises[0]), c.prior.channel(kNoises[1]),
                              c.prior.channel(kNoises[2])};
    std::array<double, 4> g{};
    for (std::uint64_t i = 0; i < draws; ++i) {
      if (i % 4 == 0) noise.fill_normal(i, std::span<double>(g));
      const double x = c.prior.sample(source, i);
      for (std::size_t k = 0; k < 3; ++k) {
        seen[k].add(channels[k].posterior(x + std::sqrt(kNoises[k]) * g[i % 4]).variance);
      }
    }
    for (std::size_t k = 0; k < 3; ++k) {
      const double predicted = channels[k].mmse();
      if (predicted < 1e-3) continue;  // too rare to be drawn
      EXPECT_NEAR(seen[k].mean(), predicted, 3.0 * seen[k].standard_error() + 2e-3 * predicted)
          << c.prior.name() << " t " << kNoises[k];
    }
  }
}

// First-layer values of the denoised decoder, mmse(τ_1), published to five digits with orthogonal
// encoders of rates 0.5, 1, 1.5, 2; see docs/theory/one_bit.md#priors.
TEST(ScalarPrior, MmseHasTheTabulatedValues) {
  const double c = 0.5 * pi - 1.0;
  const std::array<double, 4> noise{pi - 1.0, c, c / 1.5, c / 2.0};
  const std::vector<std::pair<ScalarPrior, std::array<double, 4>>> table{
      {ScalarPrior::sparse_gaussian(0.1), {0.40213, 0.11749, 0.07624, 0.05566}},
      {ScalarPrior::sparse_gaussian(0.3), {0.61501, 0.25605, 0.17888, 0.13634}},
      {ScalarPrior::sparse_gaussian(0.5), {0.66363, 0.32151, 0.23469, 0.18393}},
      {ScalarPrior::sparse_rademacher(0.8), {0.67098, 0.30858, 0.21270, 0.15946}},
      {ScalarPrior::sparse_rademacher(0.3), {0.67996, 0.32209, 0.20495, 0.13231}},
      {ScalarPrior::sparse_laplace(0.3), {0.53570, 0.22047, 0.15747, 0.12235}},
      {ScalarPrior::sparse_mixture(0.3, 0.8), {0.66304, 0.29838, 0.20489, 0.15221}}};
  for (const auto& [prior, values] : table) {
    for (std::size_t k = 0; k < 4; ++k) {
      // Five digits, and the error of the quadrature behind the table.
      EXPECT_NEAR(prior.mmse(noise[k]), values[k], 2e-5) << prior.name() << " " << k;
    }
  }
  const std::vector<std::pair<double, double>> more{
      {0.05, 0.06268}, {0.2, 0.19980}, {0.8, 0.35858}};
  for (const auto& [p, value] : more) {
    EXPECT_NEAR(ScalarPrior::sparse_gaussian(p).mmse(c), value, 2e-5) << p;  // likewise
  }
}

TEST(ScalarPrior, SamplesHaveTheStatedMoments) {
  const RandomStream stream(3, "moments");
  for (const Case& c : cases()) {
    constexpr std::uint64_t n = 100'000;
    numerics::RunningStatistics first, absolute, second, fourth, active;
    for (std::uint64_t i = 0; i < n; ++i) {
      const double x = c.prior.sample(stream, i);
      first.add(x);
      absolute.add(std::abs(x));
      second.add(x * x);
      fourth.add(x * x * x * x);
      active.add(x != 0.0 ? 1.0 : 0.0);
    }
    // 5 standard errors as measured, fixed seed; rounding where a moment does not vary.
    const auto agrees = [&](const numerics::RunningStatistics& s, double value) {
      EXPECT_NEAR(s.mean(), value, 5.0 * s.standard_error() + 1e-12) << c.prior.name();
    };
    agrees(first, 0.0);
    agrees(absolute, c.prior.mean_abs());
    agrees(second, 1.0);
    agrees(fourth, c.prior.fourth_moment());
    agrees(active, c.prior.sparsity());
    EXPECT_NEAR(c.prior.sparsity(), c.p, 1e-15);
  }
}

TEST(ScalarPrior, MomentsAreTheClosedForms) {
  const double p = 0.3;
  // Rounding.
  EXPECT_NEAR(ScalarPrior::sparse_gaussian(p).mean_abs(), std::sqrt(2.0 * p / pi), 1e-15);
  EXPECT_NEAR(ScalarPrior::sparse_gaussian(p).fourth_moment(), 3.0 / p, 1e-13);
  EXPECT_NEAR(ScalarPrior::sparse_rademacher(p).mean_abs(), std::sqrt(p), 1e-15);
  EXPECT_NEAR(ScalarPrior::sparse_rademacher(p).fourth_moment(), 1.0 / p, 1e-14);
  EXPECT_NEAR(ScalarPrior::sparse_laplace(p).mean_abs(), std::sqrt(p / 2.0), 1e-15);
  EXPECT_NEAR(ScalarPrior::sparse_laplace(p).fourth_moment(), 6.0 / p, 1e-13);
  const double s = 0.8;
  EXPECT_NEAR(ScalarPrior::sparse_mixture(p, s).fourth_moment(),
              (3.0 * (1 - s) * (1 - s) + 6.0 * s * (1 - s) + s * s) / p, 1e-13);
}

TEST(ScalarPrior, MeanAbsHasTheTabulatedValues) {
  const auto beta = [](double a) { return ScalarPrior::sparse_beta(1.0, a).mean_abs(); };
  // Arcsine, uniform and parabolic law; rounding.
  EXPECT_NEAR(beta(0.5), 2.0 * std::numbers::sqrt2 / pi, 1e-14);
  EXPECT_NEAR(beta(1.0), 0.5 * std::sqrt(3.0), 1e-14);
  EXPECT_NEAR(beta(2.0), 0.375 * std::sqrt(5.0), 1e-14);
  // Computed elsewhere with 400 quantile atoms, good to 1e-4.
  EXPECT_NEAR(beta(0.1), 0.9675, 1e-4);
  EXPECT_NEAR(beta(0.25), 0.9342, 1e-4);
  const std::vector<std::pair<double, double>> mixture{{0.5, 0.825}, {0.8, 0.902}, {0.95, 0.975}};
  for (const auto& [s, value] : mixture) {
    // Three digits.
    EXPECT_NEAR(ScalarPrior::sparse_mixture(1.0, s).mean_abs(), value, 5e-4) << s;
  }
}

TEST(ScalarPrior, RefusesWhatIsOutsideItsDomain) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refuses = [](const std::function<void()>& call,
                          std::initializer_list<std::string_view> parts) {
    expect_throw<InvalidArgument>(call, parts);
  };
  refuses([] { (void)ScalarPrior::sparse_gaussian(0.0); }, {"(0, 1]", "got 0"});
  refuses([] { (void)ScalarPrior::sparse_rademacher(1.5); }, {"1.5"});
  refuses([=] { (void)ScalarPrior::sparse_laplace(nan); }, {"nan"});
  refuses([] { (void)ScalarPrior::sparse_mixture(0.5, 1.1); }, {"share s", "1.1"});
  refuses([] { (void)ScalarPrior::sparse_beta(0.5, 0.01); }, {"shape a", "0.01"});
  const ScalarPrior prior = ScalarPrior::gaussian();
  refuses([&] { (void)prior.mmse(0.0); }, {"noise variance t", "got 0"});
  refuses([&] { (void)prior.posterior(1.0, 1e13); }, {"10000000000000"});
  refuses([&] { (void)prior.posterior(nan, 1.0); }, {"observation w", "nan"});
}

}  // namespace
}  // namespace twofold::data
