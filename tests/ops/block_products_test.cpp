// Every implementation of BlockProducts against plain loops in double.
#include "ops/block_products.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "ops/problem.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
std::vector<Scalar> packed(const MatrixOf<Scalar>& R, const BlockProducts<Scalar>& products) {
  const PanelLayout layout{products.panel, products.lanes, R.rows(), R.cols()};
  std::vector<Scalar> panels(static_cast<std::size_t>(layout.size()));
  for (Index k = 0; k < R.rows(); ++k) {
    for (Index j = 0; j < R.cols(); ++j) {
      panels[static_cast<std::size_t>(layout.place(k, j))] = R(k, j);
    }
  }
  return panels;
}

template <typename Scalar>
MatrixOf<Scalar> expected(const MatrixOf<Scalar>& L, const MatrixOf<Scalar>& R, Scalar factor,
                          Finish finish, const MatrixOf<Scalar>& C, const MatrixOf<Scalar>& mask) {
  Matrix P = double{factor} * (L.template cast<double>() * R.template cast<double>());
  if (finish == Finish::Add) P += C.template cast<double>();
  if (finish == Finish::Relu) P = P.cwiseMax(0.0);
  if (finish == Finish::Mask) P = (mask.array() > 0).select(P.array(), 0.0);
  return P.template cast<Scalar>();
}

// Entries k/4, |k| <= 4, and a factor of 1/2: every sum is exact, in any order, so results must be
// equal. C stands in the middle of a larger matrix, whose frame must stay as it is.
template <typename Scalar>
void expect_exact(const BlockProducts<Scalar>& products, Index rows, Index columns, Index inner) {
  const MatrixOf<Scalar> L = grid_matrix<Scalar>(rows, inner, "left");
  const MatrixOf<Scalar> Lt = L.transpose();
  const MatrixOf<Scalar> R = grid_matrix<Scalar>(inner, columns, "right");
  const std::vector<Scalar> panels = packed(R, products);
  const MatrixOf<Scalar> frame = grid_matrix<Scalar>(rows + 2, columns + 5, "frame");
  const MatrixOf<Scalar> mask = grid_matrix<Scalar>(rows + 2, columns + 5, "mask");
  for (const Finish finish : {Finish::Store, Finish::Add, Finish::Relu, Finish::Mask}) {
    MatrixOf<Scalar> wanted = frame;
    wanted.block(1, 2, rows, columns) =
        expected<Scalar>(L, R, Scalar(0.5), finish, frame.block(1, 2, rows, columns),
                         mask.block(1, 2, rows, columns));
    for (const bool transposed : {false, true}) {
      for (const bool in_panels : {false, true}) {
        MatrixOf<Scalar> C = frame;
        products.multiply({rows, columns, inner, transposed ? Lt.data() : L.data(),
                           transposed ? 1 : inner, transposed ? rows : 1,
                           in_panels ? panels.data() : R.data(), in_panels ? 0 : columns,
                           Scalar(0.5), finish, &C(1, 2), columns + 5, &mask(1, 2)});
        EXPECT_TRUE(C == wanted) << products.name << " " << rows << "x" << columns << "x" << inner
                                 << " finish " << static_cast<int>(finish) << transposed
                                 << in_panels;
      }
    }
  }
}

template <typename Scalar>
void expect_exact_for_all_shapes(const BlockProducts<Scalar>& products) {
  for (const Index rows : {1, 5, 6, 7, 13}) {
    for (const Index columns : {1, 15, 16, 17, 47, 63, 64, 65, 130}) {
      for (const Index inner : {1, 2, 37}) expect_exact(products, rows, columns, inner);
    }
  }
}

TEST(BlockProducts, AreExactWhereRoundingCannotMatter) {
  expect_exact_for_all_shapes(blas_block_products<float>());
  expect_exact_for_all_shapes(blas_block_products<double>());
  if (const auto* products = avx512_block_products()) expect_exact_for_all_shapes(*products);
}

TEST(BlockProducts, KeepNaN) {
  for (const auto* products : {&blas_block_products<float>(), avx512_block_products()}) {
    if (products == nullptr) continue;
    const float left = std::numeric_limits<float>::quiet_NaN(), right = 1;
    float out = 0;
    products->multiply({1, 1, 1, &left, 1, 1, &right, 1, 1, Finish::Relu, &out, 1});
    EXPECT_TRUE(std::isnan(out)) << products->name;
  }
}

}  // namespace
}  // namespace twofold::ops
