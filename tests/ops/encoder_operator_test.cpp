#include "twofold/ops/encoder_operator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Shape {
  Index d, n;
};
// Powers of two, odd numbers, q 2^k with q odd, fewer and more bits than dimensions.
const Shape kShapes[] = {{64, 64}, {64, 24}, {64, 128}, {63, 63}, {48, 48},  {48, 20},
                         {48, 80}, {1, 1},   {7, 5},    {5, 40},  {96, 129}, {100, 8}};

template <typename Scalar>
MatrixOf<Scalar> random_rows(Index rows, Index columns, std::uint64_t seed) {
  const RandomStream stream(seed, "encoder operator test");
  MatrixOf<Scalar> X(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span<Scalar>(X.row(i).data(), static_cast<std::size_t>(columns)));
  }
  return X;
}

/// B as a matrix: the images of the unit vectors.
Matrix matrix_of(const EncoderOperator<double>& encoder) {
  Matrix image(encoder.dimension(), encoder.code_length());
  Vector scratch;
  encoder.forward(Matrix::Identity(encoder.dimension(), encoder.dimension()), image, scratch);
  return image.transpose();
}

TEST(EncoderOperator, StructuredIsOrthogonalForEveryShape) {
  for (const auto& [d, n] : kShapes) {
    const Matrix B = matrix_of(EncoderOperator<double>(model::hadamard_encoder(d, n, 3)));
    const double r = static_cast<double>(n) / static_cast<double>(d);
    // Two transforms in double: log2(m) eps in each entry.
    if (n <= d) {
      EXPECT_LT((B * B.transpose() - Matrix::Identity(n, n)).norm(), 1e-12) << d << " " << n;
    } else {
      EXPECT_LT((B.transpose() * B - r * Matrix::Identity(d, d)).norm(), 1e-12) << d << " " << n;
    }
  }
}

TEST(EncoderOperator, BackwardIsTheTransposeOfForward) {
  for (const auto& [d, n] : kShapes) {
    for (const auto& encoder : {model::hadamard_encoder(d, n, 4), model::haar_encoder(d, n, 4)}) {
      const EncoderOperator<double> op(encoder);
      Matrix image(n, d);
      Vector scratch;
      op.backward(Matrix::Identity(n, n), image, scratch);
      EXPECT_LT((image - matrix_of(op)).norm(), 1e-13) << d << " " << n;  // the same sums
    }
  }
}

TEST(EncoderOperator, StructuredFollowsItsFormula) {
  const auto encoder = std::get<model::HadamardEncoder>(model::hadamard_encoder(12, 12, 5));
  Matrix H = Matrix::Ones(1, 1);
  for (int i = 0; i < 2; ++i) {
    Matrix next(2 * H.rows(), 2 * H.rows());
    next << H, H, H, -H;
    H = next / std::sqrt(2.0);
  }
  const auto round = [&H](const Matrix& Q, const std::vector<bool>& signs) {
    Matrix T(12, 12);
    for (Index a = 0; a < 3; ++a) {
      for (Index b = 0; b < 3; ++b) T.block(4 * a, 4 * b, 4, 4) = Q(a, b) * H;
    }
    for (Index j = 0; j < 12; ++j) {
      if (signs[static_cast<std::size_t>(j)]) T.col(j) *= -1.0;
    }
    return T;
  };
  const Matrix B = round(encoder.mixing, encoder.signs2) * round(encoder.mixing, encoder.signs1);
  EXPECT_LT((matrix_of(EncoderOperator<double>(encoder)) - B).norm(), 1e-13);  // rounding
}

// One round would send a unit vector to a row of H; two spread it: |z_j| ~ 1/√d for each j.
TEST(EncoderOperator, TwoRoundsSpreadASingleEntry) {
  const Matrix B = matrix_of(EncoderOperator<double>(model::hadamard_encoder(256, 256, 6)));
  const double fourth = B.array().pow(4).sum() / 256.0;
  // Σ_j B_ij^4: 1/d for one round, 3/d for Gaussian-like entries; 5 % is 4 s.e. of 65536 entries.
  EXPECT_NEAR(fourth * 256.0, 3.0, 0.15);
}

TEST(EncoderOperator, FloatAgreesWithDouble) {
  const auto encoder = model::hadamard_encoder(1024, 512, 7);
  const Matrix X = random_rows<double>(4, 1024, 1);
  Matrix Z(4, 512);
  MatrixF Zf(4, 512);
  Vector scratch;
  VectorF scratch_f;
  EncoderOperator<double>(encoder).forward(X, Z, scratch);
  EncoderOperator<float>(encoder).forward(X.cast<float>(), Zf, scratch_f);
  // 20 additions with partial sums of order √m: log2(m) eps √log, generously 2e-6.
  EXPECT_LT((Z - Zf.cast<double>()).cwiseAbs().maxCoeff(), 2e-6);
}

TEST(EncoderOperator, CodesAreTheSameForAnyNumberOfThreads) {
  for (const auto& made :
       {model::hadamard_encoder(1024, 1000, 8), model::haar_encoder(96, 129, 8)}) {
    const EncoderOperator<float> op(made);
    const MatrixF X = random_rows<float>(600, op.dimension(), 2);  // at least 3 blocks
    const auto bytes = static_cast<std::size_t>(600 * code_bytes(op.code_length()));
    Bytes one(bytes);
    ThreadPool single(1);
    encode(single, op, X, one);
    for (const int threads : {2, 3, 8}) {
      ThreadPool pool(threads);
      Bytes codes(bytes, 0xff);
      encode(pool, op, X, codes);
      EXPECT_EQ(codes, one) << threads;
    }
    if (op.structured()) {  // nor does a code depend on the rows around it
      Bytes alone(static_cast<std::size_t>(code_bytes(op.code_length())));
      VectorF scratch;
      op.forward_bits(X.middleRows(599, 1), alone, scratch);
      EXPECT_TRUE(std::equal(alone.rbegin(), alone.rend(), one.rbegin()));
    }
  }
}

