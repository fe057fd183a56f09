#include <gtest/gtest.h>

#include <limits>

#include "ops/sparse_problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

struct Size {
  Index N, m, d;
};

// Around the 16 (8) numbers of a register, the 64 samples of a task, and large enough to be cut
// into tasks: 2 N m d > 4e6.
const std::vector<Size> kSizes = {
    {1, 1, 1},    {3, 7, 1},      {1, 15, 3},     {7, 16, 7},     {3, 17, 16},
    {5, 127, 64}, {63, 193, 165}, {64, 193, 165}, {65, 200, 165}, {129, 193, 165},
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

}  // namespace
}  // namespace twofold::ops
