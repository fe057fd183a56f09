#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/sparse_problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

struct Size {
  Index N, m, d;
};

// Around the 16 (8) numbers of a register, the 64 samples of a task, and large enough to be cut
// into tasks: 2 N m d > 4e6; around 4096 samples, which are encoded at a time.
const std::vector<Size> kSizes = {
    {1, 1, 1},       {3, 7, 1},    {1, 15, 3},     {7, 16, 7},     {3, 17, 16},
    {15, 31, 33},    {16, 32, 31}, {17, 33, 32},   {31, 3, 15},    {32, 1, 17},
    {33, 7, 3},      {5, 127, 64}, {63, 193, 165}, {64, 193, 165}, {65, 200, 165},
    {129, 193, 165}, {4095, 5, 3}, {4096, 5, 3},   {4097, 5, 3},
};

template <typename Scalar>
class SparseEncodeTest : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SparseEncodeTest, Scalars);

// All products and sums are exact on the grid: not a bit may differ, ties included.
TYPED_TEST(SparseEncodeTest, AgreesWithTheReferenceToTheBit) {
  ThreadPool pool(2);
  for (const auto& [N, m, d] : kSizes) {
    const SparseProblem<TypeParam> p(N, m, d);
    for (const Gate& gate : kAllGates) {
      SparseCodes<TypeParam> expected;
      reference::encode<TypeParam>(p.X, p.W, gate, expected);
      EXPECT_TRUE(encoded(p, gate, pool) == expected)
          << gate_name(gate) << " N=" << N << " m=" << m << " d=" << d;
    }
  }
}

// Entries that rounding moves: only equality of bits shows that the tasks do not depend on the
// threads. More rows than are worked on at a time.
TYPED_TEST(SparseEncodeTest, DoesNotDependOnTheThreads) {
  SparseProblem<TypeParam> p(4200, 70, 23);
  p.X *= TypeParam(0.3);
  p.W *= TypeParam(0.7);
  ThreadPool one(1), two(2), three(3), eight(8);
  for (const Gate& gate : kAllGates) {
    const SparseCodes<TypeParam> expected = encoded(p, gate, one);
    for (ThreadPool* pool : {&two, &three, &eight}) {
      EXPECT_TRUE(encoded(p, gate, *pool) == expected) << gate_name(gate);
    }
  }
}

// One sample x = 1 and atoms of dimension 1: the inputs are the atoms themselves.
SparseCodes<double> codes_of(const std::vector<double>& z, const Gate& gate) {
  const Matrix X = Matrix::Ones(1, 1);
  const Eigen::Map<const Matrix> W(z.data(), std::ssize(z), 1);
  SparseCodes<double> codes;
  ThreadPool pool;
  encode<double>(X, W, gate, codes, pool);
  return codes;
}

using Places = std::vector<std::int32_t>;

TEST(SparseEncode, FollowsTheDefinitionOfEachGate) {
  const std::vector<double> z{-2, -1, 0, 0.5, 1, 2};
  EXPECT_EQ(codes_of(z, {model::HardThreshold{1}}).index, (Places{0, 1, 4, 5}));
  EXPECT_EQ(codes_of(z, {model::JumpRelu{1}}).index, (Places{5}));
  EXPECT_EQ(codes_of(z, {model::Relu{}}).index, (Places{3, 4, 5}));
  const SparseCodes<double> shifted = codes_of(z, {model::Relu{}, -0.5});
  EXPECT_EQ(shifted.index, (Places{4, 5}));
  EXPECT_EQ(shifted.value, (std::vector{0.5, 1.5}));
  EXPECT_EQ(codes_of(z, {model::TopK{3}}).index, (Places{0, 1, 5}));
  EXPECT_EQ(codes_of(z, {model::TopK{2}, 0, true}).index, (Places{4, 5}));
  EXPECT_EQ(codes_of(z, {model::TopK{9}, 0, true}).index, (Places{3, 4, 5}));
  EXPECT_EQ(codes_of(z, {model::TopK{9}}).index, (Places{0, 1, 2, 3, 4, 5}));
}

// As model::TopK, which the dense ops use; 40 equal inputs are more than a register holds.
TEST(SparseEncode, LargestCodesAreThoseOfTheActivation) {
  std::vector<double> z(40, 1.0);
  z[39] = -3;
  EXPECT_EQ(codes_of(z, {model::TopK{3}}).index, (Places{0, 1, 39}));
  std::vector<double> value(z.size()), slope(z.size());
  model::TopK{3}.apply_row(z, value, slope);
  for (const std::int32_t i : {0, 1, 39}) EXPECT_EQ(slope[static_cast<std::size_t>(i)], 1.0);
}

TEST(SparseEncode, KeepsNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> z(100, 0.1);
  z[50] = nan;
  for (const Gate& gate :
       {Gate{model::Relu{}, -0.5}, Gate{model::HardThreshold{1}}, Gate{model::JumpRelu{1}},
        Gate{model::TopK{1}}, Gate{model::TopK{1}, 0, true}}) {
    EXPECT_EQ(codes_of(z, gate).index, (Places{50})) << gate_name(gate);
  }
}

TEST(SparseEncode, NothingFiresBelowTheThreshold) {
  const SparseCodes<double> codes = codes_of({0.5, -0.5}, {model::HardThreshold{1}});
  EXPECT_EQ(codes.size(), 0);
  EXPECT_EQ(codes.rows(), 1);
}

TEST(SparseEncode, NoSamplesGiveNoCodes) {
  SparseCodes<double> codes;
  ThreadPool pool;
  encode<double>(Matrix(0, 3), Matrix::Ones(2, 3), {}, codes, pool);
  EXPECT_EQ(codes.rows(), 0);
  EXPECT_EQ(codes.atoms, 2);
}

TEST(SparseEncode, RefusesWhatIsOutsideItsDomain) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Gate& gate :
       {Gate{model::Tanh{}}, Gate{model::Relu{}, 0.5}, Gate{model::Relu{}, nan},
        Gate{model::HardThreshold{1}, -0.5}, Gate{model::HardThreshold{-1}},
        Gate{model::HardThreshold{1}, 0, true}, Gate{model::JumpRelu{nan}}, Gate{model::TopK{0}}}) {
    EXPECT_THROW((void)codes_of({1.0}, gate), InvalidArgument) << gate_name(gate);
  }
  SparseCodes<double> codes;
  ThreadPool pool;
  EXPECT_THROW(encode<double>(Matrix::Ones(2, 3), Matrix::Ones(2, 4), {}, codes, pool),
               InvalidArgument);
  EXPECT_THROW(encode<double>(Matrix::Ones(2, 3), Matrix(0, 3), {}, codes, pool), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
