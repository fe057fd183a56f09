#include "twofold/theory/tangent_kernel_movement.hpp"

#include <gtest/gtest.h>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::theory {
namespace {

constexpr Index kSamples = 20, kDimension = 10;

struct Problem {
  Matrix X = on_sphere(kSamples, kDimension, 6);
  KernelRates rates;
  TangentKernels kernels;
  TangentSpectrum spectrum;
  Matrix M, gram;  // the drive of a silent start, and what the library makes of it

  explicit Problem(const KernelRates& r) : rates(r) {
    ThreadPool pool(1);
    kernels = tangent_kernels(pool, X);
    spectrum = tangent_spectrum(combine(kernels, rates), kDimension);
    // Solved by Eigen, independently of the spectrum.
    const Matrix theta = combine(kernels, rates) / static_cast<double>(kDimension);
    M = theta.ldlt().solve(X);
    gram = drive(spectrum, silent_start(X), 1.0);
  }
};

// ΔW of the linearised network, Σ_j x_j (1_j a·M_j), neuron by neuron, times the step.
Matrix encoder_move(const Network& net, const Problem& p) {
  const Matrix pulls = (net.A * p.M.transpose()).cwiseProduct(net.active(p.X).transpose());
  return p.rates.encoder * net.scale() * pulls * p.X;
}

// Condition of Θ below 1e3, entries of MMᵀ of order 1e3: rounding amplified to 1e-12 relatively.
TEST(Drive, IsTheGramMatrixOfTheSolvedStart) {
  for (const KernelRates& rates : {kWeak, kJoint, KernelRates{1.0, 0.1}}) {
    const Problem p(rates);
    const Matrix expected = p.M * p.M.transpose();
    EXPECT_LT((p.gram - expected).norm() / expected.norm(), 1e-11);
  }
}

// Summing E_s step by step, the definition; 50 additions round by 1e-14 relatively.
TEST(Drive, AtFiniteTimeIsTheSumOfResiduals) {
  const Problem p(kJoint);
  const double step = 1.5 / p.spectrum.largest();
  Matrix sum = Matrix::Zero(kSamples, kDimension);
  for (int t = 0; t < 50; ++t) sum += step * residual_at(p.spectrum, p.X, step, t);
  const Matrix gram = drive(p.spectrum, silent_start(p.X), step, 50);
  EXPECT_LT((gram - sum * sum.transpose()).norm() / gram.norm(), 1e-12);
  EXPECT_EQ(drive(p.spectrum, silent_start(p.X), step, 0).norm(), 0.0);
}

// ‖ΔW‖² of random networks, N = 20 000, four of them: it is a mean over neurons of heavy summands
// (relative deviation about 3), hence 3/√80 000 = 1 %; five standard errors.
TEST(WeightMovement, IsThatOfRandomNetworks) {
  for (const KernelRates& rates : {kWeak, kJoint, KernelRates{1.0, 0.3}}) {
    const Problem p(rates);
    const WeightMovement predicted = weight_movement(p.kernels, rates, p.gram, kDimension);
    double encoder = 0.0, decoder = 0.0;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const Network net(20'000, kDimension, seed);
      encoder += encoder_move(net, p).squaredNorm() / 4;
      const Matrix move = rates.decoder * net.scale() * net.codes(p.X).transpose() * p.M;
      decoder += move.squaredNorm() / 4;
    }
    EXPECT_NEAR(encoder / std::pow(predicted.encoder, 2), 1.0, 0.05);
    if (rates.decoder > 0.0) {
      EXPECT_NEAR(decoder / std::pow(predicted.decoder, 2), 1.0, 0.05);
    } else {
      EXPECT_EQ(predicted.decoder, 0.0);
    }
  }
}

// r_W ΔW and r_A ΔA account for the loss: ‖ΔW‖²/r_W + ‖ΔA‖²/r_A = tr(E_0ᵀ Θ⁻¹ E_0); rounding.
TEST(WeightMovement, SumsToTheEnergyOfTheStart) {
  const Problem p({1.0, 0.3});
  const WeightMovement move = weight_movement(p.kernels, p.rates, p.gram, kDimension);
  const double energy = p.X.cwiseProduct(p.M).sum();
  EXPECT_NEAR((move.encoder * move.encoder + move.decoder * move.decoder / 0.3) / energy, 1.0,
              1e-12);
}

// Neurons moved by the linearised law, signs counted, with a decoder of normal entries as the law
// assumes. 4 million pairs of which 1 % flip; were the 20 pairs of a neuron all alike, the standard
// error would be √(20/(0.01·4e6)) = 2 %, and it is below a third of that. 3 %.
TEST(FlipFraction, CountsNeuronsThatCross) {
  const Index neurons = 40'000;
  for (const KernelRates& rates : {kWeak, kJoint}) {
    const Problem p(rates);
    double measured = 0.0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      Network net(neurons, kDimension, seed);
      net.A = normals(neurons, kDimension, seed, "normal decoder");
      const Matrix before = net.active(p.X);
      net.W += encoder_move(net, p);
      measured += (before - net.active(p.X)).cwiseAbs().mean() / 5;
    }
    ThreadPool pool(2);
    const numerics::MeanAndError sharp =
        flip_fraction_on_boundaries(pool, p.X, rates, p.gram, neurons);
    EXPECT_LT(sharp.standard_error, 0.005 * sharp.mean);
    EXPECT_NEAR(measured / sharp.mean, 1.0, 0.03);
    // The simple law takes the shift for independent of the boundary: within 10 % on such samples.
    const double simple = flip_fraction(p.X, p.kernels, rates, p.gram, neurons);
    EXPECT_NEAR(measured / simple, 1.0, 0.1);
  }
}

