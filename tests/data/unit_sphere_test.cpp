#include "twofold/data/unit_sphere.hpp"

#include <cmath>

#include "support.hpp"

namespace twofold::data {
namespace {

TEST(UnitSphere, RowsHaveNormOne) {
  const UnitSphere source(7, 3);
  // d roundings of eps each; in float half an ulp per element.
  EXPECT_LT((rows_of(source, 200).rowwise().norm().array() - 1.0).abs().maxCoeff(), 1e-15 * 7);
  EXPECT_LT(
      (rows_of<float>(source, 200).cast<double>().rowwise().norm().array() - 1.0).abs().maxCoeff(),
      1e-7);
}

// E x = 0 and E x xᵀ = I/d. For x uniform on the sphere E x_j⁴ = 3/(d(d+2)) and
// E x_j² x_k² = 1/(d(d+2)); 5 standard errors, fixed seed.
TEST(UnitSphere, IsIsotropic) {
  constexpr Index d = 5, n = 40'000;
  const Matrix rows = rows_of(UnitSphere(d, 4), n);
  const Matrix second = rows.transpose() * rows / n;
  const double fourth = 1.0 / (d * (d + 2.0));
  for (Index j = 0; j < d; ++j) {
    EXPECT_NEAR(rows.col(j).mean(), 0.0, 5 * std::sqrt(1.0 / (d * 1.0 * n)));
    for (Index k = 0; k < d; ++k) {
      const double variance = j == k ? 3 * fourth - 1.0 / (d * d) : fourth;
      EXPECT_NEAR(second(j, k), j == k ? 1.0 / d : 0.0, 5 * std::sqrt(variance / n));
    }
  }
}

TEST(UnitSphere, IsAFunctionOfSeedSplitAndNumber) {
  const UnitSphere source(6, 3), other(6, 3, "test");
  const Matrix rows = rows_of(source, 20);
  EXPECT_EQ(rows_of(source, 4, 9), rows.middleRows(9, 4));
  EXPECT_NE(rows_of(other, 20), rows);
  expect_throw<InvalidArgument>([] { UnitSphere(0, 1); }, {"dimension", "0"});
}

}  // namespace
}  // namespace twofold::data
