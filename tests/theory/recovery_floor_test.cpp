#include "twofold/theory/recovery_floor.hpp"

#include <gtest/gtest.h>

#include "theory/recovery_cases.hpp"
#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

using data::CodeLaw;
using enum RecoveryGradient;

// Where descent on N samples ends when it is told the supports; plain code.
Matrix descend(const data::DictionaryModel& model, RecoveryGradient kind, Index count, double bias,
               std::uint64_t seed) {
  const Drawn drawn = draw(model, count, seed);
  const Vector weight = Vector::Constant(count, 1.0 / static_cast<double>(count));
  Matrix W = unit_atoms(model);
  const double zeta = 0.9 * step_unit(model);
  for (int t = 0; t < 30; ++t) {
    W -= zeta * gradient_by_definition(drawn.X, drawn.C, weight, W, bias, kind == Full);
    W.rowwise().normalize();
  }
  return W;
}

TEST(PopulationFloor, LiesBelowItsEstimateForRandomAtoms) {
  for (const auto& [m, k] : {std::pair<Index, Index>{128, 2}, {128, 5}, {192, 3}}) {
    const auto model = codes(CodeLaw::Sparse, "random", m, 128, k);
    const double estimate = 4.0 * static_cast<double>((k - 1) * (k - 1)) / 128.0;
    const double floor = population_floor(model, Full);
    // The bracket chosen for this check: the estimate is of leading order in k/m.
    EXPECT_GT(floor, 0.75 * estimate);
    EXPECT_LT(floor, 1.00 * estimate);
    // A quarter, again to leading order.
    EXPECT_NEAR(population_floor(model, DecoderOnly) / floor, 0.25, 0.05);
    // The closed form knows the atoms, not the higher orders: (1 + 5q)² at most, 35 % at k = 5.
    EXPECT_NEAR(recovery_floor(model, Full, 0, 0.0).population / floor, 1.1, 0.2);
  }
}

TEST(PopulationFloor, IsZeroWithoutInterference) {
  for (const auto law : {CodeLaw::Sparse, CodeLaw::Nonnegative}) {
    const auto model = codes(law, "orthonormal", 10, 16, 3, 0.2, 2.0);
    // Rounding of unit rows, squared.
    EXPECT_LT(population_floor(model, Full, 1.0, 400), 1e-25);
    EXPECT_LT(recovery_floor(model, Full, 0, 0.0).total(), 1e-25);
  }
  const auto frame = codes(CodeLaw::Sparse, "tight_frame", 24, 16, 3);
  // To leading order a tight frame does not interfere either; 1e-9 is how tight it is.
  EXPECT_LT(recovery_floor(frame, Full, 0, 0.0).population, 1e-9);
  EXPECT_EQ(recovery_floor(mixture("random", 4, 6, 0.0), Full, 100, -0.5).total(), 0.0);
}

// One component of the mixture by its number, averaged over seeds; unequal weights, any norm.
TEST(MixtureFloors, AreReachedOnSamples) {
  auto model = mixture("random", 4, 60, 0.3);
  model.weights = Vector{{0.4, 0.3, 0.2, 0.1}};
  model.atoms.row(2) *= 1.5;
  for (const auto& [kind, bias] :
       {std::pair{Full, 0.0}, {Full, -0.5}, {DecoderOnly, 0.0}, {DecoderOnly, -0.5}}) {
    Vector measured = Vector::Zero(4);
    constexpr int kSeeds = 6;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      measured +=
          (descend(model, kind, 1500, bias, seed) - unit_atoms(model)).rowwise().squaredNorm();
    }
    measured /= kSeeds;
    const Vector law = mixture_floors(model, 1500, kind, bias);
    // Standard error √(2/(59 · 6)) = 7.5 %; three of them. At p = 0.1 the thirty iterations of
    // DecoderOnly leave 5 % of the way, 10 % of the square.
    for (Index j = 0; j < 3; ++j) EXPECT_NEAR(measured[j] / law[j], 1.0, 0.23) << j;
    EXPECT_NEAR(measured[3] / law[3], 0.95, 0.28);
    // 4.4 % for three of them together; three of that.
    EXPECT_NEAR(measured.head(3).sum() / law.head(3).sum(), 1.0, 0.13);
  }
}

TEST(MixtureFloors, AreTheLawOfUnitMeans) {
  const auto model = mixture("random", 10, 100, 0.1);
  // Golden: m² (d−1) σ² (1 + σ²)/N = 0.0200 at N = 5000.
  EXPECT_NEAR(recovery_floor(model, Full, 5000, -0.5).noise, 0.0200, 0.00005);
  // The bias cancels from the full gradient: the same expression.
  EXPECT_EQ(mixture_floors(model, 5000, Full, -0.5), mixture_floors(model, 5000, Full, 0.0));
}

