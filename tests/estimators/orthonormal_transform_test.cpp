#include "twofold/estimators/orthonormal_transform.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/linalg/haar.hpp"

namespace twofold::estimators {
namespace {

MatrixF normal_rows(Index rows, Index columns) {
  Matrix X(rows, columns);
  const RandomStream stream(5, "orthonormal_transform_test");
  stream.fill_normal(0, {X.data(), static_cast<std::size_t>(X.size())});
  return X.cast<float>();
}

MatrixF forward(const OrthonormalTransform& transform, const MatrixF& U) {
  MatrixF T(U.rows(), transform.output());
  transform.forward(U, T);
  return T;
}

MatrixF backward(const OrthonormalTransform& transform, const MatrixF& T) {
  MatrixF U(T.rows(), transform.input());
  transform.backward(T, U);
  return U;
}

std::vector<OrthonormalTransform> transforms() {
  const Matrix Q = haar_orthogonal(45, RandomStream(1, "test"), 0);
  return {OrthonormalTransform::identity(45), OrthonormalTransform::cosine(45),
          OrthonormalTransform::cosine({5, 3, 3}),
          OrthonormalTransform::directions(Q.cast<float>())};
}

// Sums of 45 products in single precision, each rounded: 45 · 6e-8 of the norm at worst.
constexpr float kRounding = 3e-5f;

TEST(OrthonormalTransform, BackwardUndoesForwardAndNormsStay) {
  const MatrixF U = normal_rows(7, 45);
  for (const OrthonormalTransform& transform : transforms()) {
    const MatrixF T = forward(transform, U);
    EXPECT_LT((backward(transform, T) - U).cwiseAbs().maxCoeff(), kRounding);
    for (Index i = 0; i < 7; ++i) EXPECT_NEAR(T.row(i).norm() / U.row(i).norm(), 1.0f, kRounding);
  }
}

TEST(OrthonormalTransform, CosineIsTheTextbookSum) {
  const Index d = 11;
  const MatrixF U = normal_rows(1, d);
  const MatrixF T = forward(OrthonormalTransform::cosine(d), U);
  for (Index k = 0; k < d; ++k) {
    double sum = 0.0;
    for (Index j = 0; j < d; ++j) {
      sum += static_cast<double>(U(0, j)) *
             std::cos(std::numbers::pi * (static_cast<double>(j) + 0.5) * static_cast<double>(k) /
                      static_cast<double>(d));
    }
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(d));
    EXPECT_NEAR(static_cast<double>(T(0, k)), scale * sum, 1e-5) << k;  // kRounding with d = 11
  }
}

TEST(OrthonormalTransform, ImagesAreTransformedChannelByChannelAlongBothAxes) {
  const data::ImageShape shape{4, 6, 2};
  const MatrixF U = normal_rows(1, shape.size());
  const MatrixF T = forward(OrthonormalTransform::cosine(shape), U);
  const auto rows = OrthonormalTransform::cosine(4), columns = OrthonormalTransform::cosine(6);
  for (Index c = 0; c < 2; ++c) {
    const MatrixF image = Eigen::Map<const MatrixF>(U.data() + c * 24, 4, 6);
    const MatrixF half = forward(columns, image);
    const MatrixF expected = forward(rows, half.transpose()).transpose();
    const MatrixF found = Eigen::Map<const MatrixF>(T.data() + c * 24, 4, 6);
    EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), kRounding) << c;
  }
}

TEST(OrthonormalTransform, FewerDirectionsProject) {
  const Matrix Q = haar_orthogonal(45, RandomStream(1, "test"), 0);
  const auto transform = OrthonormalTransform::directions(Q.topRows(4).cast<float>());
  EXPECT_EQ(transform.output(), 4);
  const MatrixF T = normal_rows(3, 4);
  EXPECT_LT((forward(transform, backward(transform, T)) - T).cwiseAbs().maxCoeff(), kRounding);
}

TEST(OrthonormalTransform, ARowDoesNotDependOnItsNeighbours) {
  const MatrixF U = normal_rows(7, 45);
  for (const OrthonormalTransform& transform : transforms()) {
    const MatrixF all = forward(transform, U), back = backward(transform, all);
    for (Index i = 0; i < 7; ++i) {
      EXPECT_EQ(forward(transform, U.row(i)), all.row(i));
      EXPECT_EQ(backward(transform, all.row(i)), back.row(i));
    }
  }
}

TEST(OrthonormalTransform, RefusesOtherShapes) {
  MatrixF T(1, 45);
  EXPECT_THROW(OrthonormalTransform::cosine(45).forward(normal_rows(1, 44), T), InvalidArgument);
  EXPECT_THROW(OrthonormalTransform::cosine(45).forward(normal_rows(2, 45), T), InvalidArgument);
  EXPECT_THROW(OrthonormalTransform::cosine(data::ImageShape{}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::estimators
