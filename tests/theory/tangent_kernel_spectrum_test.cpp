#include "twofold/theory/tangent_kernel_spectrum.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "tangent_samples.hpp"
#include "tangent_standard_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {
namespace {

Matrix kernel_of(const Matrix& X, const KernelRates& rates) {
  ThreadPool pool(1);
  return combine(tangent_kernels(pool, X), rates);
}

// λ_max(K) <= ‖X‖²/2, and λ_min(K) >= λ_min(XXᵀ)/2 where n <= d (Schur); rounding.
TEST(TangentSpectrum, StaysInItsBounds) {
  const Index d = 12;
  const Matrix X = on_sphere(8, d, 4);
  const TangentSpectrum spectrum = tangent_spectrum(kernel_of(X, kWeak), d);
  const Vector gram = eigenvalues(X * X.transpose());
  EXPECT_EQ(spectrum.rank, 8);
  EXPECT_LE(spectrum.largest(), gram[7] / (2 * d) + 1e-15);
  EXPECT_GE(spectrum.smallest(), gram[0] / (2 * d) - 1e-15);
}

// ½ − |cos θ|(½ − θ/2π) of two unit vectors; entries of ½ round to 1e-16, at θ = 1e-6 a part of
// 1e-9.
TEST(TangentSpectrum, OfNearDuplicatesIsTheClosedForm) {
  for (const double theta : {1e-6, 1e-3}) {
    const Matrix X{{1.0, 0.0}, {std::cos(theta), std::sin(theta)}};
    const double half = std::sin(theta / 2);  // 1 − cos θ without cancellation
    const double expected = half * half + std::cos(theta) * theta / (2 * std::numbers::pi);
    const TangentSpectrum spectrum = tangent_spectrum(kernel_of(X, kWeak), 1);
    EXPECT_NEAR(spectrum.smallest() / expected, 1.0, 1e-5) << theta;
  }
}

// Published values; half a unit of their last digit.
TEST(TangentSpectrum, OfTheStandardSamplesIsAsComputedElsewhere) {
  const TangentSpectrum weak = tangent_spectrum(kernel_of(standard_samples(), kWeak), 1);
  const TangentSpectrum decoder = tangent_spectrum(kernel_of(standard_samples(), kDecoderOnly), 1);
  const TangentSpectrum joint = tangent_spectrum(kernel_of(standard_samples(), kJoint), 1);
  EXPECT_NEAR(weak.smallest(), 0.10718, 5e-6);
  EXPECT_NEAR(weak.largest(), 1.35387, 5e-6);
  EXPECT_NEAR(decoder.smallest(), 0.02502, 5e-6);
  EXPECT_NEAR(decoder.largest(), 3.75546, 5e-6);
  EXPECT_NEAR(joint.smallest(), 0.13276, 5e-6);
  EXPECT_NEAR(joint.largest(), 4.71252, 5e-6);
}

// The same for the condition of K + r Γ.
TEST(TangentSpectrum, DecoderRateRaisesTheCondition) {
  const std::array<std::array<double, 2>, 6> published{
      {{0, 12.63}, {0.05, 13.13}, {0.1, 13.85}, {0.2, 16.08}, {1, 35.50}, {2, 53.53}}};
  for (const auto& [rate, condition] : published) {
    const TangentSpectrum spectrum =
        tangent_spectrum(kernel_of(standard_samples(), {1.0, rate}), 10);
    EXPECT_NEAR(spectrum.largest() / spectrum.smallest(), condition, 0.005) << rate;
  }
}

// Copies make Θ singular; more than d opposite pairs too, since f(x) − f(−x) is linear in x.
TEST(TangentSpectrum, CountsWhatIsSingular) {
  const Index d = 6;
  const Matrix base = on_sphere(7, d, 8);
  Matrix copies(9, d);
  copies << base, base.row(0), 3.0 * base.row(1);
  Matrix opposites(14, d);
  opposites << base, -base;
  for (const KernelRates& rates : {kWeak, kDecoderOnly, kJoint}) {
    EXPECT_EQ(tangent_spectrum(kernel_of(base, rates), d).rank, 7);
    EXPECT_EQ(tangent_spectrum(kernel_of(copies, rates), d).rank, 7);
  }
  EXPECT_EQ(tangent_spectrum(kernel_of(opposites, kWeak), d).rank, 13);
  EXPECT_EQ(tangent_spectrum(kernel_of(opposites, kJoint), d).rank, 13);
  const Matrix fewer = (Matrix(12, d) << base.topRows(6), -base.topRows(6)).finished();
  EXPECT_EQ(tangent_spectrum(kernel_of(fewer, kJoint), d).rank, 12);
}

// Θ scales as norm².
TEST(TangentSpectrum, ScalesWithTheSquareOfTheData) {
  const Matrix X = on_sphere(10, 6, 5);
  const double unit = tangent_spectrum(kernel_of(X, kJoint), 6).largest();
  const double large = tangent_spectrum(kernel_of(1e3 * X, kJoint), 6).largest();
  EXPECT_NEAR(large / (1e6 * unit), 1.0, 1e-12);  // rounding
}

// ΘΘ⁺ is the projection on the range: 1e-10 is the cut, the smallest value kept is above 1e-3 of
// the largest, so rounding is amplified by less than 1e3.
TEST(PseudoSolve, InvertsOnTheRange) {
  const Index d = 6;
  const Matrix base = on_sphere(6, d, 8);
  Matrix X(7, d);
  X << base, 2.0 * base.row(0);
  const Matrix theta = kernel_of(X, kJoint) / static_cast<double>(d);
  const TangentSpectrum spectrum = tangent_spectrum(kernel_of(X, kJoint), d);
  EXPECT_LT((theta * pseudo_solve(spectrum, X) - X).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_THROW((void)pseudo_solve(spectrum, base), InvalidArgument);
}

TEST(TangentStepLimits, AreTheEdgesOfTheLinearPhase) {
  const TangentStepLimits limits = tangent_step_limits(4.0, 1.0);
  EXPECT_EQ(limits.stable, 0.5);
  EXPECT_EQ(limits.best, 0.4);
  EXPECT_EQ(limits.practical, 0.45);
  // At the best step the two extreme modes shrink alike.
  EXPECT_DOUBLE_EQ(1 - limits.best * 1.0, -(1 - limits.best * 4.0));
  EXPECT_THROW((void)tangent_step_limits(0.0, 0.0), InvalidArgument);
  EXPECT_THROW((void)tangent_step_limits(1.0, 2.0), InvalidArgument);
}

TEST(TangentSpectrum, ReportsWhatCannotBeDecomposed) {
  const Matrix bad = Matrix::Constant(2, 2, std::nan(""));
  EXPECT_EQ(tangent_spectrum(bad, 3).status, SolveStatus::NonFinite);
  EXPECT_THROW((void)tangent_spectrum(Matrix(2, 3), 3), InvalidArgument);
  EXPECT_EQ(tangent_spectrum(Matrix::Zero(2, 2), 3).smallest(), 0.0);
}

}  // namespace
}  // namespace twofold::theory
