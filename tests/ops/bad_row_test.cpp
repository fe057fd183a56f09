// A sample with a NaN, an infinity, or numbers whose products overflow spoils its own results only:
// those of the other samples keep their bits.
#include <gtest/gtest.h>

#include <limits>

#include "ops/sparse_problem.hpp"
#include "ops/topk_problem.hpp"
#include "twofold/model/encoder.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/joint_step.hpp"
#include "twofold/ops/loss_gradient.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::ops {
namespace {

constexpr Index kBad = 29;  // the sample

template <typename Scalar>
class BadRow : public testing::Test {
 protected:
  // X with a NaN, an infinity, two of either sign, and as large as can be.
  static std::vector<MatrixOf<Scalar>> spoilt(const MatrixOf<Scalar>& X) {
    using Limits = std::numeric_limits<Scalar>;
    std::vector<MatrixOf<Scalar>> all(4, X);
    all[0](kBad, X.cols() / 2) = Limits::quiet_NaN();
    all[1](kBad, X.cols() / 2) = Limits::infinity();
    all[2](kBad, 0) = -Limits::infinity();
    all[2](kBad, X.cols() - 1) = Limits::infinity();
    all[3].row(kBad).setConstant(Limits::max());
    return all;
  }

  template <typename A, typename B>
  static bool same_elsewhere(const A& a, const B& b) {
    return a.topRows(kBad) == b.topRows(kBad) &&
           a.bottomRows(a.rows() - kBad - 1) == b.bottomRows(b.rows() - kBad - 1);
  }

  static bool same_elsewhere(SparseCodes<Scalar> a, SparseCodes<Scalar> b) {
    cut(a);
    cut(b);
    return a == b;
  }

  ThreadPool pool{2};

