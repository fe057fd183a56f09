#include "twofold/core/processor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "twofold/core/error.hpp"

namespace twofold {
namespace {

TEST(Processor, NamesAreThoseOfTheSets) {
  EXPECT_EQ(instructions_named("portable"), Instructions::Portable);
  EXPECT_EQ(instructions_named("amx_bf16"), Instructions::Amx);
  for (const std::string_view name : kInstructionNames) {
    EXPECT_EQ(instructions_name(instructions_named(name)), name);
  }
}

TEST(Processor, AWrongNameIsRefusedWithTheRightOnes) {
  for (const char* name : {"", "AVX2", "avx", "avx5122"}) {
    try {
      (void)instructions_named(name);
      FAIL() << name;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("TWOFOLD_INSTRUCTIONS must be portable, avx2"));
      EXPECT_THAT(error.what(), testing::HasSubstr("'" + std::string(name) + "'"));
    }
  }
}

TEST(Processor, HasAllSetsUpToTheLargestUsableOne) {
  EXPECT_TRUE(has(Instructions::Portable));
  for (int set = 1; set <= static_cast<int>(Instructions::Amx); ++set) {
    EXPECT_GE(has(static_cast<Instructions>(set - 1)), has(static_cast<Instructions>(set))) << set;
  }
  EXPECT_TRUE(has(usable_instructions()));
}

// Says something where the variable is set: ctest runs this program once more with each.
TEST(Processor, NothingAboveTheEnvironmentVariableIsUsed) {
  const char* most = std::getenv("TWOFOLD_INSTRUCTIONS");
  if (most == nullptr) GTEST_SKIP() << "TWOFOLD_INSTRUCTIONS is not set";
  EXPECT_LE(usable_instructions(), instructions_named(most));
}

}  // namespace
}  // namespace twofold
