// The ops allocate nothing once a workspace exists.
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "ops/problem.hpp"
#include "ops/sparse_problem.hpp"
#include "ops/topk_problem.hpp"
#include "support/allocations.hpp"
#include "twofold/ops/descent_step.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/joint_step.hpp"
#include "twofold/ops/loss_gradient.hpp"
#include "twofold/ops/packed_bits.hpp"

// Problems are so large that the products of a block of neurons are a million multiplications and
// more, or very small: between, OpenBLAS allocates on some processors.

namespace twofold::ops {
namespace {

TEST(Allocation, TheCounterCounts) {
  const long before = test::allocations();
  const Workspace<float> workspace(1, 1, 1);
  // One operator new for the buffers, and one malloc or calloc for each of six matrices.
  EXPECT_EQ(test::allocations() - before, 7);
}

template <typename Scalar>
void expect_no_allocation(const Shape& shape, const model::Activation& a,
                          FloatProducts products = FloatProducts::Float) {
  const Problem<Scalar> p = grid_problem<Scalar>(shape);
  ThreadPool pool(2);
  Workspace<Scalar> workspace(shape.samples, shape.d, shape.neurons, products);
  model::Weights<Scalar> gradient = zeros_like(p.weights);
  MatrixOf<Scalar> Xhat(shape.samples, shape.d);
  const auto work = [&] {
    (void)loss_gradient(p.X, p.weights, a, gradient, workspace, pool);
    (void)loss(p.X, p.weights, a, workspace, pool);
    reconstruct(p.X, p.weights, a, Xhat, workspace, pool);
  };
  work();  // the first product of a thread lets the BLAS make its own buffer
  const long before = test::allocations();
  work();
  EXPECT_EQ(test::allocations() - before, 0) << activation_name(a) << " n=" << shape.neurons;
}

TEST(Allocation, NothingInsideStructuredEncoders) {
  for (const Index n : {32, 64, 100, 128}) {  // cut, whole, blocks of 4 mixed, padded
    const EncoderOperator<float> encoder(model::hadamard_encoder(64, n, 1));
    MatrixF X = MatrixF::Ones(3, 64), Z(3, n);
    VectorF scratch;
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(3 * code_bytes(n)));
    encoder.forward(X, Z, scratch);  // makes the scratch
    const long before = test::allocations();
    encoder.forward(X, Z, scratch);
    encoder.backward(Z, X, scratch);
    encoder.forward_bits(X, codes, scratch);
    encoder.backward_bits(codes, X, scratch);
    EXPECT_EQ(test::allocations() - before, 0) << n;
  }
}

template <typename Scalar>
void expect_no_allocation_in_joint_steps(bool tied, TrainedFactors trained,
                                         FloatProducts products = FloatProducts::Float) {
  Problem<Scalar> p = grid_problem<Scalar>({130, 64, 1700, tied});
  ThreadPool pool(2);
  JointStep<Scalar> step(p.X, 1700, trained, products);
  const auto work = [&] { (void)step.advance(p.weights, {Scalar(1e-3), Scalar(1e-3)}, pool); };
  (void)step.start(p.weights, pool);
  work();
  const long before = test::allocations();
  work();
  EXPECT_EQ(test::allocations() - before, 0) << tied << static_cast<int>(trained);
}

TEST(Allocation, NothingInsideJointSteps) {
  for (const auto trained :
       {TrainedFactors::Encoder, TrainedFactors::Decoder, TrainedFactors::Both}) {
    expect_no_allocation_in_joint_steps<float>(false, trained);
    expect_no_allocation_in_joint_steps<float>(false, trained, FloatProducts::SplitBf16);
    expect_no_allocation_in_joint_steps<double>(false, trained);
  }
  expect_no_allocation_in_joint_steps<float>(true, TrainedFactors::Both);
  expect_no_allocation_in_joint_steps<float>(true, TrainedFactors::Both, FloatProducts::SplitBf16);
  expect_no_allocation_in_joint_steps<double>(true, TrainedFactors::Both);
}

TEST(Allocation, NothingInsideDescentSteps) {
  for (const FloatProducts products : {FloatProducts::Float, FloatProducts::SplitBf16}) {
    // OpenBLAS allocates in products of fewer than a million multiplications.
    Problem<float> p = grid_problem<float>({130, 64, 700});
    ThreadPool pool(2);
    DescentStep<float> step(130, 64, 700, products);
    MatrixF no_velocity;
    const auto work = [&] {
      (void)step.loss(p.X, p.weights, model::Relu{}, pool);
      step.descend(p.weights, {.step = 1.0F, .decay = 0.1F}, no_velocity, pool);
    };
    work();
    const long before = test::allocations();
    work();
    EXPECT_EQ(test::allocations() - before, 0);
  }
}

TEST(Allocation, NothingInsideTheOps) {
  for (const model::Activation& a : kAllActivations) {
    for (const bool bias : {true, false}) {
      expect_no_allocation<float>({6, 5, 7, true, bias}, a);
      expect_no_allocation<float>({130, 64, 700, true, bias}, a);
      expect_no_allocation<double>({130, 64, 700, false, bias}, a);
    }
    expect_no_allocation<float>({70, 24, 700, false, true}, a, FloatProducts::SplitBf16);
  }
}

// Once the caller's arrays and the thread's scratch are long enough.
TEST(Allocation, NothingInsideTheOpsOnSparseCodes) {
  for (const Gate& gate : kAllGates) {
    const SparseProblem<float> p(300, 70, 101);
    ThreadPool pool(1);  // with more, chance decides which thread sees the largest task
    SparseCodes<float> codes;
    MatrixF G(70, 101), Xhat(300, 101);
    const auto work = [&] {
      encode<float>(p.X, p.W, gate, codes, pool);
      for (const auto kind :
           {TiedGradient::Approximate, TiedGradient::DecoderOnly, TiedGradient::Sign}) {
        (void)tied_gradient<float>(p.X, p.W, codes, kind, G, pool);
      }
      decode<float>(codes, p.W, Xhat, pool);
      encode_on_support<float>(p.X, p.W, 0, codes, pool);
    };
    work();
    const long before = test::allocations();
    work();
    EXPECT_EQ(test::allocations() - before, 0) << gate_name(gate);
  }
}

// With the auxiliary loss at work, screened by bfloat16 or not.
TEST(Allocation, NothingInsideTopKSteps) {
  for (const Index N : {40, 300}) {
    const auto p = normal_topk_problem<float>({N, 1024, 64, 8});
    for (const auto optimizer : {TopKOptimizer::Sgd, TopKOptimizer::Adam}) {
      const TopKStepOptions options{.k = 8, .optimizer = optimizer, .dead_after = 100};
      ThreadPool pool(1);
      auto state = state_with_dead_units(p.weights, options);
      TopKStep<float> step(options);
      const auto work = [&] {
        EXPECT_GT(step.forward(state, p.X, pool).dead, 0);
        step.update(state, 1e-6, pool);
      };
      for (int t = 0; t < 3; ++t) work();
      const long before = test::allocations();
      work();
      EXPECT_EQ(test::allocations() - before, 0) << N;
    }
  }
}

}  // namespace
}  // namespace twofold::ops
