// Codes by approximate products and a second look are those of the definition, whatever products.
#include "ops/code_screen.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "linalg/split_engines.hpp"
#include "ops/sparse_problem.hpp"

namespace twofold::ops {
namespace {

MatrixF normal(Index rows, Index cols, std::uint64_t index) {
  MatrixF M(rows, cols);
  RandomStream(4, "filter test")
      .fill_normal(index, std::span(M.data(), static_cast<std::size_t>(M.size())));
  return M;
}

MatrixF unit_rows(MatrixF M) {
  M.rowwise().normalize();
  return M;
}

SparseCodes<float> screened(const SplitEngine* engine, const MatrixF& X, const MatrixF& W,
                            const Gate& gate, int threads = 2) {
  ThreadPool pool(threads);
  CodeScreen<float> screen;
  screen.prepare(W, nullptr, gate_rule<float>(gate, "test"), X.rows(), engine, pool);
  SparseCodes<float> codes;
  codes.atoms = W.rows();
  for (Index begin = 0; begin < X.rows(); begin += screen.block()) {
    const Index rows = std::min(screen.block(), X.rows() - begin);
    screen.codes(X.middleRows(begin, rows), 0, [&](Index, const RowCodes<float>& row) {
      codes.index.insert(codes.index.end(), row.index, row.index + row.count);
      codes.value.insert(codes.value.end(), row.value, row.value + row.count);
      codes.offset.push_back(codes.size());
    });
  }
  return codes;
}

// nullptr: products in float.
std::vector<const SplitEngine*> products() {
  std::vector<const SplitEngine*> all = test::split_engines();
  all.push_back(nullptr);
  return all;
}

class Screened : public testing::TestWithParam<const SplitEngine*> {
 protected:
  static SparseCodes<float> codes(const MatrixF& X, const MatrixF& W, const Gate& gate) {
    return screened(GetParam(), X, W, gate);
  }

