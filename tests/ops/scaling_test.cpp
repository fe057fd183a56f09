// Huge and tiny numbers, also those below the least normal one. Multiplying samples by a power of
// two multiplies every number of an op by a power of two, and rounds nothing: the results must be
// those of ordinary samples, multiplied, to the bit.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/sparse_problem.hpp"
#include "ops/topk_problem.hpp"
#include "twofold/model/encoder.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/joint_step.hpp"
#include "twofold/ops/loss_gradient.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
class Scaling : public testing::Test {
 protected:
  static constexpr bool kFloat = std::same_as<Scalar, float>;
  // Of samples whose square is a number; 2^±60 is 1e±18.
  const std::vector<int> squares = kFloat ? std::vector{50, -50} : std::vector{400, -400};
  // On the grid, of sums of products with numbers of order 1; with the last two they are denormal.
  // At 2^-130 they are so in bfloat16 too, which processors take as 0; at 2^-140 they round to 0.
  const std::vector<int> exponents =
      kFloat ? std::vector{60, -60, -130, -140} : std::vector{500, -500, -1040, -1065};
  // Split products take parts of products below 2^-126 as 0.
  [[nodiscard]] std::vector<int> squares_for(FloatProducts products) const {
    return products == FloatProducts::SplitBf16 ? std::vector{50, -30} : squares;
  }
  static Scalar power(int exponent) { return std::ldexp(Scalar{1}, exponent); }
  ThreadPool pool{2};
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Scaling, Scalars);

template <typename Scalar>
SparseCodes<Scalar> times(Scalar factor, SparseCodes<Scalar> codes) {
  for (Scalar& v : codes.value) v *= factor;
  return codes;
}

// Thresholds are in units of the samples.
Gate times(double factor, Gate gate) {
  gate.bias *= factor;
  if (auto* hard = std::get_if<model::HardThreshold>(&gate.activation)) hard->lambda *= factor;
  if (auto* jump = std::get_if<model::JumpRelu>(&gate.activation)) jump->threshold *= factor;
  return gate;
}

// The larger size is screened by bfloat16 where the processor has it; few units fire.
TYPED_TEST(Scaling, OfSparseCodes) {
  using Scalar = TypeParam;
  std::vector<Gate> gates = kAllGates;
  gates.insert(gates.end(), {{model::HardThreshold{6}}, {model::JumpRelu{6}}, {model::Relu{}, -6}});
  for (const auto& [N, m, d] : {std::array<Index, 3>{7, 16, 7}, {300, 160, 65}}) {
    const SparseProblem<Scalar> p(N, m, d);
    for (const Gate& gate : gates) {
      const SparseCodes<Scalar> codes = encoded(p, gate, this->pool);
      for (const int exponent : this->exponents) {
        SparseProblem<Scalar> q = p;
        const Scalar a = this->power(exponent);
        q.X *= a;
        const Gate scaled = times(static_cast<double>(a), gate);
        EXPECT_TRUE(encoded(q, scaled, this->pool) == times(a, codes))
            << gate_name(gate) << " 2^" << exponent << " m=" << m;
      }
    }
  }
}

TYPED_TEST(Scaling, OfSparseGradientsAndDecodedCodes) {
  using Scalar = TypeParam;
  const SparseProblem<Scalar> p(70, 40, 23);
  for (const Gate& gate : kAllGates) {
    const SparseCodes<Scalar> codes = encoded(p, gate, this->pool);
    for (const int exponent : this->squares) {
      const Scalar a = this->power(exponent);
      const MatrixOf<Scalar> X = a * p.X;
      SparseCodes<Scalar> scaled = times(a, codes);
      MatrixOf<Scalar> G(40, 23), expected(40, 23), Xhat(70, 23), ordinary(70, 23);
      for (const auto kind : {TiedGradient::Approximate, TiedGradient::DecoderOnly}) {
        const double loss = tied_gradient<Scalar>(X, p.W, scaled, kind, G, this->pool);
        EXPECT_EQ(loss, static_cast<double>(a * a) *
                            tied_gradient<Scalar>(p.X, p.W, codes, kind, expected, this->pool));
        EXPECT_TRUE(G == a * a * expected) << gate_name(gate) << " 2^" << exponent;
      }
      decode<Scalar>(scaled, p.W, Xhat, this->pool);
      decode<Scalar>(codes, p.W, ordinary, this->pool);
      EXPECT_TRUE(Xhat == a * ordinary);
      SparseCodes<Scalar> fitted = codes;
      least_squares_codes<Scalar>(p.X, p.W, fitted, this->pool);
      least_squares_codes<Scalar>(X, p.W, scaled, this->pool);
      EXPECT_TRUE(scaled == times(a, fitted)) << gate_name(gate) << " 2^" << exponent;
    }
  }
}

