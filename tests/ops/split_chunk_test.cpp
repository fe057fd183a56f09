// loss_gradient, loss and reconstruct by split products, against the definition in double.
#include "ops/split_chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/problem.hpp"
#include "twofold/ops/loss_gradient.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::ops {
namespace {

using model::Activation;
using model::Weights;

// Normal numbers of unit pre-activations.
Problem<float> normal_problem(const Shape& shape) {
  const RandomStream stream(5, "split");
  std::uint64_t at = 0;
  const auto normal = [&](Index rows, Index cols, double deviation) {
    MatrixF m(rows, cols);
    for (float& x : m.reshaped()) x = static_cast<float>(deviation * stream.normal(at++));
    return m;
  };
  Problem<float> p;
  p.X = normal(shape.samples, shape.d, 1);
  const double deviation = 1 / std::sqrt(static_cast<double>(shape.d));
  p.weights.encoder = normal(shape.neurons, shape.d, deviation);
  if (!shape.tied) p.weights.decoder = normal(shape.neurons, shape.d, deviation);
  if (shape.bias) p.weights.bias = normal(shape.neurons, 1, 0.5);
  p.weights.scale = 1 / static_cast<float>(shape.neurons);
  return p;
}

Problem<double> exactly(const Problem<float>& p) {
  Problem<double> q{p.X.cast<double>(), {}};
  q.weights.encoder = p.weights.encoder.cast<double>();
  q.weights.decoder = p.weights.decoder.cast<double>();
  q.weights.bias = p.weights.bias.cast<double>();
  q.weights.scale = static_cast<double>(p.weights.scale);
  return q;
}

template <typename Scalar>
struct Result {
  double loss;
  Weights<Scalar> gradient;
  MatrixOf<Scalar> Xhat;
};

Result<float> run(const Problem<float>& p, const Activation& a, int threads = 2) {
  ThreadPool pool(threads);
  Workspace<float> workspace(p.X.rows(), p.X.cols(), p.weights.neurons(), FloatProducts::SplitBf16);
  Result<float> r{0, zeros_like(p.weights), MatrixF(p.X.rows(), p.X.cols())};
  r.gradient.encoder.setConstant(-7);  // must be overwritten
  r.loss = loss_gradient(p.X, p.weights, a, r.gradient, workspace, pool);
  EXPECT_EQ(r.loss, loss(p.X, p.weights, a, workspace, pool));
  reconstruct(p.X, p.weights, a, r.Xhat, workspace, pool);
  return r;
}

Result<double> run_reference(const Problem<float>& p, const Activation& a) {
  const Problem<double> q = exactly(p);
  Result<double> r{0, zeros_like(q.weights), Matrix(p.X.rows(), p.X.cols())};
  r.loss = reference::loss_gradient(q.X, q.weights, a, r.gradient);
  reference::reconstruct<double>(q.X, q.weights, a, r.Xhat);
  return r;
}

template <typename F, typename D>
void expect_relative(const F& got, const D& wanted, double error, const char* what) {
  EXPECT_LE((got.template cast<double>() - wanted).norm(), error * wanted.norm()) << what;
}

// What split_bf16 promises of every gradient; the errors of neighbours are independent here.
constexpr double kPromise = 2e-5;

void expect_promise(const Problem<float>& p, const Activation& a) {
  SCOPED_TRACE(activation_name(a) + (p.weights.tied() ? " tied" : "") +
               (p.weights.has_bias() ? " bias" : ""));
  const Result<float> split = run(p, a);
  const Result<double> exact = run_reference(p, a);
  EXPECT_NEAR(split.loss, exact.loss, kPromise * exact.loss);
  expect_relative(split.Xhat, exact.Xhat, kPromise, "output");
  expect_relative(split.gradient.encoder, exact.gradient.encoder, kPromise, "encoder");
  expect_relative(split.gradient.decoder, exact.gradient.decoder, kPromise, "decoder");
  expect_relative(split.gradient.bias, exact.gradient.bias, kPromise, "bias");
}

// With x, w and h bounds of a sample's, a neuron's and a code's size and e = x + h w one of a
// residual's, an entry of a gradient is at most (h e + w e x)/n. Three products in a row have a
// part split_error of it each; twice that and a margin for slopes up to 1.13.
void expect_agreement(const Problem<float>& p, const Activation& a) {
  SCOPED_TRACE(activation_name(a) + " samples=" + std::to_string(p.X.rows()) +
               " d=" + std::to_string(p.X.cols()) + " n=" + std::to_string(p.weights.neurons()));
  const Result<float> split = run(p, a);
  const Result<double> exact = run_reference(p, a);
  const auto largest = [](const auto& m) {
    return m.size() == 0 ? 0.0 : static_cast<double>(m.rowwise().norm().maxCoeff());
  };
  const Index n = p.weights.neurons();
  const double part = 8 * split_error(std::max({p.X.rows(), p.X.cols(), n}));
  const double x = largest(p.X),
               w = std::max(largest(p.weights.encoder), largest(p.weights.decoder));
  const double h = w * x + largest(p.weights.bias), e = x + h * w;
  const double tolerance = part * (h * e + w * e * x) / static_cast<double>(n);
  const auto off = [&](const auto& got, const auto& wanted) {
    return largest(got.template cast<double>() - wanted);
  };
  EXPECT_NEAR(split.loss, exact.loss, part * e * e);
  EXPECT_LE(off(split.Xhat, exact.Xhat), part * h * w);
  EXPECT_LE(off(split.gradient.encoder, exact.gradient.encoder), tolerance);
  EXPECT_LE(off(split.gradient.decoder, exact.gradient.decoder), tolerance);
  EXPECT_LE(off(split.gradient.bias, exact.gradient.bias), tolerance);
}

TEST(SplitChunk, KeepsItsPromiseForEveryActivation) {
  for (const Activation& a : kAllActivations) {
    for (const bool tied : {true, false}) {
      for (const bool bias : {true, false})
        expect_promise(normal_problem({60, 96, 300, tied, bias}), a);
    }
  }
}

TEST(SplitChunk, AgreesWithReferenceAroundBlockSizes) {
  constexpr Index kN = SplitBuffers::kNeurons;
  for (const Activation& a : std::vector<Activation>{model::Relu{}, model::TopK{3}}) {
    for (const Index size : {1, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65}) {
      for (const bool tied : {true, false}) {
        expect_agreement(normal_problem({size, 7, 13, tied, true}), a);
        expect_agreement(normal_problem({5, size, 13, tied, false}), a);
        expect_agreement(normal_problem({5, 7, size, tied, true}), a);
      }
    }
    for (const Index n : {kN - 1, kN, kN + 1, 2 * kN + 1, 17 * kN + 5}) {
      expect_agreement(normal_problem({5, 7, n, false, true}), a);
    }
  }
  const Index chunk = Blocking::chunk(3, 5);
  for (const Index samples : {chunk - 1, chunk, chunk + 1, 2 * chunk + 3}) {
    for (const bool tied : {true, false}) {
      expect_agreement(normal_problem({samples, 3, 5, tied, true}), model::Relu{});
    }
  }
}

// Biases that put pre-activations on the jump, but for their rounding to float: of 6e-8 or so,
// where split products are off by 1e-6 and more.
Problem<float> problem_at(double jump) {
  Problem<float> p = normal_problem({40, 203, 300, false, true});
  for (Index r = 0; r < 300; ++r) {
    const double z = p.weights.encoder.row(r).cast<double>().dot(p.X.row(r % 40).cast<double>());
    p.weights.bias[r] = static_cast<float>(jump - z);
  }
  return p;
}

// A code on the wrong side of a jump changes the gradients of its neuron by a 40th or so.
void expect_right_rows(const Problem<float>& p, const Activation& a) {
  SCOPED_TRACE(activation_name(a));
  const Result<float> split = run(p, a);
  const Result<double> exact = run_reference(p, a);
  const auto rows = [](const auto& got, const Matrix& wanted) {
    const Matrix difference = got.template cast<double>() - wanted;
    return (difference.rowwise().norm().array() / (wanted.rowwise().norm().array() + 1e-30))
        .maxCoeff();
  };
  // A row's sum over the samples may cancel to a tenth of its terms.
  EXPECT_LE(rows(split.gradient.encoder, exact.gradient.encoder), 1e-3);
  EXPECT_LE(rows(split.gradient.decoder, exact.gradient.decoder), 1e-3);
}

TEST(SplitChunk, HasNoCodeOnTheWrongSideOfAJump) {
  for (const double at : {-0.5, 0.5}) expect_right_rows(problem_at(at), model::HardThreshold{0.5});
  for (const double at : {-1.0, 1.0}) expect_right_rows(problem_at(at), model::HardTanh{});
  expect_right_rows(problem_at(0.5), model::JumpRelu{0.5});
  for (const Activation& a :
       std::vector<Activation>{model::Relu{}, model::LeakyRelu{0.25}, model::Sign{}}) {
    expect_right_rows(problem_at(0), a);
  }
}

// Twins of neurons that differ in a few of the last bits, of which an odd number is kept.
TEST(SplitChunk, KeepsTheLargestOfAlmostEqualCodes) {
  for (const bool bias : {true, false}) {
    Problem<float> p = normal_problem({40, 203, 300, false, bias});
    for (Index r = 0; r < 300; r += 2) {
      p.weights.encoder.row(r + 1) = p.weights.encoder.row(r);
      for (const Index k : {3, 50, 111}) {
        float& b = p.weights.encoder(r + 1, k);
        b = std::nextafter(b, 1.0F);
      }
      if (bias) p.weights.bias[r + 1] = p.weights.bias[r];
    }
    expect_right_rows(p, model::TopK{31});
  }
}

TEST(SplitChunk, HasTheSameBitsForAnyPool) {
  for (const Shape& shape : {Shape{70, 24, 1300, true, true}, Shape{1030, 12, 600, false, false}}) {
    const Problem<float> p = normal_problem(shape);
    for (const Activation& a :
         std::vector<Activation>{model::Gelu{}, model::Relu{}, model::TopK{9}}) {
      const Result<float> one = run(p, a, 1);
      for (const int threads : {2, 3, 8}) {
        const Result<float> many = run(p, a, threads);
        EXPECT_EQ(one.loss, many.loss) << threads;
        EXPECT_EQ(one.Xhat, many.Xhat) << threads;
        EXPECT_EQ(one.gradient.encoder, many.gradient.encoder) << threads;
        EXPECT_EQ(one.gradient.decoder, many.gradient.decoder) << threads;
        EXPECT_EQ(one.gradient.bias, many.gradient.bias) << threads;
      }
    }
  }
}

TEST(SplitChunk, ForgetsNaNAndTheSizesOfOtherCalls) {
  for (const Activation& a : std::vector<Activation>{model::Relu{}, model::TopK{9}}) {
    const Problem<float> p = normal_problem({20, 6, 300, true, true});
    const Result<float> fresh = run(p, a, 1);
    Problem<float> poison = normal_problem({300, 6, 300, true, true});
    poison.X.row(17).setConstant(std::numeric_limits<float>::quiet_NaN());
    ThreadPool pool(1);
    Workspace<float> workspace(300, 6, 300, FloatProducts::SplitBf16);
    Weights<float> gradient = zeros_like(p.weights);
    EXPECT_TRUE(std::isnan(loss_gradient(poison.X, p.weights, a, gradient, workspace, pool)));
    EXPECT_EQ(fresh.loss, loss_gradient(p.X, p.weights, a, gradient, workspace, pool));
    EXPECT_EQ(fresh.gradient.encoder, gradient.encoder);
    EXPECT_EQ(fresh.gradient.bias, gradient.bias);
  }
}

TEST(SplitChunk, IsNotCalledFloat) {
  const Workspace<float> workspace(5, 4, 6, FloatProducts::SplitBf16);
  EXPECT_THAT(std::string(workspace.arithmetic(normal_problem({5, 4, 6}).weights, model::Relu{})),
              testing::StartsWith("split_bf16 ("));
}

}  // namespace
}  // namespace twofold::ops
