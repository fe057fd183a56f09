#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "linalg/split_engines.hpp"
#include "ops/topk_problem.hpp"
#include "ops/topk_slots.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
SparseCodes<Scalar> expected_codes(const model::TopKAutoencoder<Scalar>& weights, Index k,
                                   const MatrixOf<Scalar>& X) {
  const TopKStepOptions options{.k = k, .optimizer = TopKOptimizer::Sgd, .unit_decoder = false};
  SparseCodes<Scalar> codes;
  model::TopKAutoencoder<Scalar> gradient;
  (void)reference::topk_gradient<Scalar>(topk_state(weights, options), options, X, codes, gradient);
  return codes;
}

template <typename Scalar>
SparseCodes<Scalar> codes_of(const model::TopKAutoencoder<Scalar>& weights, Index k,
                             const MatrixOf<Scalar>& X, int threads = 2) {
  ThreadPool pool(threads);
  SparseCodes<Scalar> codes;
  topk_encode<Scalar>(weights, k, X, codes, pool);
  return codes;
}

// Rounding of sums of d terms of order 1 can only exchange units that differ by no more.
template <typename Scalar>
void expect_codes_of_the_definition(const model::TopKAutoencoder<Scalar>& weights, Index k,
                                    const MatrixOf<Scalar>& X) {
  const SparseCodes<Scalar> expected = expected_codes(weights, k, X);
  const SparseCodes<Scalar> codes = codes_of(weights, k, X);
  ASSERT_EQ(codes.offset, expected.offset) << "m=" << weights.units() << " k=" << k;
  ASSERT_EQ(codes.index, expected.index) << "m=" << weights.units() << " k=" << k;
  const auto d = static_cast<double>(weights.dimension());
  const double tolerance = (d + 2) * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  for (Index s = 0; s < X.rows(); ++s) {
    double length = static_cast<double>(X.row(s).norm()) + 1;
    if (weights.decoder_bias.size() > 0) length += weights.decoder_bias.norm();
    for (auto e = codes.offset[s]; e < codes.offset[s + 1]; ++e) {
      const double size =
          length * (static_cast<double>(weights.encoder.row(codes.index[e]).norm()) + 1);
      ASSERT_NEAR(codes.value[e], expected.value[e], tolerance * size);
    }
  }
}

template <typename Scalar>
class TopKEncode : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TopKEncode, Scalars);

// Ties included: the grid has no rounding.
TYPED_TEST(TopKEncode, IsExactOnTheGrid) {
  for (const Index N : {1, 3, 7, 15, 16, 17, 31, 32, 33, 47, 48, 49}) {
    for (const Index m : {1, 7, 33, 63, 64, 65, 130}) {
      for (const Index k : {Index{1}, Index{4}, m - 1, m, m + 1}) {
        if (k < 1) continue;
        const TopKProblem<TypeParam> p({N, m, 2 * N + 1, k, true, N % 2 == 0, N % 3 == 0});
        const auto expected = expected_codes(p.weights, k, p.X);
        ASSERT_TRUE(codes_of(p.weights, k, p.X) == expected)
            << "N=" << N << " m=" << m << " k=" << k;
      }
    }
  }
}

// So many samples are worked on at a time.
TYPED_TEST(TopKEncode, IsExactOnTheGridAround4096Samples) {
  for (const Index N : {4095, 4096, 4097}) {
    const TopKProblem<TypeParam> p({N, 20, 5, 3});
    EXPECT_TRUE(codes_of(p.weights, 3, p.X) == expected_codes(p.weights, 3, p.X)) << N;
  }
}

// Sizes at which float is screened by bfloat16, where the processor has it.
TYPED_TEST(TopKEncode, IsThatOfTheDefinitionForManyUnits) {
  for (const auto& [m, d, k] : {std::array<Index, 3>{1000, 65, 30}, {511, 128, 1}, {640, 64, 20}}) {
    for (const bool bias : {false, true}) {
      const auto p = normal_topk_problem<TypeParam>({257, m, d, k, true, bias, bias});
      expect_codes_of_the_definition(p.weights, k, p.X);
    }
  }
  const TopKProblem<TypeParam> ties({300, 640, 64, 20});
  expect_codes_of_the_definition(ties.weights, 20, ties.X);
}

