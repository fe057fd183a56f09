#include "twofold/theory/tangent_kernel_tying.hpp"

#include <gtest/gtest.h>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::theory {
namespace {

// u_0(X) of one random tied network, variance 1 of the weights.
Matrix tied_output(const Matrix& X, Index neurons, double divisor, std::uint64_t seed) {
  const Network net(neurons, X.cols(), seed);
  return net.codes(X) * net.W / divisor;
}

// Mean over 60 networks of 1000 neurons, c = N. The deviation is nearly a symmetric matrix times x:
// d(d + 1)/2 = 55 squares, one network's sum off by √(2/55) = .19, the mean by .025; four of those.
TEST(TiedStart, SpreadIsThatOfRandomNetworks) {
  const Index d = 10, neurons = 1000;
  const Matrix X = on_sphere(200, d, 9);
  const TiedStart start = tied_start({neurons, d, 1000.0, 1.0});
  EXPECT_DOUBLE_EQ(start.slope, 0.5);
  EXPECT_DOUBLE_EQ(start.spread, 23.0 / 4000.0);
  numerics::RunningStatistics ratios;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Matrix noise = tied_output(X, neurons, 1000.0, seed) - 0.5 * X;
    ratios.add(noise.squaredNorm() / 200 / start.spread);
  }
  EXPECT_NEAR(ratios.mean(), 1.0, 0.1);
}

// c = √(Nd), N = 1e5, d = 10: length 50 in the direction of x, loss 1200. The spread of one network
// about it is √(23/40) = 0.76 per sample, 1.5 % of the length; the mean over 20 samples 0.5 %, and
// twice that in the loss: 2 %.
TEST(TiedStart, BlowsUpInTheScalingOfUntiedNetworks) {
  const Index d = 10, neurons = 100'000;
  const Matrix X = on_sphere(20, d, 9);
  const TiedStart start = tied_start({neurons, d, 1000.0, 1.0});
  EXPECT_DOUBLE_EQ(start.slope, 50.0);
  const Matrix U = tied_output(X, neurons, 1000.0, 1);
  EXPECT_NEAR(U.rowwise().norm().mean() / start.slope, 1.0, 0.02);
  EXPECT_NEAR(0.5 * (X - U).squaredNorm() / 20 / start.loss, 1.0, 0.02);
  // cos = 1 − (spread/slope²)/2 on average, 1 − 1.2e-4.
  const Vector cosines = U.cwiseProduct(X).rowwise().sum().cwiseQuotient(U.rowwise().norm());
  EXPECT_GT(cosines.mean(), 0.9997);
}

TEST(TiedStart, IsTheIdentityAtVarianceTwo) {
  const TiedStart start = tied_start({1000, 10, 1000.0, 2.0});
  EXPECT_DOUBLE_EQ(start.slope, 1.0);
  EXPECT_DOUBLE_EQ(start.loss, 23.0 / 2000.0);
}

// Jacobians of one network of 1e5 neurons, block by block: (1/N) Σ_r J_i J_jᵀ with
// J_i = φ(z_i) I + 1_i w x_iᵀ. Entries have deviations up to 1/d·√(E w⁴ ...) ~ 0.3 here; the
// largest of 3600 stays below five of them over √N.
TEST(TiedKernel, IsTheAverageOfRandomNetworks) {
  const Index d = 10, n = 6, neurons = 100'000;
  const Matrix X = on_sphere(n, d, 11);
  const Matrix kernel = tied_kernel(X);
  const Network net(neurons, d, 2);
  const Matrix codes = net.codes(X), active = net.active(X);
  const auto size = static_cast<double>(neurons * d);
  Matrix average(n * d, n * d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      const Vector a_i = active.row(i), a_j = active.row(j), c_i = codes.row(i), c_j = codes.row(j);
      const Vector both = a_i.cwiseProduct(a_j);
      const Matrix masked = both.asDiagonal() * net.W;
      const Matrix second = net.W.transpose() * masked;
      const Vector left = net.W.transpose() * a_j.cwiseProduct(c_i);
      const Vector right = net.W.transpose() * a_i.cwiseProduct(c_j);
      const Matrix block = c_i.dot(c_j) * Matrix::Identity(d, d) +
                           X.row(j).transpose() * left.transpose() + right * X.row(i) +
                           X.row(i).dot(X.row(j)) * second;
      average.block(i * d, j * d, d, d) = block / size;
    }
  }
  EXPECT_LT((average - kernel).cwiseAbs().maxCoeff(), 1.5 / std::sqrt(1e5));
  EXPECT_EQ(kernel.block(0, d, d, d), kernel.block(d, 0, d, d).transpose());
  // Symmetric diagonal blocks up to rounding, positive semi-definite as a whole.
  EXPECT_LT((kernel - kernel.transpose()).cwiseAbs().maxCoeff(), 1e-16);
  EXPECT_GT(eigenvalues(kernel)[0], -1e-14);
}

TEST(TiedKernel, HasNoPartInZeros) {
  Matrix X = on_sphere(3, 4, 1);
  X.row(1).setZero();
  const Matrix kernel = tied_kernel(X);
  EXPECT_EQ(kernel.middleRows(4, 4).norm(), 0.0);
  EXPECT_TRUE(kernel.allFinite());
}

// Both scalings need a move of the same size, however wide: (1/2)√q/d for c = N. For c = √(Nd) it
// is |1 − √(N/d)/2| √q/√(Nd), which tends to the same; at N = 1e8 it is 2√(d/N) = 6e-4 off.
TEST(TiedRelativeMovement, DoesNotVanishWithWidth) {
  const Matrix X = on_sphere(12, 6, 3);
  const double narrow = tied_relative_movement(X, {100, 6, 100.0, 1.0});
  const double wide = tied_relative_movement(X, {10'000, 6, 10'000.0, 1.0});
  EXPECT_NEAR(wide / narrow, 1.0, 1e-12);  // rounding
  const double untied = tied_relative_movement(X, {100'000'000, 6, std::sqrt(6e8), 1.0});
  EXPECT_NEAR(untied / wide, 1.0, 1e-3);
  EXPECT_EQ(tied_relative_movement(X, {100, 6, 100.0, 2.0}), 0.0);
}

// The kernel of one unit sample is (I + x xᵀ)/d, hence q = d/2 and (1/2)√q/d for c = N; rounding.
TEST(TiedRelativeMovement, OfOneSampleIsTheClosedForm) {
  const double movement = tied_relative_movement(on_sphere(1, 6, 3), {100, 6, 100.0, 1.0});
  EXPECT_NEAR(movement, 0.5 / std::sqrt(12.0), 1e-15);
}

TEST(Tying, RefusesBadInput) {
  const Matrix X = on_sphere(3, 4, 1);
  EXPECT_THROW((void)tied_start({0, 4, 1.0, 1.0}), InvalidArgument);
  EXPECT_THROW((void)tied_start({10, 4, 0.0, 1.0}), InvalidArgument);
  EXPECT_THROW((void)tied_relative_movement(X, {10, 5, 10.0, 1.0}), InvalidArgument);
  try {
    (void)tied_kernel(X, 1000.0);
    FAIL() << "a kernel of 1152 bytes was made within 1000";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("1.15e-06 GB"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace twofold::theory
