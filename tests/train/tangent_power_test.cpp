#include "twofold/train/tangent_power.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "train/tangent_problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::train {
namespace {

using model::DecoderLaw;
using model::TangentStart;
using model::TiedScaling;

// Derivative of all outputs by the weights of one factor, by central differences: a column a
// weight.
Matrix jacobian(const Matrix& X, model::Weights<double> w, Matrix model::Weights<double>::*factor) {
  constexpr double h = 1e-5;
  const model::Activation relu = model::Relu{};
  Matrix J(X.size(), (w.*factor).size()), plus(X.rows(), X.cols()), minus = plus;
  for (Index k = 0; k < J.cols(); ++k) {
    double& weight = (w.*factor).data()[k];
    const double at = weight;
    weight = at + h;
    ops::reference::reconstruct<double>(X, w, relu, plus);
    weight = at - h;
    ops::reference::reconstruct<double>(X, w, relu, minus);
    weight = at;
    const Matrix slope = (plus - minus) / (2 * h);
    J.col(k) = Eigen::Map<const Vector>(slope.data(), X.size());
  }
  return J;
}

double largest(const Matrix& kernel) {
  return symmetric_eigenvalues(kernel).values.maxCoeff();
}

// The quotient stops within a few 1e-4 of λ_max, from below; the differences are good to 1e-9.
void expect_eigenvalue(double measured, double expected) {
  EXPECT_LE(measured, expected * (1 + 1e-8));
  EXPECT_GE(measured, expected * (1 - 2e-3));
}

TEST(TangentPower, IsTheLargestEigenvalueOfTheKernelWrittenOut) {
  const Matrix X = skewed_samples(7, 4, 1);
  const auto w = model::tangent_start<double>(TangentStart::Plain, 30, 4, 2, DecoderLaw::Normal);
  const Matrix JB = jacobian(X, w, &model::Weights<double>::encoder);
  const Matrix JA = jacobian(X, w, &model::Weights<double>::decoder);
  ThreadPool pool(2);
  const Matrix encoder = JB * JB.transpose(), decoder = JA * JA.transpose();
  for (const auto& [r_encoder, r_decoder] :
       {std::pair{1.0, 0.0}, std::pair{0.0, 1.0}, std::pair{1.0, 1.0}, std::pair{1.0, 0.1}}) {
    const TangentPower power = tangent_power<double>(X, w, {r_encoder, r_decoder}, pool);
    EXPECT_TRUE(power.converged);
    expect_eigenvalue(power.eigenvalue, largest(r_encoder * encoder + r_decoder * decoder));
  }
}

TEST(TangentPower, TiedWeightsHaveBothRolesInOneJacobian) {
  const Matrix X = skewed_samples(7, 4, 1);
  const auto w = model::tied_tangent_start<double>(30, 4, 0.8, TiedScaling::Standard, 2);
  const Matrix J = jacobian(X, w, &model::Weights<double>::encoder);
  ThreadPool pool(2);
  expect_eigenvalue(tangent_power<double>(X, w, {}, pool).eigenvalue, largest(J * J.transpose()));
}

// N = 300 neurons are three blocks; the strips are the same for any pool.
TEST(TangentPower, GivesTheSameBitsForAnyPoolSize) {
  const MatrixF X = skewed_samples(20, 6, 1).cast<float>();
  const auto w = model::tangent_start<float>(TangentStart::Plain, 300, 6, 2);
  ThreadPool one(1);
  const double expected = tangent_power<float>(X, w, {1, 1}, one).eigenvalue;
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(tangent_power<float>(X, w, {1, 1}, pool).eigenvalue, expected);
  }
}

TEST(TangentPower, IsZeroForSamplesThatAreZero) {
  ThreadPool pool(1);
  const auto w = model::tangent_start<double>(TangentStart::Plain, 30, 4, 2);
  EXPECT_EQ(tangent_power<double>(Matrix::Zero(3, 4), w, {}, pool).eigenvalue, 0);
}

TEST(TangentPower, RefusesWhatIsOutsideItsDomain) {
  ThreadPool pool(1);
  const auto w = model::tangent_start<double>(TangentStart::Plain, 30, 4, 2);
  const auto with = [&](const Matrix& X, FactorRates rates) {
    (void)tangent_power<double>(X, w, rates, pool);
  };
  EXPECT_THROW(with(Matrix::Ones(3, 5), {}), InvalidArgument);
  EXPECT_THROW(with(Matrix::Ones(3, 4), {0, 0}), InvalidArgument);
  EXPECT_THROW(with(Matrix::Ones(3, 4), {1, -1}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::train
