#include "twofold/ops/walsh_hadamard.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::ops {
namespace {

/// H x from the definition, H[i,j] = (-1)^{popcount(i & j)}.
template <typename Scalar>
std::vector<Scalar> dense(const std::vector<Scalar>& x) {
  std::vector<Scalar> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      y[i] += std::popcount(i & j) % 2 == 0 ? x[j] : -x[j];
    }
  }
  return y;
}

template <typename Scalar>
class WalshHadamard : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(WalshHadamard, Scalars);

TYPED_TEST(WalshHadamard, EqualsTheDenseMatrixExactlyOnIntegers) {
  const RandomStream stream(1, "walsh hadamard");
  for (std::size_t size = 1; size <= 2048; size *= 2) {
    std::vector<TypeParam> x(size);
    for (std::size_t i = 0; i < size; ++i) {
      x[i] = static_cast<TypeParam>(stream.below(2001, size + i)) - TypeParam{1000};
    }
    const auto expected = dense(x);
    walsh_hadamard(std::span(x));
    EXPECT_EQ(x, expected) << size;  // integers below 2^24: no rounding at all
  }
}

TYPED_TEST(WalshHadamard, TwiceIsTheLengthTimesTheIdentity) {
  std::vector<TypeParam> x(4096, 0);
  x[1234] = 3;
  x[7] = -5;
  const auto before = x;
  walsh_hadamard(std::span(x));
  walsh_hadamard(std::span(x));
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], 4096 * before[i]);
}

TEST(WalshHadamardLength, MustBeAPowerOfTwo) {
  std::vector<double> x(12);
  EXPECT_THROW(walsh_hadamard(std::span(x)), InvalidArgument);
  EXPECT_THROW(walsh_hadamard(std::span(x).first(0)), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