TYPED_TEST(Scaling, OfTopKCodes) {
  using Scalar = TypeParam;
  for (const TopKSize& size : {TopKSize{33, 65, 31, 5}, TopKSize{300, 640, 64, 8}}) {
    const TopKProblem<Scalar> p(size);
    SparseCodes<Scalar> codes, scaled;
    topk_encode<Scalar>(p.weights, size.k, p.X, codes, this->pool);
    for (const int exponent : this->exponents) {
      const Scalar a = this->power(exponent);
      auto q = p;
      q.X *= a;
      q.weights.encoder_bias *= a;
      q.weights.decoder_bias *= a;
      topk_encode<Scalar>(q.weights, size.k, q.X, scaled, this->pool);
      EXPECT_TRUE(scaled == times(a, codes)) << "2^" << exponent << " m=" << size.m;
    }
  }
}

// With the auxiliary loss at work; its factor is the same.
TYPED_TEST(Scaling, OfTopKGradients) {
  using Scalar = TypeParam;
  for (const bool tied : {false, true}) {
    const TopKSize size{65, 33, 17, 4, tied};
    const TopKStepOptions options{.k = 4, .dead_after = 1000, .aux_weight = 0.5, .aux_k = 3};
    const TopKProblem<Scalar> p(size);
    const auto gradient_of = [&](const TopKProblem<Scalar>& q) {
      const auto state = state_with_dead_units(q.weights, options);
      TopKStep<Scalar> step(options);
      EXPECT_GT(step.forward(state, q.X, this->pool).dead, 0);
      model::TopKAutoencoder<Scalar> gradient;
      step.gradient(state, gradient, this->pool);
      return gradient;
    };
    auto expected = gradient_of(p);
    for (const int exponent : this->squares) {
      const Scalar a = this->power(exponent);
      auto q = p;
      q.X *= a;
      q.weights.encoder_bias *= a;
      q.weights.decoder_bias *= a;
      const auto gradient = gradient_of(q);
      EXPECT_TRUE(gradient.encoder == a * a * expected.encoder) << exponent;
      EXPECT_TRUE(gradient.decoder == a * a * expected.decoder) << exponent;
      EXPECT_TRUE(gradient.encoder_bias == a * expected.encoder_bias) << exponent;
      EXPECT_TRUE(gradient.decoder_bias == a * expected.decoder_bias) << exponent;
    }
  }
}

// Weights after a step, and the losses before and after it.
template <typename Scalar>
std::pair<model::Weights<Scalar>, double> moved(const Problem<Scalar>& p, TrainedFactors trained,
                                                FloatProducts products, Scalar rate) {
  ThreadPool pool(2);
  JointStep<Scalar> step(p.X, p.weights.neurons(), trained, products);
  model::Weights<Scalar> weights = p.weights;
  const double before = step.start(weights, pool);
  return {weights, before + step.advance(weights, {rate, 2 * rate}, pool)};
}