TEST(FlipFraction, HalvesAtFourTimesTheWidth) {
  const Problem p(kJoint);
  ThreadPool pool(1);
  const double narrow = flip_fraction(p.X, p.kernels, p.rates, p.gram, 1000);
  EXPECT_DOUBLE_EQ(narrow, 2 * flip_fraction(p.X, p.kernels, p.rates, p.gram, 4000));
  EXPECT_DOUBLE_EQ(flip_fraction_on_boundaries(pool, p.X, p.rates, p.gram, 1000).mean,
                   2 * flip_fraction_on_boundaries(pool, p.X, p.rates, p.gram, 4000).mean);
  EXPECT_EQ(flip_fraction(p.X, p.kernels, kDecoderOnly, p.gram, 1000), 0.0);
}

TEST(FlipFractionOnBoundaries, IsTheSameBitsForAnyPool) {
  const Problem p(kJoint);
  ThreadPool one(1), three(3);
  const auto a = flip_fraction_on_boundaries(one, p.X, p.rates, p.gram, 1000);
  const auto b = flip_fraction_on_boundaries(three, p.X, p.rates, p.gram, 1000);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.standard_error, b.standard_error);
}

// For one sample M = x/λ, λ = 1/2d, and the only neuron direction that matters is a·x: the fraction
// is (1/π√(Nd)) (½‖M‖ + ½·0) with the coin.
TEST(FlipFractionOnBoundaries, IsExactForOneSample) {
  const Matrix X = on_sphere(1, 10, 1);
  ThreadPool pool(1);
  const Matrix gram = Matrix::Constant(1, 1, 400.0);
  const auto flips = flip_fraction_on_boundaries(pool, X, kWeak, gram, 1000);
  EXPECT_NEAR(flips.mean, 0.5 * 20.0 / (std::acos(-1.0) * 100.0), 1e-15);
  EXPECT_NEAR(flips.standard_error, 0.0, 1e-17);
}

// Of x and −x the same neurons are on the boundary, and one of the two is active: of the drive M
// the mean length is (√M_11 + √M_22)/2 = 15, whichever it is.
TEST(FlipFractionOnBoundaries, SeesOppositesFlipTogether) {
  Matrix X(2, 10);
  X << on_sphere(1, 10, 1), -on_sphere(1, 10, 1);
  ThreadPool pool(1);
  const Matrix gram = Vector{{400.0, 100.0}}.asDiagonal();
  const auto flips = flip_fraction_on_boundaries(pool, X, kWeak, gram, 1000);
  EXPECT_NEAR(flips.mean, 15.0 / (std::acos(-1.0) * 100.0), 1e-15);  // rounding
}

