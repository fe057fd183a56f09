// Codes by products in bfloat16 and a second look are those of the definition. Skipped where the
// processor has no such products.
#include "ops/filtered_codes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/bf16_product.hpp"
#include "ops/sparse_problem.hpp"

namespace twofold::ops {
namespace {

MatrixF normal(Index rows, Index cols, std::uint64_t index) {
  MatrixF M(rows, cols);
  RandomStream(4, "filter test")
      .fill_normal(index, std::span(M.data(), static_cast<std::size_t>(M.size())));
  return M;
}

class FilteredCodes : public testing::Test {
 protected:
  void SetUp() override {
    if (bf16_kernel() == nullptr) GTEST_SKIP() << "no products of bfloat16 here";
  }

  // The codes of X as one task.
  SparseCodes<float> filtered(const MatrixF& X, const MatrixF& W, const Gate& gate) {
    BlockCodes<float> block;
    filtered_codes(X, W, filter_atoms(W, pool_), gate_rule<float>(gate, "test"), block);
    SparseCodes<float> codes;
    codes.atoms = W.rows();
    codes.index.assign(block.index.begin(), block.index.begin() + block.size);
    codes.value.assign(block.value.begin(), block.value.begin() + block.size);
    for (const Index n : block.count) codes.offset.push_back(codes.offset.back() + n);
    return codes;
  }

  void expect_same_units(const MatrixF& X, const MatrixF& W, const Gate& gate) {
    SparseCodes<float> expected;
    reference::encode<float>(X, W, gate, expected);
    const SparseCodes<float> codes = filtered(X, W, gate);
    ASSERT_EQ(codes.offset, expected.offset) << gate_name(gate);
    ASSERT_EQ(codes.index, expected.index) << gate_name(gate);
    for (std::size_t e = 0; e < codes.value.size(); ++e) {
      const double limit = 1e-6 * static_cast<double>(W.cols());  // sums of terms of order 1
      ASSERT_NEAR(codes.value[e], expected.value[e], limit) << gate_name(gate);
    }
  }

  ThreadPool pool_{2};
};

// The grid is exact in bfloat16 and in float: ties included.
TEST_F(FilteredCodes, AreExactOnTheGrid) {
  for (const Index N : {1, 5, 6, 7, 48}) {
    for (const Index m : {1, 63, 64, 65, 130}) {
      const SparseProblem<float> p(N, m, 2 * N + 1);
      for (const Gate& gate : kAllGates) {
        SparseCodes<float> expected;
        reference::encode<float>(p.X, p.W, gate, expected);
        EXPECT_TRUE(filtered(p.X, p.W, gate) == expected) << gate_name(gate) << " N=" << N;
      }
    }
  }
}

// Of 12 000 inputs no one is as near to a limit as rounding in float, 1e-6, in these samples: the
// units must be those of sums in double. One in fifty is nearer than the rounding of bfloat16.
TEST_F(FilteredCodes, AreThoseOfTheDefinition) {
  MatrixF W = normal(300, 70, 1);
  W.rowwise().normalize();
  for (const Gate& gate :
       {Gate{model::HardThreshold{2}}, Gate{model::Relu{}, -1.5}, Gate{model::Relu{}},
        Gate{model::JumpRelu{1}}, Gate{model::TopK{1}}, Gate{model::TopK{9}},
        Gate{model::TopK{9}, 0, true}, Gate{model::TopK{200}, 0, true}, Gate{model::TopK{299}}}) {
    expect_same_units(normal(40, 70, 2), W, gate);
  }
}

TEST_F(FilteredCodes, AreExactForAtomsOfAnyNorm) {
  MatrixF W = normal(80, 65, 3);
  for (Index i = 0; i < W.rows(); ++i) W.row(i) *= std::pow(10.0f, static_cast<float>(i % 5 - 4));
  for (const Gate& gate : {Gate{model::HardThreshold{1}}, Gate{model::TopK{3}}}) {
    expect_same_units(normal(40, 65, 4), W, gate);
  }
}

TEST_F(FilteredCodes, KeepNotANumberAndInfinity) {
  MatrixF X = normal(6, 64, 5), W = normal(70, 64, 6);
  X(2, 3) = std::numeric_limits<float>::quiet_NaN();
  X.row(4).setZero();
  X(4, 0) = 3.4e38f;  // infinite in bfloat16
  W.col(0).setConstant(1e-20f);
  for (const Gate& gate :
       {Gate{model::HardThreshold{1e3}}, Gate{model::Relu{}}, Gate{model::JumpRelu{1}}}) {
    SparseCodes<float> expected;
    reference::encode<float>(X, W, gate, expected);
    EXPECT_EQ(filtered(X, W, gate).index, expected.index) << gate_name(gate);
  }
  EXPECT_EQ(filtered(X, W, {model::TopK{3}}).index[6], 0);  // of equal NaNs the first
  W(1, 7) = std::numeric_limits<float>::quiet_NaN();
  const auto units = usage(filtered(X, W, {model::HardThreshold{1e3}}));
  EXPECT_EQ(units[1], X.rows());
}

// The rounding of bfloat16 at its worst: 1 + 2⁻⁸ − tiny rounds down to 1 in all places.
TEST_F(FilteredCodes, BoundHoldsWhereAllRoundingsAddUp) {
  for (const Index d : {1, 2, 65, 768}) {
    const MatrixF x = MatrixF::Constant(6, d, 1.0f + 0x1.fp-9f);
    const MatrixF w = MatrixF::Constant(64, d, 1.0f + 0x1.fp-9f);
    std::vector<Bf16Pair> samples(static_cast<std::size_t>(6 * bf16_pairs(d))),
        atoms(static_cast<std::size_t>(64 * bf16_pairs(d)));
    pack_bf16<kBf16Samples>(x, samples.data());
    pack_bf16<kBf16Atoms>(w, atoms.data());
    MatrixF Z(6, 64);
    bf16_kernel()(samples.data(), atoms.data(), bf16_pairs(d), Z.data(), 64);
    const double exact = x.row(0).cast<double>().dot(w.row(0).cast<double>());
    const double bound = bf16_error(bf16_norms(x.data(), d), bf16_norms(w.data(), d), d);
    const double error = (Z.array().cast<double>() - exact).abs().maxCoeff();
    EXPECT_LE(error, bound);
    EXPECT_GE(error, 0.9 * bound) << "a needless bound lets through needless units";
  }
}

// The choice is the batch's, not the machine's load: encode gives filtered codes where few fire.
TEST_F(FilteredCodes, AreWhatEncodeGivesWhereFewUnitsFire) {
  MatrixF W = normal(200, 70, 1);
  W.rowwise().normalize();
  const MatrixF X = normal(300, 70, 2);
  const auto rule = [](const Gate& gate) { return gate_rule<float>(gate, "test"); };
  EXPECT_FALSE(filter_pays(X, W, rule({model::Relu{}})));
  EXPECT_FALSE(filter_pays(X.topRows(100), W, rule({model::HardThreshold{2}})));
  for (const Gate& gate : {Gate{model::HardThreshold{2}}, Gate{model::TopK{3}}}) {
    ASSERT_TRUE(filter_pays(X, W, rule(gate)));
    SparseCodes<float> codes;
    encode<float>(X, W, gate, codes, pool_);
    EXPECT_TRUE(codes == filtered(X, W, gate));
  }
}

}  // namespace
}  // namespace twofold::ops