TEST(EncoderOperator, CodesUnpackToTheSignsOfTheProjections) {
  const EncoderOperator<double> op(model::gaussian_encoder(20, 33, 9));
  const Matrix X = random_rows<double>(5, 20, 3);
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(5 * code_bytes(33)));
  ThreadPool pool(1);
  encode(pool, op, X, codes);
  const Matrix Y = unpack_codes<double>(codes, 33);
  const Matrix Z = X * matrix_of(op).transpose();
  ASSERT_EQ(Y.rows(), 5);
  EXPECT_EQ(Y, Matrix((Z.array() >= 0).select(Matrix::Ones(5, 33), -Matrix::Ones(5, 33))));
}

TEST(EncoderOperator, BitsAreTheSignsOfForwardAndTheImageOfBackward) {
  for (const auto& [d, n] : kShapes) {
    for (const auto& encoder : {model::hadamard_encoder(d, n, 4), model::haar_encoder(d, n, 4)}) {
      const EncoderOperator<float> op(encoder);
      const MatrixF X = random_rows<float>(3, d, 5);
      MatrixF Z(3, n), from_numbers(3, d), from_bits(3, d);
      VectorF scratch;
      Bytes codes(static_cast<std::size_t>(3 * code_bytes(n)), 0xff);
      op.forward(X, Z, scratch);
      op.forward_bits(X, codes, scratch);
      const MatrixF Y = unpack_codes<float>(codes, n);
      EXPECT_EQ(Y, MatrixF((Z.array() >= 0).select(MatrixF::Ones(3, n), -MatrixF::Ones(3, n))));
      op.backward(Y, from_numbers, scratch);
      op.backward_bits(codes, from_bits, scratch);
      EXPECT_EQ(from_bits, from_numbers) << d << " " << n;
    }
  }
}

// Integers up to 2^24, divided by m = 2^k: float and double are the same numbers.
TEST(EncoderOperator, ImagesOfCodesAreExactInFloat) {
  const Index m = 8192;
  const auto encoder = model::hadamard_encoder(m, m, 12);
  Bytes codes(static_cast<std::size_t>(2 * code_bytes(m)));
  const RandomStream stream(3, "codes");
  for (std::size_t i = 0; i < codes.size() / 2; ++i) {
    codes[i] = static_cast<std::uint8_t>(stream.below(256, i));
  }  // the second code stays all -1: the largest sums
  MatrixF in_float(2, m);
  Matrix in_double(2, m);
  VectorF scratch_f;
  Vector scratch;
  EncoderOperator<float>(encoder).backward_bits(codes, in_float, scratch_f);
  EncoderOperator<double>(encoder).backward_bits(codes, in_double, scratch);
  EXPECT_EQ(in_float.cast<double>(), in_double);
}

TEST(EncoderOperator, FloatSignsAreThoseOfDoubleBeyondRounding) {
  for (const Index d : {256, 768, 1024, 4096}) {
    const auto encoder = model::hadamard_encoder(d, d, 13);
    const MatrixF X = random_rows<float>(20, d, 6);
    Matrix Z(20, d);
    Vector scratch;
    VectorF scratch_f;
    Bytes codes(static_cast<std::size_t>(20 * code_bytes(d)));
    EncoderOperator<double>(encoder).forward(X.cast<double>(), Z, scratch);
    EncoderOperator<float>(encoder).forward_bits(X, codes, scratch_f);
    const Matrix Y = unpack_codes<double>(codes, d);
    for (Index i = 0; i < Z.rows(); ++i) {
      // An orthogonal stage grows the error of a vector by eps/2 of its norm: after 2 log2(d)
      // stages (mixing: 3 more) |error|_2, hence each coordinate, is below this.
      const double bound = 0.5 * std::numeric_limits<float>::epsilon() *
                           (2 * std::log2(static_cast<double>(d)) + 3) * X.row(i).norm();
      for (Index j = 0; j < d; ++j) {
        if (std::abs(Z(i, j)) > bound) {
          ASSERT_GT(Y(i, j) * Z(i, j), 0) << d << " " << Z(i, j);
        }
      }
      // Few are that near to 0, or the test would say little.
      EXPECT_LT((Z.row(i).array().abs() <= bound).count(), d / 100);
    }
  }
}

TEST(EncoderOperator, RejectsWrongShapes) {
  const EncoderOperator<double> op(model::hadamard_encoder(16, 8, 1));
  Vector scratch;
  Matrix Z(2, 8), wrong(2, 9), X(2, 16);
  ThreadPool pool(1);
  std::vector<std::uint8_t> codes(3);
  EXPECT_THROW(op.forward(wrong, Z, scratch), InvalidArgument);
  EXPECT_THROW(op.forward(X, wrong, scratch), InvalidArgument);
  EXPECT_THROW(op.backward(wrong, X, scratch), InvalidArgument);
  EXPECT_THROW(op.backward(Matrix(3, 8), X, scratch), InvalidArgument);
  EXPECT_THROW(op.forward_bits(wrong, codes, scratch), InvalidArgument);
  EXPECT_THROW(op.forward_bits(X, codes, scratch), InvalidArgument);
  EXPECT_THROW(op.backward_bits(std::span(codes).first(2), wrong, scratch), InvalidArgument);
  EXPECT_THROW(op.backward_bits(codes, X, scratch), InvalidArgument);
  EXPECT_THROW(encode(pool, op, X, codes), InvalidArgument);
  EXPECT_THROW((void)unpack_codes<double>(codes, 9), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