 private:
  static void cut(SparseCodes<Scalar>& codes) {
    const auto from = codes.offset[kBad], count = codes.offset[kBad + 1] - from;
    codes.index.erase(codes.index.begin() + from, codes.index.begin() + from + count);
    codes.value.erase(codes.value.begin() + from, codes.value.begin() + from + count);
    for (std::size_t s = kBad + 1; s < codes.offset.size(); ++s) codes.offset[s] -= count;
  }
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(BadRow, Scalars);

TYPED_TEST(BadRow, OfDenseOps) {
  using Scalar = TypeParam;
  const auto expect_same = [&](const Problem<Scalar>& p, const model::Activation& a,
                               FloatProducts products) {
    Workspace<Scalar> workspace(70, 24, 300, products);
    MatrixOf<Scalar> expected(70, 24), Xhat(70, 24);
    reconstruct(p.X, p.weights, a, expected, workspace, this->pool);
    for (const auto& X : this->spoilt(p.X)) {
      reconstruct(X, p.weights, a, Xhat, workspace, this->pool);
      EXPECT_TRUE(this->same_elsewhere(Xhat, expected)) << model::activation_name(a);
    }
  };
  for (const FloatProducts products : all_products<Scalar>()) {
    for (const model::Activation& a : kAllActivations) {
      for (const bool bias : {false, true}) {
        expect_same(grid_problem<Scalar>({70, 24, 300, false, bias}), a, products);
      }
    }
  }
}

TYPED_TEST(BadRow, OfJointSteps) {
  using Scalar = TypeParam;
  const auto p = grid_problem<Scalar>({70, 24, 300, false});
  for (const FloatProducts products : all_products<Scalar>()) {
    JointStep<Scalar> step(p.X, 300, TrainedFactors::Both, products);
    (void)step.start(p.weights, this->pool);
    for (const auto& X : this->spoilt(p.X)) {
      JointStep<Scalar> spoilt(X, 300, TrainedFactors::Both, products);
      (void)spoilt.start(p.weights, this->pool);
      EXPECT_TRUE(this->same_elsewhere(spoilt.residual(), step.residual()));
    }
  }
}

// The larger size is screened by bfloat16 where the processor has it.
TYPED_TEST(BadRow, OfSparseCodes) {
  using Scalar = TypeParam;
  for (const auto& [N, m] : {std::pair<Index, Index>{70, 40}, {300, 160}}) {
    const SparseProblem<Scalar> p(N, m, 65);
    for (const Gate& gate : kAllGates) {
      const SparseCodes<Scalar> expected = encoded(p, gate, this->pool);
      for (const auto& X : this->spoilt(p.X)) {
        SparseProblem<Scalar> q = p;
        q.X = X;
        const SparseCodes<Scalar> codes = encoded(q, gate, this->pool);
        EXPECT_TRUE(this->same_elsewhere(codes, expected)) << gate_name(gate) << " m=" << m;
        if (X.array().isFinite().all()) continue;  // what overflows depends on the order of sums
        SparseCodes<Scalar> wanted;
        reference::encode<Scalar>(X, p.W, gate, wanted);
        EXPECT_TRUE(codes.index == wanted.index) << gate_name(gate) << " m=" << m;
      }
    }
  }
}

TYPED_TEST(BadRow, OfValuesOnASupport) {
  using Scalar = TypeParam;
  const SparseProblem<Scalar> p(70, 40, 23);
  SparseCodes<Scalar> values = encoded(p, {model::TopK{4}}, this->pool), fitted = values;
  encode_on_support<Scalar>(p.X, p.W, 0, values, this->pool);
  least_squares_codes<Scalar>(p.X, p.W, fitted, this->pool);
  MatrixOf<Scalar> expected(70, 23), Xhat(70, 23);
  decode<Scalar>(values, p.W, expected, this->pool);
  for (const auto& X : this->spoilt(p.X)) {
    SparseCodes<Scalar> codes = values;
    least_squares_codes<Scalar>(X, p.W, codes, this->pool);
    EXPECT_TRUE(this->same_elsewhere(codes, fitted));
    encode_on_support<Scalar>(X, p.W, 0, codes, this->pool);
    EXPECT_TRUE(this->same_elsewhere(codes, values));
    decode<Scalar>(codes, p.W, Xhat, this->pool);
    EXPECT_TRUE(this->same_elsewhere(Xhat, expected));
  }
}

TYPED_TEST(BadRow, OfTopKCodes) {
  using Scalar = TypeParam;
  for (const TopKSize& size : {TopKSize{70, 40, 23, 4}, TopKSize{300, 1024, 64, 8}}) {
    const auto p = normal_topk_problem<Scalar>(size);
    SparseCodes<Scalar> expected, codes;
    topk_encode<Scalar>(p.weights, size.k, p.X, expected, this->pool);
    for (const auto& X : this->spoilt(p.X)) {
      topk_encode<Scalar>(p.weights, size.k, X, codes, this->pool);
      EXPECT_TRUE(this->same_elsewhere(codes, expected)) << size.m;
    }
  }
}

TYPED_TEST(BadRow, OfPursuedCodes) {
  using Scalar = TypeParam;
  SparseProblem<Scalar> p(70, 40, 23);
  p.W.rowwise().normalize();
  SparseCodes<Scalar> expected, codes;
  orthogonal_matching_pursuit<Scalar>(p.X, p.W, {4}, expected, this->pool);
  for (const auto& X : this->spoilt(p.X)) {
    orthogonal_matching_pursuit<Scalar>(X, p.W, {4}, codes, this->pool);
    EXPECT_TRUE(this->same_elsewhere(codes, expected));
  }
}

TYPED_TEST(BadRow, OfEncoders) {
  using Scalar = TypeParam;
  for (const auto& made : {model::hadamard_encoder(48, 80, 1), model::haar_encoder(48, 80, 1)}) {
    const EncoderOperator<Scalar> op(made);
    const MatrixOf<Scalar> good = grid_matrix<Scalar>(70, 48, "samples");
    const auto signs = [&](const MatrixOf<Scalar>& X) {
      std::vector<std::uint8_t> codes(70 * 10);
      encode(this->pool, op, X, codes);
      return unpack_codes<Scalar>(codes, 80);
    };
    VectorOf<Scalar> scratch;
    MatrixOf<Scalar> expected(70, 80), Z(70, 80);
    op.forward(good, expected, scratch);
    for (const auto& X : this->spoilt(good)) {
      op.forward(X, Z, scratch);
      EXPECT_TRUE(this->same_elsewhere(Z, expected));
      EXPECT_TRUE(this->same_elsewhere(signs(X), signs(good)));
    }
  }
}

}  // namespace
}  // namespace twofold::ops
