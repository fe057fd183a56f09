#include <gtest/gtest.h>

#include "ops/sparse_problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

constexpr TiedGradient kAllKinds[] = {TiedGradient::Approximate, TiedGradient::DecoderOnly,
                                      TiedGradient::Sign};

struct Size {
  Index N, m, d;
};
const std::vector<Size> kSizes = {
    {1, 1, 1}, {3, 7, 1}, {7, 16, 7}, {3, 17, 16}, {5, 127, 65}, {65, 193, 165}, {300, 40, 257},
};

template <typename Scalar>
class TiedGradientTest : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TiedGradientTest, Scalars);

TYPED_TEST(TiedGradientTest, AgreesWithTheReference) {
  ThreadPool pool(2);
  for (const auto& [N, m, d] : kSizes) {
    const SparseProblem<TypeParam> p(N, m, d);
    for (const Gate& gate : kAllGates) {
      const SparseCodes<TypeParam> codes = encoded(p, gate, pool);
      for (const TiedGradient kind : kAllKinds) {
        MatrixOf<TypeParam> G(m, d), expected(m, d);
        const double loss = tied_gradient<TypeParam>(p.X, p.W, codes, kind, G, pool);
        const double loss_expected =
            reference::tied_gradient<TypeParam>(p.X, p.W, codes, kind, expected);
        // Rounding of sums of at most N + m + d terms, relative to their size.
        const double tolerance = static_cast<double>(N + m + d) *
                                 static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
        EXPECT_NEAR(loss, loss_expected, tolerance * (loss_expected + 1)) << gate_name(gate);
        EXPECT_LE(static_cast<double>((G - expected).norm()),
                  tolerance * static_cast<double>(expected.norm() + 1))
            << gate_name(gate) << " N=" << N << " m=" << m << " d=" << d;
      }
    }
  }
}

}  // namespace
}  // namespace twofold::ops