// Unit 3 m/4 and the ones after it are copies of the first: the lowest index wins, many times.
TYPED_TEST(TopKEncode, TiesGoToTheLowestIndex) {
  auto p = normal_topk_problem<TypeParam>({300, 1200, 64, 16});
  for (Index j = 900; j < 1200; ++j) {
    p.weights.encoder.row(j) = p.weights.encoder.row(j - 900);
    p.weights.encoder_bias[j] = p.weights.encoder_bias[j - 900];
  }
  expect_codes_of_the_definition(p.weights, 16, p.X);
  p.weights.encoder.rowwise() = p.weights.encoder.row(0).eval();
  p.weights.encoder_bias.setConstant(100);  // all fire, all alike
  const auto codes = codes_of(p.weights, 16, p.X);
  for (std::size_t e = 0; e < codes.index.size(); ++e) ASSERT_EQ(codes.index[e], e % 16);
  ASSERT_EQ(codes.size(), 300 * 16);
}

TYPED_TEST(TopKEncode, FewerUnitsFireWhereFewerArePositive) {
  auto p = normal_topk_problem<TypeParam>({300, 1024, 64, 32});
  p.weights.encoder_bias.setConstant(-8);  // pre-activations have standard deviation below 1.5
  p.weights.encoder_bias.segment(500, 5).setConstant(8);
  const auto codes = codes_of(p.weights, 32, p.X);
  ASSERT_EQ(codes.size(), 300 * 5);
  EXPECT_EQ(codes.index.front(), 500);
  expect_codes_of_the_definition(p.weights, 32, p.X);
}

TYPED_TEST(TopKEncode, AZeroSampleFiresByTheBiasAlone) {
  auto p = normal_topk_problem<TypeParam>({260, 1024, 64, 8});
  p.weights.decoder_bias.setZero();
  p.X.setZero();
  expect_codes_of_the_definition(p.weights, 8, p.X);
  p.weights.encoder_bias.resize(0);
  EXPECT_EQ(codes_of(p.weights, 8, p.X).size(), 0);
}

TYPED_TEST(TopKEncode, ANaNFiresFirst) {
  auto p = normal_topk_problem<TypeParam>({300, 1024, 64, 4});
  constexpr auto nan = std::numeric_limits<TypeParam>::quiet_NaN();
  const auto whole = codes_of(p.weights, 4, p.X);
  p.X(7, 3) = nan;
  auto codes = codes_of(p.weights, 4, p.X);
  for (Index e = 28; e < 32; ++e) {
    EXPECT_EQ(codes.index[e], e - 28);
    EXPECT_TRUE(std::isnan(codes.value[e]));
    codes.index[e] = whole.index[e];
    codes.value[e] = whole.value[e];
  }
  EXPECT_TRUE(codes == whole);  // the other samples do not notice
  p.X(7, 3) = 0;
  p.weights.encoder(1000, 0) = nan;
  codes = codes_of(p.weights, 4, p.X);
  for (Index s = 0; s < 300; ++s) {
    Index of_unit = 0;
    for (Index e = 4 * s; e < 4 * s + 4; ++e) {
      of_unit += codes.index[e] == 1000 && std::isnan(codes.value[e]) ? 1 : 0;
    }
    EXPECT_EQ(of_unit, 1) << s;
  }
}

// Rows from almost underflow to almost overflow, mixed with ordinary ones.
TYPED_TEST(TopKEncode, LengthsDoNotMatter) {
  auto p = normal_topk_problem<TypeParam>({280, 1024, 64, 8, true, false, false});
  constexpr auto least = std::numeric_limits<TypeParam>::min();
  constexpr auto most = std::numeric_limits<TypeParam>::max();
  const auto small = std::sqrt(least), large = std::sqrt(most) / 1000;
  p.X.row(1) *= large;
  p.X.row(2) *= small;
  p.X.row(3) *= 4 * least;  // denormal products
  p.weights.encoder.row(11) *= large;
  p.weights.encoder.row(12) *= small;
  const auto expected = expected_codes(p.weights, 8, p.X);
  const auto codes = codes_of(p.weights, 8, p.X);
  for (Index s = 0; s < 280; ++s) {
    if (s == 3) continue;  // its products keep few digits: other units may be the largest
    for (Index e = 8 * s; e < 8 * s + 8; ++e) ASSERT_EQ(codes.index[e], expected.index[e]) << s;
  }
}