// Rates divided by the square move the weights by the same.
TYPED_TEST(Scaling, OfJointSteps) {
  using Scalar = TypeParam;
  const auto expect_same = [&](const Problem<Scalar>& p, TrainedFactors trained,
                               FloatProducts products) {
    const auto [weights, loss] = moved(p, trained, products, Scalar(1e-3));
    for (const int exponent : this->squares_for(products)) {
      const Scalar a = this->power(exponent);
      auto q = p;
      q.X *= a;
      const auto [scaled, scaled_loss] = moved(q, trained, products, Scalar(1e-3) / (a * a));
      EXPECT_TRUE(scaled.encoder == weights.encoder) << exponent;
      EXPECT_TRUE(scaled.decoder == weights.decoder) << exponent;
      EXPECT_EQ(scaled_loss, static_cast<double>(a * a) * loss);
    }
  };
  for (const FloatProducts products : all_products<Scalar>()) {
    const auto p = grid_problem<Scalar>({33, 17, 300, false});
    for (const TrainedFactors trained :
         {TrainedFactors::Encoder, TrainedFactors::Decoder, TrainedFactors::Both}) {
      expect_same(p, trained, products);
    }
    expect_same(grid_problem<Scalar>({33, 17, 300, true}), TrainedFactors::Both, products);
  }
}

TYPED_TEST(Scaling, OfGradients) {
  using Scalar = TypeParam;
  const Problem<Scalar> p = grid_problem<Scalar>({33, 17, 300, false});
  for (const FloatProducts products : all_products<Scalar>()) {
    Workspace<Scalar> workspace(33, 17, 300, products);
    for (const bool relu : {true, false}) {
      model::Weights<Scalar> gradient = zeros_like(p.weights), expected = gradient;
      const auto activation = [&](double a) -> model::Activation {
        return relu ? model::Activation(model::Relu{}) : model::HardThreshold{0.5 * a};
      };
      const double loss =
          loss_gradient(p.X, p.weights, activation(1), expected, workspace, this->pool);
      for (const int exponent : this->squares_for(products)) {
        const Scalar a = this->power(exponent);
        const MatrixOf<Scalar> X = a * p.X;
        const auto a_double = static_cast<double>(a);
        EXPECT_EQ(
            loss_gradient(X, p.weights, activation(a_double), gradient, workspace, this->pool),
            a_double * a_double * loss);
        EXPECT_TRUE(gradient.encoder == a * a * expected.encoder) << exponent;
        EXPECT_TRUE(gradient.decoder == a * a * expected.decoder) << exponent;
      }
    }
  }
}

TYPED_TEST(Scaling, OfPursuedCodes) {
  using Scalar = TypeParam;
  SparseProblem<Scalar> p(70, 40, 17);
  p.W.rowwise().normalize();
  SparseCodes<Scalar> codes, scaled;
  orthogonal_matching_pursuit<Scalar>(p.X, p.W, {5, 0.5}, codes, this->pool);
  for (const int exponent : this->squares) {
    const Scalar a = this->power(exponent);
    orthogonal_matching_pursuit<Scalar>(a * p.X, p.W, {5, 0.5 * static_cast<double>(a)}, scaled,
                                        this->pool);
    EXPECT_TRUE(scaled == times(a, codes)) << exponent;
  }
}

TYPED_TEST(Scaling, OfEncoders) {
  using Scalar = TypeParam;
  for (const auto& made : {model::hadamard_encoder(48, 80, 1), model::haar_encoder(48, 80, 1)}) {
    const EncoderOperator<Scalar> op(made);
    const MatrixOf<Scalar> X = grid_matrix<Scalar>(5, 48, "samples");
    VectorOf<Scalar> scratch;
    MatrixOf<Scalar> Z(5, 80), scaled(5, 80);
    std::vector<std::uint8_t> codes(50), scaled_codes(50);
    op.forward(X, Z, scratch);
    op.forward_bits(X, codes, scratch);
    for (const int exponent : this->squares) {
      const Scalar a = this->power(exponent);
      op.forward(a * X, scaled, scratch);
      op.forward_bits(a * X, scaled_codes, scratch);
      EXPECT_TRUE(scaled == a * Z) << exponent;
      EXPECT_EQ(scaled_codes, codes) << exponent;
    }
  }
}

}  // namespace
}  // namespace twofold::ops
