#include "twofold/numerics/status.hpp"

#include <gtest/gtest.h>

namespace twofold::numerics {
namespace {

TEST(SolveStatus, EveryValueHasItsName) {
  EXPECT_EQ(to_string(SolveStatus::Converged), "converged");
  EXPECT_EQ(to_string(SolveStatus::MaxIterations), "max iterations");
  EXPECT_EQ(to_string(SolveStatus::Diverged), "diverged");
  EXPECT_EQ(to_string(SolveStatus::NonFinite), "non-finite");
}

}  // namespace
}  // namespace twofold::numerics
