#include "twofold/theory/mean_field_convention.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::theory {
namespace {

Matrix normal_matrix(Index rows, Index cols, double scale, std::uint64_t seed) {
  Matrix M(rows, cols);
  RandomStream(seed, "convention test")
      .fill_normal(0, {M.data(), static_cast<std::size_t>(M.size())});
  return scale * M;
}

/// Value of a ReLU autoencoder objective written in the user's own variables P.
struct UserObjective {
  double output_scale;    // x̂ = output_scale Σ_i (k P_i) σ(k <P_i, x>)
  double kappa;           // k
  double loss_factor;     // of mean_b ‖x − x̂‖²
  double penalty_factor;  // of Σ ‖P_i‖²

  [[nodiscard]] double operator()(const Matrix& X, const Matrix& P) const {
    const Matrix hidden = (kappa * X * P.transpose()).cwiseMax(0.0);
    const Matrix error = X - output_scale * kappa * hidden * P;
    return loss_factor * error.squaredNorm() / static_cast<double>(X.rows()) +
           penalty_factor * P.squaredNorm();
  }
};

/// Central differences, so that no formula of the library is used.
Matrix numerical_gradient(const UserObjective& objective, const Matrix& X, Matrix P) {
  constexpr double h = 1e-6;
  Matrix gradient(P.rows(), P.cols());
  for (Index i = 0; i < P.size(); ++i) {
    const double centre = P.data()[i];
    P.data()[i] = centre + h;
    const double up = objective(X, P);
    P.data()[i] = centre - h;
    gradient.data()[i] = (up - objective(X, P)) / (2 * h);
    P.data()[i] = centre;
  }
  return gradient;
}

struct Case {
  const char* name;
  Convention convention;
};

class ConventionTest : public testing::TestWithParam<Case> {};

// Five steps in the user's variables equal five steps in ours.
TEST_P(ConventionTest, UserStepsAreMeanFieldSteps) {
  constexpr Index kNeurons = 6, kDimension = 4;
  const double n = kNeurons, d = kDimension;
  const ConventionSizes sizes{1.7, kDimension, kNeurons};
  const Hyperparameters user{0.13, 0.02, 0.5};
  const Hyperparameters ours = to_mean_field(GetParam().convention, user, sizes);
  const double unit = ours.init_scale / user.init_scale;  // w = unit · P

  // The objective and the factor of its gradient in the user's step, straight from the text.
  UserObjective objective{1 / n, 1, 0.5, user.penalty / (2 * n)};
  double rate = user.step * n;
  switch (GetParam().convention) {
    case Convention::MeanField:
      break;
    case Convention::UnhalvedPenalty:
      objective.penalty_factor = user.penalty / n;
      break;
    case Convention::ThetaPenalty:
      objective.kappa = sizes.kappa;
      objective.penalty_factor = user.penalty / n;
      break;
    case Convention::UnhalvedLoss:
      objective.loss_factor = 1;
      break;
    case Convention::StandardSum:
      objective = {1, 1, 0.5, user.penalty / 2};
      rate = user.step;
      break;
    case Convention::StandardMean:
      objective = {1, 1, 1 / d, user.penalty / 2};
      rate = user.step;
      break;
  }
  const UserObjective reference{1 / n, 1, 0.5, ours.penalty / (2 * n)};
  const Matrix X = normal_matrix(5, kDimension, 1.0, 1);
  Matrix P = normal_matrix(kNeurons, kDimension, user.init_scale, 2);
  Matrix W = unit * P;
  for (int k = 0; k < 5; ++k) {
    P -= rate * numerical_gradient(objective, X, P);
    W -= ours.step * n * numerical_gradient(reference, X, W);
  }
  // Central differences: truncation h² = 1e-12, rounding eps/h = 1e-10, five steps.
  EXPECT_LT((unit * P - W).cwiseAbs().maxCoeff(), 1e-8);
}

TEST_P(ConventionTest, ConversionsInvertEachOther) {
  const ConventionSizes sizes{3.0, 7, 11};
  const Hyperparameters user{0.3, 0.01, 0.2};
  const Convention convention = GetParam().convention;
  const auto back = from_mean_field(convention, to_mean_field(convention, user, sizes), sizes);
  // Two multiplications and two divisions.
  EXPECT_NEAR(back.penalty, user.penalty, 4e-16);
  EXPECT_NEAR(back.step, user.step, 1e-17);
  EXPECT_NEAR(back.init_scale, user.init_scale, 2e-16);
}

INSTANTIATE_TEST_SUITE_P(All, ConventionTest,
                         testing::Values(Case{"MeanField", Convention::MeanField},
                                         Case{"UnhalvedPenalty", Convention::UnhalvedPenalty},
                                         Case{"ThetaPenalty", Convention::ThetaPenalty},
                                         Case{"UnhalvedLoss", Convention::UnhalvedLoss},
                                         Case{"StandardSum", Convention::StandardSum},
                                         Case{"StandardMean", Convention::StandardMean}),
                         [](const auto& test) { return test.param.name; });

TEST(Convention, StandardNetsNeedAHomogeneousActivation) {
  EXPECT_TRUE(convention_applies(Convention::StandardSum, model::Relu{}));
  EXPECT_TRUE(convention_applies(Convention::StandardMean, model::LeakyRelu{0.1}));
  EXPECT_FALSE(convention_applies(Convention::StandardSum, model::Gelu{}));
  EXPECT_TRUE(convention_applies(Convention::ThetaPenalty, model::Tanh{}));
}

TEST(Convention, RejectsNumbersOutsideTheirDomain) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)to_mean_field(Convention::MeanField, {-0.1, 0.1, 0.2}), InvalidArgument);
  EXPECT_THROW((void)to_mean_field(Convention::MeanField, {0.1, 0.0, 0.2}), InvalidArgument);
  EXPECT_THROW((void)to_mean_field(Convention::MeanField, {0.1, 0.1, nan}), InvalidArgument);
  EXPECT_THROW((void)from_mean_field(Convention::StandardMean, {0.1, 0.1, 0.2}, {1.0, 0, 1}),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
