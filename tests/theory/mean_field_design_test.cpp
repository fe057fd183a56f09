#include "twofold/theory/mean_field_design.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

const Vector kSpectrum{{1.0, 0.4, 0.1, 0.1, 0.03}};

TEST(PenaltyToKeep, KeepsExactlyThatMany) {
  for (const Index k : {0, 1, 2, 4, 5}) {
    const auto interval = penalty_to_keep(kSpectrum, k, 0.5);
    ASSERT_TRUE(interval.has_value()) << k;
    const double inside =
        std::isinf(interval->high) ? 2 * interval->low : 0.5 * (interval->low + interval->high);
    EXPECT_EQ(learned_count(kSpectrum, 0.5, inside), k);
  }
  EXPECT_FALSE(penalty_to_keep(kSpectrum, 3, 0.5).has_value());  // equal eigenvalues
  EXPECT_THROW((void)penalty_to_keep(kSpectrum, 6, 0.5), InvalidArgument);
}

TEST(StopToKeep, LiesBetweenTheHalfTimes) {
  const FlowProblem problem{kSpectrum, 0.5, 0.0, 0.05};
  const StopWindow window = stop_to_keep(problem, 1).value();
  EXPECT_EQ(window.time.low, half_time(problem, 0).value());
  EXPECT_EQ(window.time.high, half_time(problem, 1).value());
  // Without penalty the half time is proportional to 1/s.
  EXPECT_NEAR(window.separability, 1.0 / 0.4, 1e-14);
  EXPECT_FALSE(stop_to_keep(problem, 3).has_value());
  EXPECT_TRUE(std::isinf(stop_to_keep(problem, 5).value().time.high));
  FlowProblem penalised = problem;
  penalised.penalty = 0.2;
  EXPECT_TRUE(std::isinf(stop_to_keep(penalised, 2).value().time.high));
  EXPECT_FALSE(stop_to_keep(penalised, 4).has_value());
}

// At λ = 2 c τ² the stationary gains are those of the Wiener filter c/(c + τ²).
TEST(Denoising, PenaltyGivesTheWienerFilter) {
  const Vector clean{{2.0, 0.5, 0.02}};
  const double noise = 0.25;
  const Vector s = clean.array() + noise;
  for (const double c : {0.5, 1.0}) {
    const Vector a = gain_limit({s, c, denoising_penalty(c, noise), 0.1});
    EXPECT_LT((a.array() - clean.array() / s.array()).abs().maxCoeff(), 1e-15);  // rounding
    const double wiener = (clean.array() * noise / s.array()).sum();
    EXPECT_NEAR(denoising_error(s, noise, a), wiener, 1e-15);
  }
}

TEST(Denoising, NoiseIsTheMedianOfTheLowerHalf) {
  EXPECT_EQ(noise_from_bulk(Vector{{9.0, 5.0, 0.3, 0.2}}), 0.25);
  EXPECT_EQ(noise_from_bulk(Vector{{9.0, 5.0, 0.4, 0.3, 0.2, 0.0}}), 0.3);
  EXPECT_EQ(noise_from_bulk(Vector{{2.0}}), 2.0);
}

TEST(BestStop, MinimisesTheErrorAlongTheClosedForm) {
  Vector s(40);
  for (Index j = 0; j < 40; ++j) {
    s[j] = 2.0 * std::pow(0.01, static_cast<double>(j) / 39.0) + 0.25;
  }
  const FlowProblem problem{s, 0.5, 0.0, 0.2};
  const BestStop best = best_stop_time(problem, 0.25);
  const auto error = [&](double t) {
    return denoising_error(s, 0.25, gain(closed_form_scale(problem, t), 0.5));
  };
  EXPECT_EQ(best.error, error(best.time));
  EXPECT_LT(best.error, error(best.time * 1.01));
  EXPECT_LT(best.error, error(best.time / 1.01));
  EXPECT_NEAR(best.error, 5.11, 0.01);  // independent search, three digits
}

TEST(BestStop, IsNeverWhenThePenaltyIsRightAlready) {
  const FlowProblem problem{Vector{{2.25, 0.75, 0.3}}, 0.5, 0.25, 0.05};
  EXPECT_TRUE(std::isinf(best_stop_time(problem, 0.25).time));
}

}  // namespace
}  // namespace twofold::theory
