#include "twofold/core/large_memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

namespace twofold {
namespace {

TEST(LargeMemory, HoldsWhatAVectorHolds) {
  // Below a large page, one, and with a part of another.
  for (const std::size_t bytes :
       {std::size_t{12}, kLargePage - 4, kLargePage, 3 * kLargePage / 2}) {
    LargeVector<float> numbers(bytes / sizeof(float));
    std::iota(numbers.begin(), numbers.end(), 1.0F);
    const LargeVector<float> copy = numbers;
    EXPECT_EQ(copy.back(), static_cast<float>(numbers.size()));
    numbers.resize(numbers.size() + 2, 7.0F);
    EXPECT_EQ(numbers.back(), 7.0F);
    EXPECT_EQ(numbers.front(), 1.0F);
  }
}

TEST(LargeMemory, BeginsAtALargePage) {
  const LargeVector<std::uint16_t> numbers(kLargePage);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers.data()) % kLargePage, 0U);
}

}  // namespace
}  // namespace twofold