// Two samples on either side of a third, in one plane: a neuron on the boundary of the third fires
// for exactly one of them, whichever neurons were drawn.
TEST(FlipFractionOnBoundaries, DrawsNeuronsOnTheBoundary) {
  const double c = 0.8, s = 0.6;
  const Matrix X{{1.0, 0.0, 0.0}, {c, s, 0.0}, {c, -s, 0.0}};
  ThreadPool pool(1);
  const Matrix gram = 300.0 * Matrix::Identity(3, 3);
  const auto flips = flip_fraction_on_boundaries(pool, X, kWeak, gram, 100, {.samples = 1});
  const double length = 0.5 * (std::sqrt(1.0 + c * c) + c);  // with the coin at 1 and at 0
  EXPECT_NEAR(flips.mean, length / std::acos(-1.0), 1e-15);  // rounding
  EXPECT_LT(flips.standard_error, 1e-15);
}

// Orthonormal samples flip by themselves, by ½√M_ii: of four, two evenly spaced are rows 0 and 2.
TEST(FlipFractionOnBoundaries, TakesSamplesEvenlySpaced) {
  const Matrix X = Matrix::Identity(4, 4);
  ThreadPool pool(1);
  const Matrix gram = Vector{{1.0, 4.0, 9.0, 16.0}}.asDiagonal();
  const auto flips = flip_fraction_on_boundaries(pool, X, kWeak, gram, 100, {.samples = 2});
  EXPECT_NEAR(flips.mean, 0.5 * (1.0 + 3.0) / 2 / (std::acos(-1.0) * 20.0), 1e-16);  // rounding
}

// A sample of zeros has no boundary, and moves no neuron.
TEST(FlipFraction, LeavesOutSamplesOfZeros) {
  const Problem p(kJoint);
  ThreadPool pool(1);
  Matrix X = Matrix::Zero(kSamples + 1, kDimension),
         gram = Matrix::Zero(kSamples + 1, kSamples + 1);
  X.topRows(kSamples) = p.X;
  gram.topLeftCorner(kSamples, kSamples) = p.gram;
  // The same sums, added up in another order.
  EXPECT_NEAR(flip_fraction(X, tangent_kernels(pool, X), kJoint, gram, 1000) /
                  flip_fraction(p.X, p.kernels, kJoint, p.gram, 1000),
              1.0, 1e-13);
  EXPECT_NEAR(flip_fraction_on_boundaries(pool, X, kJoint, gram, 1000).mean /
                  flip_fraction_on_boundaries(pool, p.X, kJoint, p.gram, 1000).mean,
              1.0, 1e-13);
}

// The bound at equality: one neuron, one sample of norm 2, residuals summing to 3.
TEST(NeuronMovementBound, IsProportionalToThePath) {
  EXPECT_DOUBLE_EQ(neuron_movement_bound(4.0, 1, 3.0), 6.0);
  EXPECT_DOUBLE_EQ(neuron_movement_bound(4.0, 100, 3.0), 0.6);
  EXPECT_THROW((void)neuron_movement_bound(-1.0, 1, 3.0), InvalidArgument);
}

TEST(Movement, RefusesBadInput) {
  const Problem p(kJoint);
  ThreadPool pool(1);
  EXPECT_THROW((void)drive(p.spectrum, p.X, 1.0), InvalidArgument);
  EXPECT_THROW((void)drive(p.spectrum, p.gram, -1.0), InvalidArgument);
  EXPECT_THROW((void)drive(p.spectrum, p.gram, 1.0, -1.0), InvalidArgument);
  EXPECT_THROW((void)weight_movement(p.kernels, p.rates, p.X, 10), InvalidArgument);
  EXPECT_THROW((void)flip_fraction(p.X, p.kernels, p.rates, p.gram, 0), InvalidArgument);
  EXPECT_THROW((void)flip_fraction_on_boundaries(pool, p.X, p.rates, p.X, 10), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
