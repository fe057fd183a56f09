#include "twofold/theory/tangent_kernel.hpp"

#include <gtest/gtest.h>

#include <numbers>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

using std::numbers::pi;

Matrix two_points(double theta) {
  return Matrix{{1.0, 0.0}, {std::cos(theta), std::sin(theta)}};
}

// Samples of norms from 0.5 to 2.
Matrix scaled_samples(Index n, Index d, std::uint64_t seed) {
  Matrix X = on_sphere(n, d, seed);
  for (Index i = 0; i < n; ++i) {
    X.row(i) *= 0.5 + 1.5 * static_cast<double>(i) / static_cast<double>(n - 1);
  }
  return X;
}

struct LargestErrors {
  double encoder, decoder, active;
};

// The three kernels as averages over neurons, against their expectations, norms divided out.
LargestErrors monte_carlo_errors(const Matrix& X, const TangentKernels& kernels, Index neurons,
                                 std::uint64_t seed) {
  const Network net(neurons, X.cols(), seed);
  const double m = static_cast<double>(neurons);
  const Matrix codes = net.codes(X), active = net.active(X);
  const Vector norms = X.rowwise().norm();
  const Matrix scales = norms * norms.transpose();
  const Matrix both = active * active.transpose() / m;
  const Matrix K = both.cwiseProduct(X * X.transpose());
  const Matrix G = codes * codes.transpose() / m;
  return {(K - kernels.encoder).cwiseQuotient(scales).cwiseAbs().maxCoeff(),
          (G - kernels.decoder).cwiseQuotient(scales).cwiseAbs().maxCoeff(),
          (both - kernels.active).cwiseAbs().maxCoeff()};
}

// Five standard errors of the mean over m neurons: the deviation of 1[.]1[.] is at most 1/2, that
// of φ(g)φ(g') at most √(E φ⁴ − 1/4) = √5/2 = 1.12 for unit vectors.
TEST(TangentKernels, AreAveragesOverRandomNeurons) {
  ThreadPool pool(2);
  const Matrix X = scaled_samples(20, 10, 3);
  const TangentKernels kernels = tangent_kernels(pool, X);
  for (const Index m : {1000, 10'000, 100'000}) {
    const LargestErrors errors = monte_carlo_errors(X, kernels, m, 7);
    const double standard = 1.0 / std::sqrt(static_cast<double>(m));
    EXPECT_LT(errors.encoder, 2.5 * standard) << m;
    EXPECT_LT(errors.active, 2.5 * standard) << m;
    EXPECT_LT(errors.decoder, 5.6 * standard) << m;
  }
}

// The mean over 20 draws of a maximum over 210 pairs: one maximum spreads by about 15 %, the mean
// by 3.5 %, the ratio of two by 5 %; 25 % are five of them.
TEST(TangentKernels, ErrorsOfRandomNeuronsHalveAtFourTimesTheWidth) {
  ThreadPool pool(2);
  const Matrix X = scaled_samples(20, 10, 3);
  const TangentKernels kernels = tangent_kernels(pool, X);
  LargestErrors narrow{}, wide{};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const LargestErrors a = monte_carlo_errors(X, kernels, 1000, seed);
    const LargestErrors b = monte_carlo_errors(X, kernels, 4000, 100 + seed);
    narrow.encoder += a.encoder, narrow.decoder += a.decoder;
    wide.encoder += b.encoder, wide.decoder += b.decoder;
  }
  EXPECT_NEAR(narrow.encoder / wide.encoder, 2.0, 0.5);
  EXPECT_NEAR(narrow.decoder / wide.decoder, 2.0, 0.5);
}

// Closed forms at special angles; a few roundings.
TEST(TangentKernels, AreExactAtSpecialAngles) {
  ThreadPool pool(1);
  const TangentKernels right = tangent_kernels(pool, two_points(pi / 2));
  EXPECT_NEAR(right.encoder(1, 0), 0.0, 1e-16);
  EXPECT_NEAR(right.decoder(1, 0), 0.5 / pi, 1e-16);
  EXPECT_NEAR(right.active(1, 0), 0.25, 1e-16);
  const TangentKernels third = tangent_kernels(pool, two_points(pi / 3));
  EXPECT_NEAR(third.encoder(1, 0), 1.0 / 6, 1e-15);
  EXPECT_NEAR(third.decoder(1, 0), std::sqrt(3.0) / (4 * pi) + 1.0 / 6, 1e-15);
}

// K = t/4 + t²/2π + t⁴/12π + ..., Γ = 1/2π + t/4 + t²/4π + t⁴/48π + ... in t = cos θ; at t = 0.05
// the next terms are t⁶/40π < 1.3e-10 of K and less of Γ.
TEST(TangentKernels, FollowTheirSeriesNearRightAngles) {
  ThreadPool pool(1);
  const double t = 0.05;
  const TangentKernels kernels = tangent_kernels(pool, two_points(std::acos(t)));
  EXPECT_NEAR(kernels.encoder(1, 0), t / 4 + t * t / (2 * pi) + std::pow(t, 4) / (12 * pi), 2e-10);
  EXPECT_NEAR(kernels.decoder(1, 0),
              0.5 / pi + t / 4 + t * t / (4 * pi) + std::pow(t, 4) / (48 * pi), 2e-10);
}

