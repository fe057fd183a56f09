#include <cmath>
#include <limits>

#include "support.hpp"
#include "twofold/data/scalar_prior.hpp"

namespace twofold::data {
namespace {

std::vector<double> draws(const ScalarPrior& prior, std::size_t n, double scale) {
  const RandomStream stream(11, "empirical");
  std::vector<double> list(n);
  for (std::size_t i = 0; i < n; ++i) list[i] = scale * prior.sample(stream, i);
  return list;
}

TEST(EmpiricalPrior, IsTheLawOfItsSamplesUpToScale) {
  const ScalarPrior truth = ScalarPrior::sparse_gaussian(0.3);
  const std::vector<double> samples = draws(truth, 100'000, 3.7);
  const ScalarPrior fitted = ScalarPrior::empirical(samples);
  // Five standard errors √(p(1 − p)/n) of the number of zeros.
  EXPECT_NEAR(fitted.sparsity(), 0.3, 5.0 * std::sqrt(0.21 / 1e5));
  for (const double t : {0.05, 0.57, 3.0}) {
    // The sample variance has relative standard error √(Ex⁴ − 1)/√n = 1 %, and rescales t as much.
    EXPECT_NEAR(fitted.mmse(t) / truth.mmse(t), 1.0, 0.03) << t;
    const ScalarChannel channel = fitted.channel(t);
    const double second =
        channel.mean([](double, const ScalarPosterior& q) { return q.mean * q.mean; });
    // E x² = 1 exactly by construction; accuracy of the quadrature.
    EXPECT_NEAR(second + channel.mmse(), 1.0, 2e-9) << t;
  }
}

TEST(EmpiricalPrior, FrequentValuesBecomeAtoms) {
  std::vector<double> samples;
  for (int i = 0; i < 500; ++i) samples.insert(samples.end(), {2.0, -2.0, 0.0, 0.0});
  const ScalarPrior fitted = ScalarPrior::empirical(samples);
  const ScalarPrior truth = ScalarPrior::sparse_rademacher(0.5);
  EXPECT_EQ(fitted.sparsity(), 0.5);
  EXPECT_TRUE(fitted.entropy().has_value());
  for (const double t : {0.01, 0.57}) {
    // The same three atoms, up to rounding.
    EXPECT_NEAR(fitted.mmse(t), truth.mmse(t), 1e-12);
    EXPECT_NEAR(fitted.posterior(0.4, t).mean, truth.posterior(0.4, t).mean, 1e-13);
  }
}

TEST(EmpiricalPrior, ScaleDoesNotMatterNorOverflow) {
  std::vector<double> samples = draws(ScalarPrior::sparse_laplace(1.0), 1000, 1.0);
  const double value = ScalarPrior::empirical(samples).mmse(0.5);
  for (double& x : samples) x *= 0x1p900;
  // Scaling by a power of 2 rounds nothing.
  EXPECT_EQ(ScalarPrior::empirical(samples).mmse(0.5), value);
  EXPECT_EQ(ScalarPrior::empirical(std::vector<double>{5.0}).posterior(0.0, 1.0).mean, 1.0);
}

TEST(EmpiricalPrior, RefusesSamplesWithoutALaw) {
  const auto fit = [](std::vector<double> samples) {
    return [=] { (void)ScalarPrior::empirical(samples); };
  };
  expect_throw<InvalidArgument>(fit({}), {"no samples"});
  expect_throw<InvalidArgument>(fit({0.0, 0.0}), {"all samples are 0"});
  expect_throw<InvalidArgument>(fit({0.0, std::numeric_limits<double>::quiet_NaN()}),
                                {"sample 1", "nan"});
}

TEST(EmpiricalPrior, IsRebuiltFromItsComponents) {
  const ScalarPrior fitted =
      ScalarPrior::empirical(draws(ScalarPrior::sparse_laplace(0.3), 5'000, 2.0));
  const auto parts = fitted.components();
  EXPECT_GT(parts.size(), 100u);
  const ScalarPrior again = ScalarPrior::mixture(parts, fitted.name());
  EXPECT_EQ(again.name(), fitted.name());
  for (const double w : {-3.0, 0.0, 0.4}) {  // the same numbers in the same order: the same bits
    EXPECT_EQ(again.posterior(w, 0.3).mean, fitted.posterior(w, 0.3).mean) << w;
  }
  EXPECT_TRUE(ScalarPrior::sparse_laplace(0.3).components().empty());
}

TEST(EmpiricalPrior, RefusesComponentsThatAreNoLawOfUnitVariance) {
  using Parts = std::vector<MixtureComponent>;
  for (const Parts& parts : {Parts{}, Parts{{0.5, 0.0, 1.0}}, Parts{{1.0, 0.0, 2.0}},
                             Parts{{1.5, 0.0, 1.0}, {-0.5, 0.0, 1.0}}, Parts{{1.0, 0.0, -1.0}}}) {
    EXPECT_THROW((void)ScalarPrior::mixture(parts, "x"), InvalidArgument);
  }
}

}  // namespace
}  // namespace twofold::data