// One number a hundred times the others: 8 bits keep nothing of those.
TYPED_TEST(TopKEncode, OutliersCostTimeOnly) {
  auto p = normal_topk_problem<TypeParam>({300, 1024, 64, 8});
  p.X.col(5).array() = 100 + p.X.col(5).array();
  expect_codes_of_the_definition(p.weights, 8, p.X);
  p.weights.encoder.col(7) *= 100;
  expect_codes_of_the_definition(p.weights, 8, p.X);
}

TYPED_TEST(TopKEncode, IsBitwiseTheSameForAnyPool) {
  const auto p = normal_topk_problem<TypeParam>({300, 1024, 64, 8});
  const auto one = codes_of(p.weights, 8, p.X, 1);
  for (const int threads : {2, 3, 8}) {
    EXPECT_TRUE(codes_of(p.weights, 8, p.X, threads) == one) << threads;
  }
}

// A hint is a guess only: too low costs time, too high is noticed row by row.
TYPED_TEST(TopKEncode, HintsChangeNoBit) {
  const auto p = normal_topk_problem<TypeParam>({48, 1024, 64, 8});
  ThreadPool pool(1);
  CodeScreen<TypeParam> screen;
  std::vector<const SplitEngine*> products{nullptr};
  if constexpr (std::same_as<TypeParam, float>) {
    for (const SplitEngine* engine : test::split_engines()) products.push_back(engine);
  }
  for (const SplitEngine* engine : products) {
    screen.prepare(p.weights.encoder, p.weights.encoder_bias.data(), largest_positive<TypeParam>(8),
                   48, engine, pool);
    const auto slots_of = [&](TypeParam hint) {
      TopKSlots<TypeParam> slots;
      slots.resize(48, 8);
      screen.codes(p.X, hint, [&](Index s, const RowCodes<TypeParam>& row) { slots.set(s, row); });
      return slots;
    };
    const TopKSlots<TypeParam> cold = slots_of(0);
    const TypeParam middle = cold.floor[0];
    ASSERT_GT(middle, 0);
    for (const double factor : {0.5, 0.97, 1.0, 1.1, 1.5, 100.0}) {
      const TopKSlots<TypeParam> warm = slots_of(static_cast<TypeParam>(factor) * middle);
      for (Index s = 0; s < 48; ++s) ASSERT_EQ(warm.count[s], cold.count[s]) << factor;
      for (Index e = 0; e < 48 * 8; ++e) {
        ASSERT_EQ(warm.index[e], cold.index[e]) << factor;
        ASSERT_EQ(warm.value[e], cold.value[e]) << factor;
      }
    }
  }
}

TEST(TopKEncodeArguments, RefusesWhatDoesNotFit) {
  const TopKProblem<float> p({4, 5, 6, 2});
  ThreadPool pool(1);
  SparseCodes<float> codes;
  EXPECT_THROW(topk_encode<float>(p.weights, 0, p.X, codes, pool), InvalidArgument);
  EXPECT_THROW(topk_encode<float>(p.weights, 2, p.X.leftCols(5), codes, pool), InvalidArgument);
  topk_encode<float>(p.weights, 2, p.X.topRows(0), codes, pool);
  EXPECT_EQ(codes.rows(), 0);
}

TEST(TopKDecode, AddsTheDecoderBias) {
  const TopKProblem<double> p({9, 5, 6, 2});
  ThreadPool pool(2);
  SparseCodes<double> codes;
  topk_encode<double>(p.weights, 2, p.X, codes, pool);
  Matrix Xhat(9, 6);
  topk_decode<double>(p.weights, codes, Xhat, pool);
  Matrix Z = Matrix::Zero(9, 5);
  for (Index s = 0; s < 9; ++s) {
    for (auto e = codes.offset[s]; e < codes.offset[s + 1]; ++e)
      Z(s, codes.index[e]) = codes.value[e];
  }
  const Matrix expected = (Z * p.weights.decoder).rowwise() + p.weights.decoder_bias.transpose();
  EXPECT_EQ(Xhat, expected);  // sums on the grid are exact
}

}  // namespace
}  // namespace twofold::ops