// λ_min(K) of two unit vectors is ½ − |cos θ|(½ − θ/2π). Entries of size ½ are rounded by 1e-16:
// relative error 1e-16/λ_min, 1e-9 at θ = 1e-6 and below 1e-5 down to 1e-10; the input itself holds
// sin θ to full precision. Eigenvalues of a 2×2 matrix with equal diagonal: K_11 − K_12.
TEST(TangentKernels, SeparateNearDuplicates) {
  ThreadPool pool(1);
  for (const double theta : {1e-10, 1e-8, 1e-6, 1e-3, 0.1, 1.0}) {
    const TangentKernels kernels = tangent_kernels(pool, two_points(theta));
    const double smallest = kernels.encoder(0, 0) - std::abs(kernels.encoder(1, 0));
    // ½ − cos θ (½ − θ/2π) written without cancellation.
    const double half = std::sin(theta / 2);
    const double expected = half * half + std::cos(theta) * theta / (2 * pi);
    EXPECT_NEAR(smallest / expected, 1.0, 1e-5) << theta;
  }
  // Γ separates only quadratically: λ_min = θ²/4 up to a term θ³/3π of relative size 4θ/3π.
  const double theta = 1e-3;
  const TangentKernels kernels = tangent_kernels(pool, two_points(theta));
  EXPECT_NEAR((kernels.decoder(0, 0) - kernels.decoder(1, 0)) / (theta * theta / 4), 1.0, theta);
}

// x̂, x̂' are given to rounding, so an angle of 1e-8 is known to eps/1e-8 relatively.
TEST(Angle, KeepsSmallAngles) {
  for (const double theta : {1e-12, 1e-8, 1e-4, 1.0, 3.0}) {
    const Vector x{{3.0, 0.0}}, y{{0.2 * std::cos(theta), 0.2 * std::sin(theta)}};
    EXPECT_NEAR(angle(x, y) / theta, 1.0, 1e-3 * 1e-12 / theta + 1e-15) << theta;
  }
  const Vector x{{1e-200, 2e-200}}, y{{-1e200, -2e200}};
  EXPECT_NEAR(angle(x, y), pi, 1e-15);
  EXPECT_THROW((void)angle(x, Vector::Zero(2)), InvalidArgument);
}

TEST(TangentKernels, SaturateForCopiesAndVanishForOpposites) {
  ThreadPool pool(1);
  Matrix X(4, 3);
  X.row(0) << 1, 2, 2;
  X.row(1) = 3 * X.row(0);
  X.row(2) = -X.row(0);
  X.row(3).setZero();
  const TangentKernels kernels = tangent_kernels(pool, X);
  // A copy of three times the length: θ = 0, K = Γ = ‖x‖·3‖x‖/2; rounding.
  EXPECT_NEAR(kernels.encoder(1, 0), 13.5, 1e-14);
  EXPECT_NEAR(kernels.decoder(1, 0), 13.5, 1e-14);
  EXPECT_EQ(kernels.encoder(1, 1), 0.5 * X.row(1).squaredNorm());
  // θ = π: no neuron sees both; rounding of 3 and of 27.
  EXPECT_NEAR(kernels.encoder(2, 0), 0.0, 1e-14);
  EXPECT_NEAR(kernels.decoder(2, 1), 0.0, 1e-14);
  EXPECT_EQ(kernels.encoder.row(3), Eigen::RowVectorXd::Zero(4));
  EXPECT_EQ(kernels.decoder.row(3), Eigen::RowVectorXd::Zero(4));
}

// The same pair by matrix products with different shapes: a few roundings of the cosine.
TEST(TangentKernels, AgreeBetweenSamplesAndQueries) {
  ThreadPool pool(2);
  const Matrix X = scaled_samples(150, 12, 5), Q = X.middleRows(40, 70);
  const TangentKernels all = tangent_kernels(pool, X), cross = tangent_kernels(pool, Q, X);
  for (const auto member :
       {&TangentKernels::encoder, &TangentKernels::decoder, &TangentKernels::active}) {
    EXPECT_LT(((all.*member).middleRows(40, 70) - cross.*member).cwiseAbs().maxCoeff(), 1e-14);
    EXPECT_EQ(all.*member, (all.*member).transpose());
  }
}

TEST(TangentKernels, AreTheSameBitsForAnyPool) {
  ThreadPool one(1), three(3);
  const Matrix X = scaled_samples(200, 12, 5);
  const TangentKernels a = tangent_kernels(one, X), b = tangent_kernels(three, X);
  EXPECT_EQ(a.encoder, b.encoder);
  EXPECT_EQ(a.decoder, b.decoder);
  EXPECT_EQ(tangent_kernels(one, X, X).active, tangent_kernels(three, X, X).active);
}

TEST(TangentKernels, CombineByRates) {
  ThreadPool pool(1);
  const TangentKernels kernels = tangent_kernels(pool, scaled_samples(5, 4, 1));
  EXPECT_EQ(combine(kernels, kWeak), kernels.encoder);
  EXPECT_EQ(combine(kernels, kJoint), kernels.encoder + kernels.decoder);
  EXPECT_EQ(combine(kernels, {0.5, 2.0}), 0.5 * kernels.encoder + 2.0 * kernels.decoder);
  EXPECT_THROW((void)combine(kernels, {0.0, 0.0}), InvalidArgument);
  EXPECT_THROW((void)combine(kernels, {-1.0, 1.0}), InvalidArgument);
}

TEST(TangentKernels, RefuseBadInput) {
  ThreadPool pool(1);
  Matrix X = on_sphere(3, 4, 1);
  EXPECT_THROW((void)tangent_kernels(pool, Matrix(0, 4)), InvalidArgument);
  EXPECT_THROW((void)tangent_kernels(pool, Matrix::Ones(2, 3), X), InvalidArgument);
  X(1, 2) = std::nan("");
  EXPECT_THROW((void)tangent_kernels(pool, X), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
