#include "twofold/theory/mean_field_norm_law.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <variant>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/model/gaussian_moments.hpp"
#include "twofold/theory/mean_field_bounded.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

Matrix gaussian_samples(Index count, const Vector& spectrum) {
  Matrix X(count, spectrum.size());
  RandomStream(11, "samples").fill_normal(0, {X.data(), static_cast<std::size_t>(X.size())});
  return X * spectrum.cwiseSqrt().asDiagonal();
}

/// ½ mean_x Σ_j x_j² (1 − u_j m(v))², sample by sample, with the moments themselves.
double plain_loss(const Matrix& X, const model::Activation& activation, const Vector& u) {
  double sum = 0;
  for (Index i = 0; i < X.rows(); ++i) {
    const Vector x2 = X.row(i).array().square();
    const double m = model::mean_slope(activation, x2.dot(u));
    sum += 0.5 * (x2.array() * (1 - m * u.array()).square()).sum();
  }
  return sum / static_cast<double>(X.rows());
}

class NormLawTest : public testing::TestWithParam<model::Activation> {};

// In r = √u the flow is dr/dt = −∂(L + (λ/2) Σ r²)/∂r, hence du/dt = −2 u (2 ∂L/∂u + λ).
TEST_P(NormLawTest, FlowIsTheGradientOfTheLoss) {
  const Matrix X = gaussian_samples(300, Vector{{1.0, 0.64, 0.25, 0.09, 0.01}});
  const Vector u{{1.7, 0.9, 0.4, 1.2, 0.3}};
  NormLaw flow(X, GetParam(), 0.07, 0.2);
  flow.set_scale(u);
  const Vector velocity = flow.velocity();
  constexpr double h = 1e-5;
  for (Index k = 0; k < u.size(); ++k) {
    Vector up = u, down = u;
    up[k] += h;
    down[k] -= h;
    const double slope =
        (plain_loss(X, GetParam(), up) - plain_loss(X, GetParam(), down)) / (2 * h);
    const double expected = -2 * u[k] * (2 * slope + 0.07);
    // Differences: h² = 1e-10 and eps/h = 1e-11; the table's m' is good to 1e-7.
    EXPECT_NEAR(velocity[k], expected, 1e-6 * std::abs(expected) + 1e-8) << "direction " << k;
  }
  // The table's m is good to 1e-9.
  EXPECT_NEAR(flow.loss(), plain_loss(X, GetParam(), u), 1e-8);
}

INSTANTIATE_TEST_SUITE_P(Activations, NormLawTest,
                         testing::Values(model::Erf{}, model::Tanh{}, model::HardTanh{},
                                         model::Relu{}, model::Elu{}, model::Sin{}),
                         [](const auto& test) {
                           return std::visit([](auto a) { return std::string(a.name); },
                                             test.param);
                         });

// For a linear odd part the norm does not matter: closed form at the samples' own variances.
TEST(NormLaw, LinearOddPartGivesTheClosedForm) {
  const Matrix X = gaussian_samples(50, Vector{{1.0, 0.3, 0.05}});
  NormLaw flow(X, model::Silu{}, 0.02, 0.3);
  ASSERT_EQ(flow.advance_to(6.0), SolveStatus::Converged);
  const Vector expected = closed_form_scale({flow.spectrum(), 0.5, 0.02, 0.3}, 6.0);
  // Frozen coefficients are exact: only rounding of some tens of steps.
  EXPECT_LT((flow.scale() - expected).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((flow.gain() - 0.5 * flow.scale()).cwiseAbs().maxCoeff(), 1e-13);
}

// a_j = u_j E[m(v) x_j²]/E x_j², sample by sample; a direction of no variance has the mean slope.
TEST(NormLaw, GainIsTheMeanSlopeOfADirection) {
  const Matrix X = gaussian_samples(200, Vector{{1.0, 0.5, 0.0}});
  const Vector u{{1.7, 0.4, 0.9}};
  NormLaw flow(X, model::Erf{}, 0.02, 0.3);
  flow.set_scale(u);
  const Matrix squares = X.array().square();
  const Vector slopes =
      (squares * u).unaryExpr([](double v) { return model::mean_slope(model::Erf{}, v); });
  const Vector gain = flow.gain();
  for (Index j = 0; j < 2; ++j) {
    // The table's m is good to 1e-9.
    EXPECT_NEAR(gain[j], u[j] * slopes.dot(squares.col(j)) / squares.col(j).sum(), 1e-8) << j;
  }
  EXPECT_NEAR(gain[2], u[2] * slopes.mean(), 1e-8);
}

// Many equal directions: norms concentrate and L2+ approaches L2 like 1.5/d_eff.
TEST(NormLaw, ApproachesTheNormConcentratedLimit) {
  const Index d = 150;
  const Vector s = Vector::Constant(d, 1.0 / static_cast<double>(d));
  NormLaw flow(gaussian_samples(400, s), model::Erf{}, 0.1 * s[0], 0.5);
  NormConcentrated limit({s, model::Erf{}, 0.1 * s[0], 0.5});
  const double end = 6.0 / s[0];
  ASSERT_EQ(flow.advance_to(end), SolveStatus::Converged);
  ASSERT_EQ(limit.advance_to(end), SolveStatus::Converged);
  // 1.5/d_eff = 0.01, and the samples' mean trace errs by √(2/(400 d)) = 0.006.
  EXPECT_NEAR(flow.scale().mean() / limit.scale().mean(), 1.0, 0.03);
}

TEST(NormLaw, FixedStepsConvergeAtSecondOrder) {
  const Matrix X = gaussian_samples(40, Vector{{1.0, 0.4, 0.1}});
  const auto end = [&](int steps) {
    NormLaw flow(X, model::Tanh{}, 0.02, 0.4);
    for (int k = 0; k < steps; ++k) flow.step(4.0 / steps);
    return Vector(flow.scale());
  };
  const Vector reference = end(1600);
  const double coarse = (end(50) - reference).norm(), fine = (end(100) - reference).norm();
  EXPECT_NEAR(std::log2(coarse / fine), 2.0, 0.2);
}

TEST(NormLaw, RejectsBadInput) {
  EXPECT_THROW(NormLaw(Matrix(), model::Erf{}, 0.1, 0.2), InvalidArgument);
  EXPECT_THROW(NormLaw(Matrix::Constant(2, 2, NAN), model::Erf{}, 0.1, 0.2), InvalidArgument);
  EXPECT_THROW(NormLaw(Matrix::Ones(2, 2), model::Erf{}, -0.1, 0.2), InvalidArgument);
  EXPECT_THROW(NormLaw(Matrix::Ones(2, 2), model::TopK{1}, 0.1, 0.2), InvalidArgument);
  NormLaw good(Matrix::Ones(2, 2), model::Erf{}, 0.1, 0.2);
  EXPECT_THROW(good.set_scale(Vector{{1.0}}), InvalidArgument);
  EXPECT_THROW(good.set_scale(Vector{{1.0, 0.0}}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