  static void expect_codes_of_the_definition(const MatrixF& X, const MatrixF& W, const Gate& gate) {
    SparseCodes<float> expected;
    reference::encode<float>(X, W, gate, expected);
    const SparseCodes<float> got = codes(X, W, gate);
    ASSERT_EQ(got.offset, expected.offset) << gate_name(gate);
    ASSERT_EQ(got.index, expected.index) << gate_name(gate);
    for (Index s = 0; s < X.rows(); ++s) {
      // Sums of terms of the sample's size.
      const double length = std::max(1.0, X.row(s).cast<double>().norm());
      const double limit = 1e-6 * length * static_cast<double>(W.cols());
      const auto row = static_cast<std::size_t>(s);
      for (auto e = got.offset[row]; e < got.offset[row + 1]; ++e) {
        const auto at = static_cast<std::size_t>(e);
        ASSERT_NEAR(got.value[at], expected.value[at], limit) << gate_name(gate);
      }
    }
    // Not a bit depends on the products.
    EXPECT_TRUE(got == screened(nullptr, X, W, gate)) << gate_name(gate);
  }
};

INSTANTIATE_TEST_SUITE_P(All, Screened, testing::ValuesIn(products()),
                         [](const auto& engine) { return test::engine_name(engine.param); });

// The grid is exact in bfloat16 and in float: ties included.
TEST_P(Screened, AreExactOnTheGrid) {
  for (const Index N : {1, 3, 7, 15, 16, 17, 31, 32, 33, 65}) {
    for (const Index m : {1, 31, 127, 128, 129, 260}) {
      const SparseProblem<float> p(N, m, 2 * N + 1);
      for (const Gate& gate : kAllGates) {
        SparseCodes<float> expected;
        reference::encode<float>(p.X, p.W, gate, expected);
        EXPECT_TRUE(codes(p.X, p.W, gate) == expected) << gate_name(gate) << " N=" << N;
      }
    }
  }
}

// Of 12 000 inputs no one is as near to a limit as rounding in float, 1e-6, in these samples: the
// units must be those of sums in double. One in fifty is nearer than the rounding of bfloat16.
TEST_P(Screened, AreThoseOfTheDefinition) {
  const MatrixF W = unit_rows(normal(300, 70, 1));
  for (const Gate& gate :
       {Gate{model::HardThreshold{2}}, Gate{model::Relu{}, -1.5}, Gate{model::Relu{}},
        Gate{model::JumpRelu{1}}, Gate{model::TopK{1}}, Gate{model::TopK{9}},
        Gate{model::TopK{9}, 0, true}, Gate{model::TopK{200}, 0, true}, Gate{model::TopK{299}}}) {
    expect_codes_of_the_definition(normal(40, 70, 2), W, gate);
  }
}

TEST_P(Screened, AreExactForAtomsOfAnyNorm) {
  MatrixF W = normal(280, 65, 3);
  for (Index i = 0; i < W.rows(); ++i) W.row(i) *= std::pow(10.0f, static_cast<float>(i % 5 - 4));
  for (const Gate& gate : {Gate{model::HardThreshold{1}}, Gate{model::TopK{3}}}) {
    expect_codes_of_the_definition(normal(40, 65, 4), W, gate);
  }
}

// All atoms are one, ±: every |z| is the threshold, or the next float above it.
TEST_P(Screened, AreExactWhereEveryUnitIsAtTheThreshold) {
  const MatrixF x = normal(1, 64, 7);
  MatrixF W = unit_rows(normal(1, 64, 8)).replicate(300, 1);
  for (Index j = 1; j < 300; j += 2) W.row(j) *= -1;
  const float z = std::abs(screened(nullptr, x, W, {model::TopK{1}}).value.at(0));
  const MatrixF X = x.replicate(33, 1);
  const auto above = static_cast<double>(std::nextafter(z, 2 * z));
  EXPECT_EQ(codes(X, W, {model::HardThreshold{static_cast<double>(z)}}).size(), 33 * 300);
  EXPECT_EQ(codes(X, W, {model::HardThreshold{above}}).size(), 0);
  EXPECT_EQ(codes(X, W, {model::JumpRelu{static_cast<double>(z)}}).size(), 0);  // z > threshold
  EXPECT_EQ(codes(X, W, {model::Relu{}, -static_cast<double>(z)}).size(), 0);
  const auto first = codes(X, W, {model::TopK{5}});
  for (std::size_t e = 0; e < first.index.size(); ++e) ASSERT_EQ(first.index[e], e % 5);
  const auto positive = codes(X, W, {model::TopK{5}, 0, true});
  for (std::size_t e = 0; e < positive.index.size(); ++e) {
    ASSERT_EQ(positive.index[e] % 2, positive.index[0] % 2) << "the sign counts";
  }
}

TEST_P(Screened, KeepNotANumberAndInfinity) {
  MatrixF X = normal(6, 64, 5), W = normal(70, 64, 6);
  X(2, 3) = std::numeric_limits<float>::quiet_NaN();
  X.row(4).setZero();
  X(4, 0) = 3.4e38f;  // infinite in bfloat16
  W.col(0).setConstant(1e-20f);
  for (const Gate& gate :
       {Gate{model::HardThreshold{1e3}}, Gate{model::Relu{}}, Gate{model::JumpRelu{1}}}) {
    SparseCodes<float> expected;
    reference::encode<float>(X, W, gate, expected);
    EXPECT_EQ(codes(X, W, gate).index, expected.index) << gate_name(gate);
  }
  EXPECT_EQ(codes(X, W, {model::TopK{3}}).index[6], 0);  // of equal NaNs the first
  W(1, 7) = std::numeric_limits<float>::quiet_NaN();
  const auto units = usage(codes(X, W, {model::HardThreshold{1e3}}));
  EXPECT_EQ(units[1], X.rows());
}

// Samples and atoms from denormal to 1e18; all products of one sample are of one size.
TEST_P(Screened, AreExactForHugeAndTinySamples) {
  MatrixF X = normal(40, 65, 9);
  for (Index s = 0; s < 40; ++s) X.row(s) *= std::pow(10.0f, static_cast<float>(s % 5 * 9 - 18));
  X.row(3) *= 1e-22f;  // some of its numbers are denormal
  for (const Gate& gate : {Gate{model::HardThreshold{1}}, Gate{model::TopK{3}, 0, true}}) {
    expect_codes_of_the_definition(X, unit_rows(normal(200, 65, 10)), gate);
  }
}

TEST_P(Screened, LookAtAllUnitsWhereTooManyMayFire) {
  // Alike up to the last bits: no bound excludes one.
  MatrixF W = unit_rows(normal(1, 64, 11)).replicate(3000, 1) + 1e-6f * normal(3000, 64, 12);
  const MatrixF X = normal(4, 64, 13);
  const auto got = codes(X, W, {model::TopK{4}});
  EXPECT_EQ(got.size(), 16);
  EXPECT_TRUE(got == screened(nullptr, X, W, {model::TopK{4}}));
}

// Many samples of large weights: other blocks. The choice is the batch's, not the machine's load.
TEST(Encode, ScreensWhereFewUnitsFire) {
  const MatrixF W = unit_rows(normal(200, 70, 1)), X = normal(300, 70, 2);
  EXPECT_EQ(screen_products(255, 200, 70, 1), nullptr);
  EXPECT_EQ(screen_products(300, 200, 70, 7), nullptr);
  EXPECT_EQ(screen_products(300, 200, 70, 6), bf16_products());
  for (const Gate& gate : {Gate{model::HardThreshold{2}}, Gate{model::TopK{3}}}) {
    for (const int threads : {1, 2, 3, 8}) {
      ThreadPool pool(threads);
      SparseCodes<float> codes;
      encode<float>(X, W, gate, codes, pool);
      if (bf16_products() != nullptr) {
        EXPECT_TRUE(codes == screened(nullptr, X, W, gate)) << threads;
      }
    }
  }
}

}  // namespace
}  // namespace twofold::ops
