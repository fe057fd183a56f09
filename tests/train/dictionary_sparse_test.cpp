// Sparse codes of random sign: exact recovery, floors, collapse, and recovery from samples alone.
#include <gtest/gtest.h>

#include <cmath>

#include "train/dictionary_problem.hpp"
#include "twofold/data/array_source.hpp"

namespace twofold::train {
namespace {

DictionaryDescentOptions hard_threshold(Index m, Index k, double step, std::int64_t iterations) {
  DictionaryDescentOptions options;
  options.gate = {.activation = model::HardThreshold{.lambda = 0.5}};
  options.step = step;
  options.step_unit = static_cast<double>(m) / static_cast<double>(k);
  options.iterations = iterations;
  return options;
}

class SparseDescent : public testing::Test {
 protected:
  ThreadPool pool_{2};
};

// Noiseless orthonormal atoms are found to rounding: 128 rows of squared error of order (10 eps)².
// At smaller steps the error shrinks by a constant factor: (1 − τ)², raised by cross terms. The
// bounds are those of an independent program, given to two digits.
TEST_F(SparseDescent, RecoversOrthonormalAtomsExactly) {
  const auto model = sparse("orthonormal", 128, 128, 3, 0, 2);
  const Matrix X = samples(model, 5000, 2);
  const Matrix start = near_start(model.atoms, 0.3, 2);
  const auto curve = [&](double step, std::int64_t iterations) {
    return error_curve(X, start, model.atoms, hard_threshold(128, 3, step, iterations), pool_);
  };
  const auto whole = curve(1, 30);
  EXPECT_NEAR(whole[0], 128 * 0.09, 1e-12);
  EXPECT_LT(whole[1], whole[0] / 20);
  EXPECT_LT(whole[30], 1e-15);

  const auto half = curve(0.5, 30);
  for (std::size_t t = 1; t <= 6; ++t) {
    EXPECT_GT(half[t] / half[t - 1], 0.275) << t;
    EXPECT_LT(half[t] / half[t - 1], 0.355) << t;
  }
  EXPECT_LT(half[30], 1e-9);
  const auto quarter = curve(0.25, 6);
  for (std::size_t t = 1; t <= 6; ++t) {
    EXPECT_GT(quarter[t] / quarter[t - 1], 0.575) << t;
    EXPECT_LT(quarter[t] / quarter[t - 1], 0.605) << t;
  }
}

// m²(d − 1)σ²/(Nk) at the end. 128·127 degrees of freedom: 1.1 % standard error, 5 % are four.
TEST_F(SparseDescent, EndsAtTheNoiseOfItsSamples) {
  for (const double noise : {0.02, 0.15}) {
    const auto model = sparse("orthonormal", 128, 128, 3, noise, 3);
    const Matrix X = samples(model, 5000, 3);
    const auto run =
        descend(X, near_start(model.atoms, 0.3, 3), hard_threshold(128, 3, 1, 20), pool_);
    const double law = 128.0 * 128 * 127 * noise * noise / (5000.0 * 3);
    EXPECT_NEAR(squared_error(run.atoms, model.atoms) / law, 1, 0.05) << noise;
  }
}

// Random atoms with the true supports: floor of coherence, its samples, and noise,
//   full          4(k − 1)²/d + 2(k − 1) m²/(dN) + m²(d − 1)σ²/(Nk)
//   decoder only   (k − 1)²/d + ((k − 1)²/k) m²/(dN) + the same.
// The full law leaves out cross terms of order k/√d that lower it: 26 % at k = 3, d = 256; those of
// the other are the square of it. 10 %: m(d − 1) degrees of freedom have 1 %.
TEST_F(SparseDescent, EndsAtTheFloorOfItsGradient) {
  constexpr double d = 256, m = 128, k = 3;
  for (const auto& [count, noise] :
       {std::pair{Index{3000}, 0.0}, std::pair{Index{12'000}, 0.0}, std::pair{Index{3000}, 0.05}}) {
    const auto model = sparse("random", 128, 256, 3, noise, 4);
    const Matrix X = samples(model, count, 4);
    const auto support = true_support(model, count, 4);
    const Matrix start = near_start(model.atoms, 0.3, 4);
    const double scale = m * m / static_cast<double>(count);
    const double random = scale * (d - 1) * noise * noise / k;
    auto options = hard_threshold(128, 3, 1, 20);
    const double full =
        squared_error(descend(X, start, options, pool_, &support).atoms, model.atoms) /
        (4 * (k - 1) * (k - 1) / d + 2 * (k - 1) * scale / d + random);
    EXPECT_GT(full, 0.74) << count << " " << noise;
    EXPECT_LT(full, 1.05) << count << " " << noise;
    options.gradient = ops::TiedGradient::DecoderOnly;
    const double decoder =
        squared_error(descend(X, start, options, pool_, &support).atoms, model.atoms) /
        ((k - 1) * (k - 1) / d + (k - 1) * (k - 1) / k * scale / d + random);
    EXPECT_NEAR(decoder, 1, 0.1) << count << " " << noise;
  }
}

// Least-squares codes have no floor: A itself is the fixed point, to rounding of 128 rows.
TEST_F(SparseDescent, PolishesRandomAtomsExactly) {
  const auto model = sparse("random", 128, 128, 3, 0, 5);
  const Matrix X = samples(model, 3000, 5);
  const auto support = true_support(model, 3000, 5);
  auto options = hard_threshold(128, 3, 1, 10);
  options.polish = 50;
  const auto run = descend(X, near_start(model.atoms, 0.3, 5), options, pool_, &support);
  EXPECT_EQ(run.iterations, 60);
  EXPECT_LT(squared_error(run.atoms, model.atoms), 1e-20);
  EXPECT_LT(run.loss, 1e-20);
}

// k = 5 of 128 atoms, the whole step: units fire on cross talk, the loss explodes and unit rows
// hide it. The loss tells, and backtracking turns the same start into a recovery.
TEST_F(SparseDescent, TellsACollapseAndBacktracksOutOfIt) {
  const auto model = sparse("random", 128, 128, 5, 0, 6);
  const Matrix X = samples(model, 3000, 6);
  const Matrix start = near_start(model.atoms, 0.3, 6);
  auto options = hard_threshold(128, 5, 1, 60);
  const auto collapsed = descend(X, start, options, pool_);
  EXPECT_EQ(collapsed.status, SgdStatus::Diverged);
  EXPECT_GT(squared_error(collapsed.atoms, model.atoms), 100);
  EXPECT_TRUE(collapsed.atoms.allFinite());

  options.backtrack = true;
  const auto safe = descend(X, start, options, pool_);
  EXPECT_EQ(safe.status, SgdStatus::Finished);
  EXPECT_GT(safe.rejected, 0);
  EXPECT_EQ(share_found(safe.atoms, model.atoms), 1);

  options.backtrack = false;
  options.step = 0.5;
  EXPECT_EQ(share_found(descend(X, start, options, pool_).atoms, model.atoms), 1);
}

// From samples alone: the decoder's part of the gradient, half the amplitude as threshold,
// backtracking. About one run in four misses one to three atoms: 97 % on average.
TEST_F(SparseDescent, FindsAtomsFromSamplesWithBacktracking) {
  double found = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const auto model = sparse("random", 48, 128, 3, 0.05, seed);
    const Matrix X = samples(model, 5000, seed);
    auto options = hard_threshold(48, 3, 0.5, 120);
    options.gradient = ops::TiedGradient::DecoderOnly;
    options.backtrack = true;
    const auto run = descend(X, sample_start(X, 48, seed), options, pool_);
    found += share_found(run.atoms, model.atoms) / 3;
  }
  EXPECT_GE(found, 0.97);
}

// One pass of small batches, gated by the k largest: all of a dictionary twice as large as the
// dimension. The error left is that of the last steps: cos >= 0.995 on average.
TEST_F(SparseDescent, FindsAnOvercompleteDictionaryInOnePass) {
  for (const std::uint64_t seed : {7, 8}) {
    const auto model = sparse("random", 128, 64, 4, 0.02, seed);
    const data::ArraySource<float> source(samples(model, 50'000, seed).cast<float>());
    const data::BatchSampler sampler(source, {.batch = 100, .order = "shuffle"}, seed);
    DictionaryDescentOptions options;
    options.gate.activation = model::TopK{.k = 4};
    options.gradient = ops::TiedGradient::DecoderOnly;
    options.step = 0.5;
    options.last_step = 0.05;
    options.step_unit = 128.0 / 4;
    options.iterations = 500;
    Matrix first(1000, 64);
    source.read(0, View<double>(first));
    const MatrixF start = sample_start(first, 128, seed).cast<float>();
    const auto run = dictionary_descent<float>(sampler, start, options, {}, pool_);
    const Vector cosines = matched_cosines(run.atoms.cast<double>(), model.atoms);
    EXPECT_GT(cosines.minCoeff(), 0.95);
    EXPECT_GE(cosines.mean(), 0.995);
  }
}

}  // namespace
}  // namespace twofold::train
