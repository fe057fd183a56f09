#include "twofold/theory/dictionary_recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "theory/recovery_cases.hpp"
#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

using data::CodeLaw;
using enum RecoveryGradient;

data::DictionaryModel example() {
  return codes(CodeLaw::Sparse, "orthonormal", 128, 128, 3);
}

// Golden: runs on 5000 samples by an independent program.
TEST(RecoveryCurve, FollowsRunsWithoutNoise) {
  RecoveryRun run;
  run.samples = 5000;
  const auto full_step = recovery_curve(example(), run);
  // Single runs scatter by 1 %; the law of the covariance's eigenvalues is short at its edge,
  // which matters more the longer the run.
  EXPECT_NEAR(full_step[0], 11.52, 1e-9);  // m δ²
  EXPECT_NEAR(full_step[1], 0.311, 0.05 * 0.311);
  EXPECT_NEAR(full_step[2], 0.0140, 0.10 * 0.0140);
  EXPECT_NEAR(full_step[3], 9.8e-4, 0.15 * 9.8e-4);
  EXPECT_NEAR(full_step[4], 8.8e-5, 0.25 * 8.8e-5);
  EXPECT_LT(full_step[30], 1e-15);
  run.step = 0.5;
  const auto half_step = recovery_curve(example(), run);
  EXPECT_NEAR(half_step[30], 7.8e-13, 0.1 * 7.8e-13);
  run.step = 0.25;
  const auto quarter_step = recovery_curve(example(), run);
  for (std::size_t t = 1; t <= 6; ++t) {
    EXPECT_GT(half_step[t + 1] / half_step[t], 0.27);  // the bracket .28 to .35, its digits
    EXPECT_LT(half_step[t + 1] / half_step[t], 0.35);
    EXPECT_GT(quarter_step[t + 1] / quarter_step[t], 0.575);
    EXPECT_LT(quarter_step[t + 1] / quarter_step[t], 0.605);
  }
}