// As squared distance from where infinite data end, so that the population floor does not hide
// them.
TEST(RecoveryFloor, SamplingAndNoiseAreReachedOnSamples) {
  for (const auto law : {CodeLaw::Sparse, CodeLaw::Nonnegative}) {
    for (const auto& [noise, kind] :
         {std::pair{0.0, Full}, {0.0, DecoderOnly}, {0.1, Full}, {0.1, DecoderOnly}}) {
      const auto model = codes(law, "random", 48, 128, 3, noise, 1.5);
      constexpr Index kSamples = 2000;
      PopulationDescent population(model, kind, model.atoms);
      for (int t = 0; t < 60; ++t) population.advance(0.9, 0.0);
      double measured = 0.0;
      for (const std::uint64_t seed : {1u, 2u}) {
        measured +=
            0.5 * (descend(model, kind, kSamples, 0.0, seed) - population.rows()).squaredNorm();
      }
      const RecoveryFloor floor = recovery_floor(model, kind, kSamples, 0.0);
      // Orders left out: y = 2 % and a few q = 4 %, either sign; scatter √(2/(2 · 48 · 50)) = 2 %.
      EXPECT_NEAR(measured / (floor.sampling + floor.noise), 1.0, 0.12)
          << "noise " << noise << ", kind " << (kind == Full);
    }
  }
}

// Golden: mean off-diagonal v and ‖W − A‖² of runs on 64 000 samples, d = m = 64, k = 3, U[1, 2].
TEST(BiasDrift, AgreesWithRunsAndWithTheRecursion) {
  const auto model = codes(CodeLaw::Nonnegative, "orthonormal", 64, 64, 3, 0.0, 2.0);
  struct Row {
    double bias, law, drift, error;
  };
  for (const Row& row : {Row{-0.05, 0.00065, 0.00068, 0.00198}, Row{-0.1, 0.00128, 0.00139, 0.0083},
                         Row{-0.25, 0.00303, 0.00376, 0.0599}}) {
    const double v = bias_drift(model, row.bias);
    EXPECT_NEAR(v, row.law, 0.5e-5);  // its last digit
    const double exact = population_floor(model, Full, 1.0, 400, row.bias);
    // All off-diagonals alike: v = √(‖W − A‖²/(m(m−1))), up to the last digit and second order.
    EXPECT_NEAR(std::sqrt(exact / (64 * 63)), row.drift, 0.02 * row.drift);
    const RecoveryFloor floor = recovery_floor(model, Full, 64'000, row.bias);
    const double sampled = exact + floor.bias - 64 * 63 * v * v;
    EXPECT_NEAR(sampled, row.error, 0.03 * row.error);  // one run of 4032 numbers scatters by 2 %
    if (row.bias < -0.1) continue;
    EXPECT_NEAR(v, row.drift, 0.12 * row.drift);  // first order in the bias
    EXPECT_NEAR(floor.bias, row.error, 0.2 * row.error);
  }
}

TEST(BiasDrift, HoldsForTheDecoderOnlyGradient) {
  const auto model = codes(CodeLaw::Nonnegative, "orthonormal", 40, 40, 3, 0.0, 2.0);
  const double exact = population_floor(model, DecoderOnly, 1.0, 400, -0.02);
  // First order in the bias: 0.02/κ₁ and as much from the stiffness.
  EXPECT_NEAR(std::sqrt(exact / (40 * 39)) / bias_drift(model, -0.02, DecoderOnly), 1.0, 0.04);
}

TEST(NeededSamples, GiveTheErrorAskedFor) {
  const auto model = codes(CodeLaw::Sparse, "random", 48, 40, 3, 0.1, 2.0);
  const double n = needed_samples(model, DecoderOnly, 1e-3);
  const RecoveryFloor floor =
      recovery_floor(model, DecoderOnly, static_cast<std::uint64_t>(n + 0.5), 0.0);
  // N is rounded to a whole number.
  EXPECT_NEAR(floor.sampling + floor.noise, 48e-3, 48e-3 / n);
  EXPECT_EQ(needed_samples(codes(CodeLaw::Sparse, "orthonormal", 4, 4, 1), Full, 1e-3), 0.0);
}

TEST(RecoveryFloor, RejectsBadInput) {
  const auto sparse = codes(CodeLaw::Sparse, "random", 6, 8, 2);
  const auto means = mixture("random", 3, 5, 0.1);
  EXPECT_THROW((void)recovery_floor(sparse, Full, 10, -0.1), InvalidArgument);
  EXPECT_THROW((void)mixture_floors(sparse, 10), InvalidArgument);
  EXPECT_THROW((void)mixture_floors(means, 0), InvalidArgument);
  EXPECT_THROW((void)mixture_floors(means, 10, Full, -1.0), InvalidArgument);
  EXPECT_THROW((void)bias_drift(sparse, 0.0), InvalidArgument);
  EXPECT_THROW((void)needed_samples(sparse, Full, 0.0), InvalidArgument);
  EXPECT_THROW((void)population_floor(sparse, Full, 1.0, -1), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
