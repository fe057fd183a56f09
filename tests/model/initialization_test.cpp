#include "twofold/model/initialization.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::model {
namespace {

TEST(InitialNeurons, IidEntriesHaveVarianceScaleSquared) {
  const Index n = 4000, d = 25;
  const double scale = 0.3;
  const Matrix w = initial_neurons(Initialization::Iid, n, d, scale, 11);
  const double count = static_cast<double>(n * d);
  // 5 standard errors of the mean (scale/√count) and of the second moment (√2 scale²/√count).
  EXPECT_NEAR(w.mean(), 0.0, 5 * scale / std::sqrt(count));
  EXPECT_NEAR(w.squaredNorm() / count, scale * scale, 5 * std::sqrt(2.0 / count) * scale * scale);
}

TEST(InitialNeurons, IidRowsDoNotDependOnTheWidth) {
  const Matrix narrow = initial_neurons(Initialization::Iid, 10, 7, 0.2, 3);
  const Matrix wide = initial_neurons(Initialization::Iid, 30, 7, 0.2, 3);
  EXPECT_EQ(narrow, wide.topRows(10));
  EXPECT_NE(narrow, initial_neurons(Initialization::Iid, 10, 7, 0.2, 4));
}

TEST(InitialNeurons, PairedRowsAreMirrored) {
  const Matrix w = initial_neurons(Initialization::Paired, 12, 5, 0.2, 3);
  EXPECT_EQ(w.topRows(6), -w.bottomRows(6));
  EXPECT_EQ(w.topRows(6), initial_neurons(Initialization::Iid, 6, 5, 0.2, 3));
}

TEST(InitialNeurons, BalancedSecondMomentIsExactlyScaled) {
  for (const Index d : {1, 2, 12}) {
    for (const Index frames : {1, 3}) {
      const Index n = 2 * d * frames;
      const Matrix w = initial_neurons(Initialization::Balanced, n, d, 0.2, 5);
      const Matrix c = w.transpose() * w / static_cast<double>(n);
      EXPECT_EQ(w.topRows(n / 2), -w.bottomRows(n / 2));
      // |QᵀQ - I| is of order dε for Householder QR, times r0²; a factor 10 for the constant.
      const double tolerance = 10 * static_cast<double>(d) * 0x1p-52 * 0.04;
      EXPECT_LE((c - 0.04 * Matrix::Identity(d, d)).cwiseAbs().maxCoeff(), tolerance)
          << "d=" << d << " frames=" << frames;
    }
  }
}

TEST(InitialNeurons, BalancedFramesDiffer) {
  const Matrix w = initial_neurons(Initialization::Balanced, 24, 4, 1.0, 5);
  EXPECT_GT((w.topRows(4) - w.middleRows(4, 4)).norm(), 1e-3);
}

TEST(InitialNeurons, RefusesWhatCannotBe) {
  using enum Initialization;
  EXPECT_THROW((void)initial_neurons(Iid, 0, 3, 0.1, 1), InvalidArgument);
  EXPECT_THROW((void)initial_neurons(Iid, 3, 0, 0.1, 1), InvalidArgument);
  EXPECT_THROW((void)initial_neurons(Iid, 3, 3, 0.0, 1), InvalidArgument);
  EXPECT_THROW((void)initial_neurons(Iid, 3, 3, -0.1, 1), InvalidArgument);
  EXPECT_THROW((void)initial_neurons(Iid, 3, 3, std::nan(""), 1), InvalidArgument);
  EXPECT_THROW((void)initial_neurons(Paired, 5, 3, 0.1, 1), InvalidArgument);
  EXPECT_THROW((void)initial_neurons(Balanced, 9, 3, 0.1, 1), InvalidArgument);
}

TEST(InitializationName, RoundTrips) {
  using enum Initialization;
  for (const Initialization kind : {Iid, Paired, Balanced}) {
    EXPECT_EQ(parse_initialization(initialization_name(kind)), kind);
  }
  EXPECT_THROW((void)parse_initialization("xavier"), InvalidArgument);
}

TEST(Weights, ShapesAreChecked) {
  Weights<double> w;
  EXPECT_THROW(check_shapes(w, "test"), InvalidArgument);
  w.encoder = Matrix::Ones(3, 2);
  EXPECT_NO_THROW(check_shapes(w, "test"));
  EXPECT_TRUE(w.tied());
  w.decoder = Matrix::Ones(2, 3);
  EXPECT_THROW(check_shapes(w, "test"), InvalidArgument);
  w.decoder = Matrix::Ones(3, 2);
  EXPECT_NO_THROW(check_shapes(w, "test"));
  EXPECT_FALSE(w.tied());
  w.bias = Vector::Ones(2);
  EXPECT_THROW(check_shapes(w, "test"), InvalidArgument);
  w.bias = Vector::Ones(3);
  w.scale = 0.5;
  const Weights<double> zeros = zeros_like(w);
  EXPECT_NO_THROW(check_same_shapes(w, zeros, "test"));
  EXPECT_EQ(zeros.encoder.norm() + zeros.decoder.norm() + zeros.bias.norm(), 0.0);
  EXPECT_EQ(zeros.scale, 0.5);
  w.bias.resize(0);
  EXPECT_THROW(check_same_shapes(w, zeros, "test"), InvalidArgument);
}

}  // namespace
}  // namespace twofold::model
