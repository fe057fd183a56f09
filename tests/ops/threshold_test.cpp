// Inputs at the threshold, and one unit in the last place beside it: what fires is what the
// definition says. In bfloat16 all of them are the same number.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/sparse_problem.hpp"
#include "ops/topk_problem.hpp"
#include "twofold/ops/joint_step.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
class Threshold : public testing::Test {
 protected:
  static constexpr Scalar kThreshold = Scalar(0.1);

  // |z| is one entry of W: above the threshold for one unit in eight, below it for one in eight or
  // for all others, else the threshold itself; z of either sign.
  static SparseProblem<Scalar> problem(Index N, bool mostly_below) {
    constexpr Index kUnits = 640, kDimension = 64;
    SparseProblem<Scalar> p(N, kUnits, kDimension);
    p.X = grid_matrix<Scalar>(N, kDimension, "signs").unaryExpr([](Scalar x) {
      return x < 0 ? Scalar{-1} : Scalar{1};
    });
    p.W.setZero();
    for (Index i = 0; i < kUnits; ++i) {
      const Index kind = i * 5 % 8;
      const bool below = mostly_below ? kind > 1 : kind == 1;
      p.W(i, i % kDimension) = kind == 0 ? std::nextafter(kThreshold, Scalar{1})
                               : below   ? std::nextafter(kThreshold, Scalar{0})
                                         : kThreshold;
    }
    return p;
  }

  ThreadPool pool{2};
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Threshold, Scalars);

// With 300 samples float is screened by bfloat16, where the processor has it and few units fire.
TYPED_TEST(Threshold, OfEveryGate) {
  using Scalar = TypeParam;
  const double threshold = static_cast<double>(this->kThreshold);
  for (const Index N : {33, 300}) {
    for (const bool mostly_below : {false, true}) {
      const auto p = this->problem(N, mostly_below);
      for (const Gate& gate : std::vector<Gate>{{model::HardThreshold{threshold}},
                                                {model::JumpRelu{threshold}},
                                                {model::Relu{}, -threshold},
                                                {model::TopK{20}},
                                                {model::TopK{20}, 0, true}}) {
        SparseCodes<Scalar> expected;
        reference::encode<Scalar>(p.X, p.W, gate, expected);
        ASSERT_GT(expected.size(), 0);
        EXPECT_TRUE(encoded(p, gate, this->pool) == expected) << gate_name(gate) << " N=" << N;
      }
    }
  }
}

TYPED_TEST(Threshold, OfTheLargestUnits) {
  using Scalar = TypeParam;
  for (const Index N : {33, 300}) {
    for (const bool mostly_below : {false, true}) {
      const auto p = this->problem(N, mostly_below);
      model::TopKAutoencoder<Scalar> weights;
      weights.encoder = p.W;
      for (const Index k : {1, 7, 20}) {
        SparseCodes<Scalar> expected, codes;
        reference::encode<Scalar>(p.X, p.W, {model::TopK{k}, 0, true}, expected);
        topk_encode<Scalar>(weights, k, p.X, codes, this->pool);
        EXPECT_TRUE(codes == expected) << "k=" << k << " N=" << N;
      }
    }
  }
}

// Orthogonal to all samples, to the last bit: no neuron fires, so none moves.
TYPED_TEST(Threshold, OfNeuronsThatAreExactlyAtZero) {
  using Scalar = TypeParam;
  for (const bool tied : {false, true}) {
    auto p = grid_problem<Scalar>({33, 18, 300, tied});
    p.X.leftCols(9).setZero();
    p.weights.encoder.rightCols(9).setZero();
    model::Weights<Scalar> moved = p.weights;
    for (const auto trained :
         {TrainedFactors::Encoder, TrainedFactors::Decoder, TrainedFactors::Both}) {
      if (tied && trained != TrainedFactors::Both) continue;
      for (const FloatProducts products : all_products<Scalar>()) {
        JointStep<Scalar> step(p.X, 300, trained, products);
        const double loss = step.start(moved, this->pool);
        EXPECT_EQ(step.advance(moved, {1, 1}, this->pool), loss);
        EXPECT_TRUE(moved.encoder == p.weights.encoder && moved.decoder == p.weights.decoder);
      }
    }
  }
}

}  // namespace
}  // namespace twofold::ops