// Golden: end of 25 iterations on known supports, d = 256, m = 128, by an independent program.
TEST(RecoveryCurve, EndsWhereRunsWithRandomAtomsEnd) {
  struct Row {
    std::uint64_t samples;
    double noise, full, decoder_only;
  };
  for (const Row& row : {Row{3000, 0.0, 0.129, 0.0456}, Row{12'000, 0.0, 0.0746, 0.0222},
                         Row{3000, 0.05, 1.357, 1.28}}) {
    const auto model = codes(CodeLaw::Sparse, "random", 128, 256, 3, row.noise);
    RecoveryRun run;
    run.samples = row.samples;
    run.iterations = 25;
    run.start_distance = 0.2;
    // Two runs on another dictionary; sampling in leading order of q, noise of y = 4 %.
    EXPECT_NEAR(recovery_curve(model, run).back(), row.full, 0.1 * row.full);
    run.gradient = DecoderOnly;
    EXPECT_NEAR(recovery_curve(model, run).back(), row.decoder_only, 0.1 * row.decoder_only);
  }
}

TEST(RecoveryCurve, OfInfiniteDataIsPopulationDescent) {
  const auto model = codes(CodeLaw::Nonnegative, "random", 20, 30, 3, 0.1, 2.0);
  RecoveryRun run;
  run.bias = -0.5;
  run.bias_shrink = 1.2;
  run.bias_floor = 0.1;
  run.iterations = 12;
  const auto curve = recovery_curve(model, run);
  PopulationDescent descent(model, Full, displaced_atoms(model, 0.3, 1));
  double bias = -0.5;
  for (std::size_t t = 0; t <= 12; ++t) {
    // The bias is a power there and a product here: rounding.
    EXPECT_NEAR(curve[t], descent.error(), 1e-13);
    descent.advance(1.0, bias);
    bias = -std::max(-bias / 1.2, 0.1);
  }
}

// Golden: measured shares of the fixed-batch floor, b = −0.5.
TEST(RecoveryCurve, FreshBatchesSettleAboveNothing) {
  const auto model = mixture("random", 10, 100, 0.1);
  RecoveryRun run;
  run.bias = -0.5;
  run.iterations = 60;
  run.fresh_batch = 5000;
  const double fixed = mixture_floors(model, 5000).sum();
  for (const auto& [tau, share] : {std::pair{0.25, 0.118}, {0.5, 0.223}, {1.0, 0.400}}) {
    run.step = tau;
    // A digit of the share, and the curvature of the sphere.
    EXPECT_NEAR(recovery_curve(model, run).back() / fixed, share, 0.01 * share);
    EXPECT_NEAR(predict_recovery(model, run).noise_term / fixed, share, 0.01 * share);
  }
}

// A run by plain code on batches of its own, noise and multiplicative spread both at work.
TEST(RecoveryCurve, FollowsFreshBatches) {
  const auto model = codes(CodeLaw::Sparse, "orthonormal", 48, 64, 3, 0.02);
  RecoveryRun run;
  run.fresh_batch = 400;
  run.step = 0.5;
  run.iterations = 10;
  const auto curve = recovery_curve(model, run);
  Matrix W = displaced_atoms(model, 0.3, 9);
  for (std::size_t t = 1; t <= 10; ++t) {
    const Drawn drawn = draw(model, 400, 100 + t);
    W -= 0.5 * step_unit(model) *
         gradient_by_definition(drawn.X, drawn.C, Vector::Constant(400, 1.0 / 400.0), W, 0.0, true);
    W.rowwise().normalize();
    // 48 · 63 numbers scatter by 2.6 %, more where few directions hold most of what is left.
    EXPECT_NEAR((W - model.atoms).squaredNorm() / curve[t], 1.0, 0.15) << t;
  }
}

// Golden: d = m = 64, U[1, 2], N = 8000: .374 at constant bias, 4.5e-4 on either schedule.
TEST(RecoveryCurve, FollowsTheBiasSchedule) {
  const auto model = codes(CodeLaw::Nonnegative, "orthonormal", 64, 64, 3, 0.0, 2.0);
  RecoveryRun run;
  run.bias = -0.5;
  run.iterations = 60;
  run.samples = 8000;
  const double constant = recovery_curve(model, run).back();
  // Sampling terms at a bias as large as half the smallest code: first order.
  EXPECT_NEAR(constant, 0.374, 0.1 * 0.374);
  run.bias_shrink = 1.1;
  run.bias_floor = 0.02;
  const double shrunk = recovery_curve(model, run).back();
  EXPECT_NEAR(shrunk, 4.5e-4, 0.15 * 4.5e-4);
  EXPECT_GT(constant, 100 * shrunk);
}

const Assumption& find(const std::vector<Assumption>& all, const std::string& name) {
  return *std::ranges::find(all, name, &Assumption::name);
}

TEST(Assumptions, HoldInTheExample) {
  RecoveryRun run;
  run.samples = 5000;
  const auto all = recovery_assumptions(example(), run);
  EXPECT_EQ(all.size(), 7u);
  for (const Assumption& a : all) {
    EXPECT_TRUE(a.holds) << a.name;
    EXPECT_TRUE(std::isfinite(a.value) && std::isfinite(a.limit) && a.margin <= 1e6) << a.name;
    EXPECT_FALSE(a.text.empty());
  }
  // sin²θ/d of three codes at the start: 0.5/√(3 · 0.087975/128).
  EXPECT_NEAR(find(all, "threshold").value, 11.01, 0.01);
}

TEST(Assumptions, EachIsViolatedByItsOwnCause) {
  const auto violated = [](const data::DictionaryModel& model, const RecoveryRun& run) {
    std::string names;
    for (const Assumption& a : recovery_assumptions(model, run)) {
      EXPECT_EQ(a.holds, a.margin >= 1.0);
      if (!a.holds) names += a.name + " ";
    }
    return names;
  };
  RecoveryRun run;
  run.samples = 5000;
  EXPECT_EQ(violated(codes(CodeLaw::Sparse, "random", 128, 128, 5), run), "threshold ");
  auto twins = example();
  twins.atoms.row(1) = twins.atoms.row(0) * 0.8 + twins.atoms.row(1) * 0.6;
  EXPECT_EQ(violated(twins, run), "incoherence ");
  EXPECT_EQ(violated(codes(CodeLaw::Sparse, "orthonormal", 100, 100, 11), run), "sparsity ");
  run.start_distance = 1.2;
  run.threshold = 0.8;
  EXPECT_EQ(violated(example(), run), "start ");
  run = {};
  run.samples = 5000;
  run.step = 1.6;
  EXPECT_EQ(violated(example(), run), "step ");
  run.step = 0.4;
  run.samples = 300;
  EXPECT_EQ(violated(example(), run), "samples ");
  run = {};
  run.threshold = 0.99;
  auto noisy = example();
  noisy.noise = 0.05;
  EXPECT_EQ(violated(noisy, run), "signal ");
  auto means = mixture("random", 10, 100, 0.1);
  run.bias = -0.5;
  EXPECT_EQ(violated(means, run), "");
  run.bias_shrink = 2.0;
  EXPECT_EQ(violated(means, run), "bias ");
  // Shorter means, and so little above the gate: (0.3 − 0.25)/σ = 0.5.
  run.bias_shrink = 1.0;
  run.bias = -0.25;
  means.atoms *= 0.3;
  EXPECT_EQ(violated(means, run), "signal ");
}

// For ±1 codes the covariance of N samples is off by √(m/N): a quarter of its square is allowed,
// and half of (2 − τ)/τ where every step has samples of its own.
TEST(Assumptions, CountTheSamplesOfAFixedAndOfFreshBatches) {
  RecoveryRun run;
  run.samples = 5000;
  // Rounding.
  EXPECT_NEAR(find(recovery_assumptions(example(), run), "samples").limit, 4 * 128, 1e-10);
  run.fresh_batch = 400;
  for (const double tau : {0.25, 1.0}) {
    run.step = tau;
    const Assumption samples = find(recovery_assumptions(example(), run), "samples");
    EXPECT_EQ(samples.value, 400.0);
    EXPECT_NEAR(samples.limit, 128 * 2 * tau / (2 - tau), 1e-10);
  }
}

TEST(PredictRecovery, PutsTheTermsTogether) {
  auto model = codes(CodeLaw::Sparse, "random", 96, 128, 2, 0.02);
  RecoveryRun run;
  run.samples = 20'000;
  run.gradient = DecoderOnly;
  const RecoveryPrediction p = predict_recovery(model, run);
  EXPECT_EQ(p.iteration.size(), 31u);
  EXPECT_EQ(p.error.size(), 31u);
  // The recursions rest at 1e-12; the curve's 30 steps may be a little short of that.
  EXPECT_NEAR(p.floor, population_floor(model, Full), 1e-9);
  EXPECT_NEAR(p.floor_decoder_only, population_floor(model, DecoderOnly), 1e-9);
  // Sums on the sphere: tangents are added, chords reported, 0.1 % here.
  EXPECT_NEAR(p.final_error, p.floor_decoder_only + p.sampling_term + p.noise_term,
              2e-3 * p.final_error);
  EXPECT_EQ(p.final_error, p.error.back());
  EXPECT_EQ(p.bias_term, 0.0);
  EXPECT_EQ(p.step, step_unit(model));
  EXPECT_EQ(p.step_edge, step_edge(model, 0.0, DecoderOnly) * step_unit(model));
  EXPECT_EQ(p.consistency, code_consistency(model, 0.5, 0.0));
  run.samples = 0;
  EXPECT_EQ(predict_recovery(model, run).noise_term, 0.0);
}

TEST(PredictRecovery, RejectsBadInput) {
  const auto bad = [](auto change) {
    RecoveryRun run;
    change(run);
    EXPECT_THROW((void)predict_recovery(codes(CodeLaw::Sparse, "random", 6, 8, 2), run),
                 InvalidArgument);
  };
  bad([](RecoveryRun& run) { run.step = 0.0; });
  bad([](RecoveryRun& run) { run.iterations = -1; });
  bad([](RecoveryRun& run) { run.fresh_batch = -1; });
  bad([](RecoveryRun& run) { run.start_distance = 1.5; });
  bad([](RecoveryRun& run) { run.bias = -0.1; });
  bad([](RecoveryRun& run) { run.bias_shrink = 0.9; });
  bad([](RecoveryRun& run) { run.bias_floor = -0.1; });
  bad([](RecoveryRun& run) { run.threshold = -0.1; });
}

}  // namespace
}  // namespace twofold::theory
