#include "theory/transpose_blocked.hpp"

#include <gtest/gtest.h>

#include "tangent_samples.hpp"

namespace twofold::theory {
namespace {

template <typename Scalar>
void expect_transposed(Index rows, Index columns) {
  // Pieces of larger matrices, whose other entries stay.
  const MatrixOf<Scalar> from = normals(rows + 3, columns + 5, 1, "test").template cast<Scalar>();
  MatrixOf<Scalar> to = MatrixOf<Scalar>::Constant(columns + 2, rows + 1, Scalar(7));
  MatrixOf<Scalar> expected = to;
  expected.block(2, 1, columns, rows) = from.block(3, 5, rows, columns).transpose();
  transpose_blocked<Scalar>(from.block(3, 5, rows, columns), to.block(2, 1, columns, rows));
  EXPECT_EQ(to, expected) << rows << "x" << columns;
}

TEST(TransposeBlocked, IsExactForAnySize) {
  for (const Index rows : {1, 3, 7, 15, 16, 17, 31, 32, 33, 100}) {
    for (const Index columns : {1, 15, 16, 17, 33}) {
      expect_transposed<float>(rows, columns);
      expect_transposed<double>(rows, columns);
    }
  }
}

}  // namespace
}  // namespace twofold::theory
