#include "twofold/theory/tangent_kernel_finite.hpp"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"
#include "twofold/theory/tangent_kernel_tying.hpp"

namespace twofold::theory {
namespace {

model::Weights<double> weights_of(const Network& net, bool tied = false) {
  return {net.W, tied ? Matrix() : net.A, Vector(), net.scale()};
}

Matrix output(const model::Weights<double>& w, const Matrix& X) {
  return w.scale * (X * w.encoder.transpose()).cwiseMax(0.0) * w.decoder_rows();
}

// The Jacobian by central differences, nd × number of weights of one factor. ReLU outputs are
// piecewise linear in W and linear in A: exact up to rounding 1e-16/h unless a kink is crossed.
Matrix jacobian(model::Weights<double> w, Matrix model::Weights<double>::*factor, const Matrix& X) {
  constexpr double h = 1e-4;
  Matrix& entries = w.*factor;
  Matrix J(X.size(), entries.size());
  for (Index k = 0; k < entries.size(); ++k) {
    const double value = entries.data()[k];
    entries.data()[k] = value + h;
    const Matrix above = output(w, X);
    entries.data()[k] = value - h;
    const Matrix change = (above - output(w, X)) / (2 * h);
    entries.data()[k] = value;
    J.col(k) = Eigen::Map<const Vector>(change.data(), change.size());
  }
  return J;
}

// Differences of outputs of order 1 lose 1e-16/1e-4 = 1e-12; tied outputs are quadratic in W, where
// central differences are exact too.
TEST(EmpiricalKernel, IsTheGramMatrixOfTheJacobian) {
  ThreadPool pool(2);
  const Matrix X = on_sphere(5, 4, 3);
  const Network net(30, 4, 1);
  const auto encoder = &model::Weights<double>::encoder;
  const auto decoder = &model::Weights<double>::decoder;
  const Matrix J_W = jacobian(weights_of(net), encoder, X);
  const Matrix J_A = jacobian(weights_of(net), decoder, X);
  for (const KernelRates& rates : {kWeak, kDecoderOnly, kJoint, KernelRates{0.5, 2.0}}) {
    const EmpiricalKernel kernel(pool, weights_of(net), X, rates);
    const Matrix expected =
        rates.encoder * J_W * J_W.transpose() + rates.decoder * J_A * J_A.transpose();
    EXPECT_LT((kernel.dense() - expected).cwiseAbs().maxCoeff(), 1e-11);
  }
  const Matrix J = jacobian(weights_of(net, true), encoder, X);
  const EmpiricalKernel tied(pool, weights_of(net, true), X, kJoint);
  EXPECT_LT((tied.dense() - J * J.transpose()).cwiseAbs().maxCoeff(), 1e-11);
}

// The products and the explicit matrix are separate code; rounding.
TEST(EmpiricalKernel, AppliesWhatItsDenseFormHolds) {
  ThreadPool pool(2);
  const Matrix X = on_sphere(7, 5, 3), V = normals(7, 5, 2, "test");
  for (const bool tied : {false, true}) {
    const EmpiricalKernel kernel(pool, weights_of(Network(200, 5, 1), tied), X, kJoint);
    const Vector stacked = Eigen::Map<const Vector>(V.data(), V.size());
    const Vector image = kernel.dense() * stacked;
    const Matrix applied = kernel.apply(V);
    EXPECT_LT((Eigen::Map<const Vector>(applied.data(), 35) - image).norm() / image.norm(), 1e-13);
    EXPECT_LT((kernel.output() - output(weights_of(Network(200, 5, 1), tied), X)).norm(), 1e-13);
  }
}

// Lanczos on the operator against Eigen on the matrix.
TEST(EmpiricalKernel, FindsItsExtremeEigenvalues) {
  ThreadPool pool(2);
  const Matrix X = on_sphere(8, 5, 3);
  const EmpiricalKernel kernel(pool, weights_of(Network(400, 5, 1)), X, kJoint);
  const ExtremeEigenvalues ends = kernel.extremes();
  const Vector exact = eigenvalues(kernel.dense());
  EXPECT_EQ(ends.status, SolveStatus::Converged);
  EXPECT_NEAR(ends.largest, exact[39], ends.largest_error + 1e-13);
  EXPECT_NEAR(ends.smallest, exact[0], ends.smallest_error + 1e-13);
}

// λ_min(H)/λ_min(Θ) grows to 1 with the width, for the encoder's kernel (H) and for the decoder's:
// at 6400 neurons a mean over 3 networks above .85, known from independent runs. While it is below
// that, four times the width gains more than the scatter of .03; λ_min cannot gain once it is
// there.
TEST(EmpiricalKernel, ApproachesTheLimitWithWidth) {
  ThreadPool pool(2);
  const Index d = 6;
  const Matrix X = on_sphere(10, d, 5);
  for (const KernelRates& rates : {kWeak, kDecoderOnly}) {
    const double limit = tangent_spectrum(combine(tangent_kernels(pool, X), rates), d).smallest();
    double ratio = 0.0;
    for (const Index neurons : {100, 400, 1600, 6400}) {
      const double previous = ratio;
      ratio = 0.0;
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const EmpiricalKernel kernel(pool, weights_of(Network(neurons, d, seed)), X, rates);
        ratio += eigenvalues(kernel.dense())[0] / limit / 3;
      }
      if (previous < 0.85) {
        EXPECT_GT(ratio, previous) << neurons;
      }
    }
    EXPECT_GT(ratio, 0.85);
    EXPECT_LT(ratio, 1.05);
  }
}

// Entries of the kernel are means over N neurons of terms with deviations up to 0.3: five of them.
TEST(EmpiricalKernel, OfATiedNetworkApproachesItsClosedForm) {
  ThreadPool pool(2);
  const Matrix X = on_sphere(4, 5, 3);
  const EmpiricalKernel kernel(pool, weights_of(Network(40'000, 5, 1), true), X, kJoint);
  EXPECT_LT((kernel.dense() - tied_kernel(X)).cwiseAbs().maxCoeff(), 1.5 / 200);
}

// Real gradient descent, written out, against its linearisation at the start: the distance is of
// order 1/√N and much below that to the infinite width; limits .02 and .008 for N = 6400.
TEST(LinearisedRun, FollowsGradientDescent) {
  ThreadPool pool(2);
  const Index d = 6, neurons = 6400, steps = 300;
  const Matrix X = on_sphere(10, d, 5);
  for (const auto& [rates, limit] : {std::pair{kWeak, 0.02}, std::pair{kJoint, 0.008}}) {
    Network net(neurons, d, 3);
    const EmpiricalKernel kernel(pool, weights_of(net), X, rates);
    const double step = 1.0 / kernel.extremes().largest;
    Matrix linear = X - net.output(X);
    const double start = linear.norm();
    double worst = 0.0;
    for (Index t = 0; t < steps; ++t) {
      const Matrix E = X - net.output(X), codes = net.codes(X);
      worst = std::max(worst, (E - linear).norm() / start);
      const Matrix pulls = (net.A * E.transpose()).cwiseProduct(net.active(X).transpose());
      net.W += rates.encoder * step * net.scale() * pulls * X;
      net.A += rates.decoder * step * net.scale() * codes.transpose() * E;
      linear -= step * kernel.apply(linear);
    }
    EXPECT_LT(worst, limit);
    EXPECT_GT(worst, 1e-5);  // the network is not linear
    const LinearisedRun run = linearised_run(kernel, X - kernel.output(), step, steps);
    EXPECT_EQ(run.losses.size(), 301U);
    EXPECT_NEAR(run.losses.back() / (0.5 * linear.squaredNorm()), 1.0, 1e-9);
  }
}

TEST(EmpiricalKernel, IsTheSameBitsForAnyPool) {
  ThreadPool one(1), three(3);
  const Matrix X = on_sphere(150, 5, 3);
  const Network net(700, 5, 1);
  const EmpiricalKernel a(one, weights_of(net), X, kJoint), b(three, weights_of(net), X, kJoint);
  EXPECT_EQ(a.apply(X), b.apply(X));
  EXPECT_EQ(a.extremes().largest, b.extremes().largest);
}

TEST(EmpiricalKernel, RefusesBadInput) {
  ThreadPool pool(1);
  const Matrix X = on_sphere(100, 20, 3);
  const Network net(10, 20, 1);
  const EmpiricalKernel kernel(pool, weights_of(net), X, kJoint);
  EXPECT_THROW((void)kernel.apply(X.topRows(3)), InvalidArgument);
  EXPECT_THROW((void)linearised_run(kernel, X, -1.0, 3), InvalidArgument);
  EXPECT_THROW(EmpiricalKernel(pool, weights_of(net), X.leftCols(3), kJoint), InvalidArgument);
  EXPECT_THROW(EmpiricalKernel(pool, weights_of(net, true), X, kWeak), InvalidArgument);
  model::Weights<double> biased = weights_of(net);
  biased.bias = Vector::Zero(10);
  EXPECT_THROW(EmpiricalKernel(pool, biased, X, kJoint), InvalidArgument);
  try {
    (void)kernel.dense(1e6);
    FAIL() << "32 MB were made within 1 MB";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("0.032 GB"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace twofold::theory
