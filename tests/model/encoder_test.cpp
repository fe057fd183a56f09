#include "twofold/model/encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "twofold/core/error.hpp"

namespace twofold::model {
namespace {

const Matrix& matrix_of(const Encoder& encoder) {
  return std::get<DenseEncoder>(encoder).matrix;
}

TEST(Encoder, HaarIsOrthogonalOnItsShorterSide) {
  const Matrix wide = matrix_of(haar_encoder(24, 16, 1));
  const Matrix tall = matrix_of(haar_encoder(16, 24, 1));
  // QR in double: d eps.
  EXPECT_LT((wide * wide.transpose() - Matrix::Identity(16, 16)).norm(), 1e-13);
  EXPECT_LT((tall.transpose() * tall - 1.5 * Matrix::Identity(16, 16)).norm(), 1e-13);
}

TEST(Encoder, SignedTransformsAreOrthogonalOnTheirShorterSide) {
  for (const auto make : {&dct_encoder, &one_round_hadamard_encoder}) {
    for (const auto& [d, n] : {std::pair<Index, Index>{64, 64}, {64, 20}, {20, 64}, {1, 1}}) {
      const Matrix B = matrix_of(make(d, n, 3));
      const Matrix gram = n <= d ? Matrix(B * B.transpose()) : Matrix(B.transpose() * B);
      const double r = std::max(1.0, static_cast<double>(n) / static_cast<double>(d));
      // Entries to eps, sums of 64 of them in each of up to 64² places.
      EXPECT_LT((gram - r * Matrix::Identity(gram.rows(), gram.cols())).norm(), 1e-13)
          << d << " " << n;
    }
  }
  const Matrix odd = matrix_of(dct_encoder(45, 33, 3));  // any size
  EXPECT_LT((odd * odd.transpose() - Matrix::Identity(33, 33)).norm(), 1e-13);
}

// Up to the signs of the columns, the rows are cosines of half-integer steps: n = d keeps the
// order.
TEST(Encoder, DctRowsAreCosines) {
  const Matrix B = matrix_of(dct_encoder(12, 12, 4));
  for (Index j = 0; j < 12; ++j) {
    const double sign = B(0, j) < 0 ? -1 : 1;
    EXPECT_NEAR(sign * B(0, j), std::sqrt(1.0 / 12), 1e-15);
    for (Index i = 1; i < 12; ++i) {
      const double angle =
          std::acos(-1.0) / 12 * static_cast<double>(i) * (0.5 + static_cast<double>(j));
      // The angle, at most 12π, is rounded: 12π eps/2.
      EXPECT_NEAR(sign * B(i, j), std::sqrt(2.0 / 12) * std::cos(angle), 1e-14);
    }
  }
}

TEST(Encoder, OneRoundHasEntriesOfOneSizeAndRowsOfH) {
  const Matrix B = matrix_of(one_round_hadamard_encoder(16, 16, 5));
  EXPECT_EQ(B.cwiseAbs(), Matrix::Constant(16, 16, 0.25));
  // B[i,j] B[i',j] has no sign of D left: rows i and i' multiply to row i ^ i' of H.
  EXPECT_EQ(Matrix(B.row(5).cwiseProduct(B.row(3))), Matrix(B.row(6).cwiseProduct(B.row(0))));
  EXPECT_NE(B, matrix_of(one_round_hadamard_encoder(16, 16, 6)));
}

TEST(Encoder, SignedSubsetsFollowTheSeed) {
  for (const auto make : {&dct_encoder, &one_round_hadamard_encoder}) {
    EXPECT_EQ(matrix_of(make(64, 20, 7)), matrix_of(make(64, 20, 7)));
    EXPECT_NE(matrix_of(make(64, 20, 7)), matrix_of(make(64, 20, 8)));
    EXPECT_NE(matrix_of(make(20, 64, 7)), matrix_of(make(20, 64, 8)));
  }
}

TEST(Encoder, DenseRowsHaveUnitNorm) {
  const Matrix B = matrix_of(gaussian_encoder(10, 30, 2));
  for (Index i = 0; i < B.rows(); ++i) EXPECT_NEAR(B.row(i).norm(), 1.0, 1e-15);
  EXPECT_EQ(matrix_of(identity_encoder(5, 3)), Matrix::Identity(3, 5));
  // Huge and tiny rows are scaled without overflow.
  const Matrix scaled = matrix_of(dense_encoder(Matrix{{3e300, 4e300}, {0.0, -1e-300}}));
  EXPECT_NEAR(scaled(0, 0), 0.6, 1e-15);
  EXPECT_NEAR(scaled(1, 1), -1.0, 1e-15);
}

TEST(Encoder, HadamardKeepsDistinctPlacesInOrder) {
  const auto encoder = std::get<HadamardEncoder>(hadamard_encoder(48, 20, 7));
  EXPECT_EQ(encoder.blocks, 3);
  EXPECT_EQ(encoder.signs1.size(), 48U);
  ASSERT_EQ(encoder.kept.size(), 20U);
  for (std::size_t i = 1; i < encoder.kept.size(); ++i) {
    EXPECT_LT(encoder.kept[i - 1], encoder.kept[i]);
  }
  EXPECT_GE(encoder.kept.front(), 0);
  EXPECT_LT(encoder.kept.back(), 48);
  const auto other = std::get<HadamardEncoder>(hadamard_encoder(48, 20, 8));
  EXPECT_NE(encoder.signs1, other.signs1);
  EXPECT_NE(encoder.signs1, encoder.signs2);
  EXPECT_EQ(encoder.signs1, std::get<HadamardEncoder>(hadamard_encoder(48, 20, 7)).signs1);
}

TEST(Encoder, KnowsItsShape) {
  EXPECT_EQ(dimension(hadamard_encoder(8, 12, 1)), 8);
  EXPECT_EQ(code_length(hadamard_encoder(8, 12, 1)), 12);
  EXPECT_EQ(rate(gaussian_encoder(8, 12, 1)), 1.5);
}

TEST(Encoder, RejectsBadShapesAndRows) {
  EXPECT_THROW((void)hadamard_encoder(0, 4, 1), InvalidArgument);
  EXPECT_THROW((void)haar_encoder(4, 0, 1), InvalidArgument);
  EXPECT_THROW((void)identity_encoder(4, 5), InvalidArgument);
  EXPECT_THROW((void)dct_encoder(0, 5, 1), InvalidArgument);
  EXPECT_THROW((void)one_round_hadamard_encoder(12, 5, 1), InvalidArgument);
  EXPECT_THROW((void)one_round_hadamard_encoder(8, 12, 1), InvalidArgument);
  EXPECT_THROW((void)dense_encoder(Matrix::Zero(1, 3)), InvalidArgument);
  EXPECT_THROW((void)dense_encoder(Matrix::Constant(1, 3, std::nan(""))), InvalidArgument);
  EXPECT_THROW((void)dense_encoder(Matrix(0, 3)), InvalidArgument);
}

}  // namespace
TEST(HadamardEncoder, MixesBlocksByAFlatSymmetricOrthogonalMatrix) {
  for (const Index q : {3, 5, 49, 125}) {
    const auto encoder = std::get<HadamardEncoder>(hadamard_encoder(4 * q, 4 * q, 1));
    const Matrix& Q = encoder.mixing;
    ASSERT_EQ(Q.rows(), q);
    EXPECT_EQ(Q, Matrix(Q.transpose()));
    // q products of rounding eps each.
    EXPECT_LT((Q * Q - Matrix::Identity(q, q)).cwiseAbs().maxCoeff(),
              1e-14 * static_cast<double>(q));
    // |cos + sin| <= √2.
    EXPECT_LE(Q.cwiseAbs().maxCoeff(), std::sqrt(2.0 / static_cast<double>(q)) * (1 + 1e-12));
  }
}

TEST(StructuredCodeLength, KeepsTheOddPartSmallAndTheRateClose) {
  EXPECT_EQ(structured_code_length(784, 1.0), 784);
  EXPECT_EQ(structured_code_length(1000, 0.333), 333);  // n <= d: the transform has size d
  EXPECT_EQ(structured_code_length(4096, 1.5), 6144);
  for (const Index d : {100, 333, 784, 4096, 100000}) {
    for (const double rate : {1.1, 1.7, 2.3, 7.9}) {
      const Index n = structured_code_length(d, rate);
      const Index odd = n >> std::countr_zero(static_cast<std::uint64_t>(n));
      const double wanted = rate * static_cast<double>(d);
      EXPECT_LT(odd, 256);
      // Half a unit of wanted/128 at most, and rounding to an integer.
      EXPECT_NEAR(static_cast<double>(n), wanted, wanted / 256.0 + 1.0) << d << " " << rate;
    }
  }
  EXPECT_THROW((void)structured_code_length(0, 1.0), InvalidArgument);
  EXPECT_THROW((void)structured_code_length(8, 0.0), InvalidArgument);
}

}  // namespace twofold::model
