// Every instruction set gives the bits of the plain loops. One that this machine lacks is skipped.
#include "ops/hadamard_kernels.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {
namespace {

using Kernels = HadamardKernels<float>;
using Floats = std::vector<float>;
using Bytes = std::vector<std::uint8_t>;

// Equality of bits; == would take 0 for -0.
::testing::AssertionResult same_bits(const Floats& a, const Floats& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << "sizes differ";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) {
      return ::testing::AssertionFailure() << a[i] << " and " << b[i] << " at " << i;
    }
  }
  return ::testing::AssertionSuccess();
}

Floats normal(std::size_t count, std::uint64_t index) {
  Floats x(count);
  RandomStream(2, "hadamard kernels test").fill_normal(index, std::span(x));
  return x;
}

// What one instruction set makes of one vector and one code. The places behind x, z and the code
// are part of the result: nothing may be written there.
struct Outcome {
  Floats forward, backward, decoded;
  Bytes code;
};

constexpr std::size_t kGuard = 32;

Outcome outcome(const Kernels& kernels, const HadamardPlan<float>& plan, std::uint64_t index) {
  const auto d = static_cast<std::size_t>(plan.dimension);
  const auto n = static_cast<std::size_t>(plan.code_length);
  // Vectors sized exactly: the address sanitizer sees a read beyond.
  const Floats x = normal(d, 2 * index), z = normal(n, 2 * index + 1);
  VectorF work = VectorF::Constant(work_size(plan), std::numeric_limits<float>::quiet_NaN());
  Outcome result{Floats(n + kGuard, 7), Floats(d + kGuard, 7), Floats(d + kGuard, 7),
                 Bytes(static_cast<std::size_t>(code_bytes(plan.code_length)) + kGuard, 7)};
  kernels.forward(plan, x.data(), result.forward.data(), x.data(), work.data());
  kernels.backward(plan, z.data(), result.backward.data(), x.data(), work.data());
  kernels.encode(plan, x.data(), result.code.data(), x.data(), work.data());
  const Bytes code(result.code.begin(), result.code.end() - kGuard);
  kernels.decode(plan, code.data(), result.decoded.data(), x.data(), work.data());
  return result;
}

class HadamardKernelsTest : public testing::TestWithParam<const Kernels* (*)() noexcept> {
 protected:
  void SetUp() override {
    if (GetParam()() == nullptr) GTEST_SKIP() << "not on this machine";
  }
};

void expect_same(const Kernels& kernels, Index d, Index n) {
  const HadamardPlan<float> plan(std::get<model::HadamardEncoder>(
      model::hadamard_encoder(d, n, static_cast<std::uint64_t>(d + n))));
  for (std::uint64_t index = 0; index < 2; ++index) {
    const Outcome plain = outcome(portable_hadamard_kernels<float>(), plan, index);
    const Outcome fast = outcome(kernels, plan, index);
    const std::string shape = "d = " + std::to_string(d) + ", n = " + std::to_string(n);
    EXPECT_TRUE(same_bits(fast.forward, plain.forward)) << "forward, " << shape;
    EXPECT_TRUE(same_bits(fast.backward, plain.backward)) << "backward, " << shape;
    EXPECT_TRUE(same_bits(fast.decoded, plain.decoded)) << "decode, " << shape;
    EXPECT_EQ(fast.code, plain.code) << "encode, " << shape;
  }
}

TEST_P(HadamardKernelsTest, TransformsHaveTheBitsOfThePlainLoops) {
  for (std::size_t size = 1; size <= 16384; size *= 2) {
    for (const auto transform : {&Kernels::narrow_to_wide, &Kernels::wide_to_narrow}) {
      Floats fast = normal(size, size), plain = fast;
      (GetParam()()->*transform)(fast.data(), size);
      (portable_hadamard_kernels<float>().*transform)(plain.data(), size);
      EXPECT_TRUE(same_bits(fast, plain)) << size;
    }
  }
}

TEST_P(HadamardKernelsTest, PowersOfTwoHaveTheBitsOfThePlainLoops) {
  for (Index m = 1; m <= 8192; m *= 2) {
    for (const Index other : {Index{1}, m / 3, m - 1, m}) {
      if (other < 1) continue;
      expect_same(*GetParam()(), m, other);  // cuts
      expect_same(*GetParam()(), other, m);  // pads
    }
  }
}

TEST_P(HadamardKernelsTest, MixedBlocksHaveTheBitsOfThePlainLoops) {
  for (const Index m : {3, 6, 20, 56, 48, 7 * 16, 5 * 128, 3 * 1024}) {
    expect_same(*GetParam()(), m, m);
    expect_same(*GetParam()(), m, m / 2);
    expect_same(*GetParam()(), m / 2, m);
  }
}

// 0, infinities, NaN: a transform gives NaN for both, and that must not depend on the registers.
TEST_P(HadamardKernelsTest, ExtremesGiveTheSameCodes) {
  const HadamardPlan<float> plan(
      std::get<model::HadamardEncoder>(model::hadamard_encoder(64, 64, 1)));
  const float huge = std::numeric_limits<float>::max();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float value : {0.0f, -0.0f, huge, infinity, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::denorm_min()}) {
    Floats x(64, 0.0f), work(256);
    x[5] = value;
    x[6] = -value;
    Bytes fast(8), plain(8);
    GetParam()()->encode(plan, x.data(), fast.data(), x.data(), work.data());
    portable_hadamard_kernels<float>().encode(plan, x.data(), plain.data(), x.data(), work.data());
    EXPECT_EQ(fast, plain) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Avx2, HadamardKernelsTest, testing::Values(&avx2_hadamard_kernels));
INSTANTIATE_TEST_SUITE_P(Avx512, HadamardKernelsTest, testing::Values(&avx512_hadamard_kernels));

}  // namespace
}  // namespace twofold::ops
