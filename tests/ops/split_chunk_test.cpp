// loss_gradient, loss and reconstruct by split products, against the definition in double.
#include "ops/split_chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "linalg/random_matrix.hpp"
#include "ops/loss_gradient_run.hpp"

namespace twofold::ops {
namespace {

using model::Activation;

// Normal numbers of unit pre-activations.
Problem<float> normal_problem(const Shape& shape) {
  Problem<float> p;
  p.X = test::random_matrix<float>(shape.samples, shape.d, "samples");
  const float deviation = 1 / std::sqrt(static_cast<float>(shape.d));
  p.weights.encoder = deviation * test::random_matrix<float>(shape.neurons, shape.d, "encoder");
  if (!shape.tied) {
    p.weights.decoder = deviation * test::random_matrix<float>(shape.neurons, shape.d, "decoder");
  }
  if (shape.bias) p.weights.bias = 0.5F * test::random_matrix<float>(shape.neurons, 1, "bias");
  p.weights.scale = 1 / static_cast<float>(shape.neurons);
  return p;
}

Result<float> run_split(const Problem<float>& p, const Activation& a) {
  return run(p, a, FloatProducts::SplitBf16);
}

Result<double> run_exact(const Problem<float>& p, const Activation& a) {
  return run_reference(in_double(p), a);
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
  const Result<float> split = run_split(p, a);
  const Result<double> exact = run_exact(p, a);
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
  const Result<float> split = run_split(p, a);
  const Result<double> exact = run_exact(p, a);
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
  const Result<float> split = run_split(p, a);
  const Result<double> exact = run_exact(p, a);
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

TEST(SplitChunk, IsNotCalledFloat) {
  const Workspace<float> workspace(5, 4, 6, FloatProducts::SplitBf16);
  EXPECT_THAT(std::string(workspace.arithmetic(normal_problem({5, 4, 6}).weights, model::Relu{})),
              testing::StartsWith("split_bf16 ("));
}

}  // namespace
}  // namespace twofold::ops
