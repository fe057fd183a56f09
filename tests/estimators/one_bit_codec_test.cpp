#include "twofold/estimators/one_bit_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "twofold/core/error.hpp"
#include "vectors.hpp"

namespace twofold::estimators {
namespace {

using data::ScalarPrior;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Odd dimension, bits that do not fill their last byte, norm stored.
struct OddCodec : testing::Test {
  const Matrix& X = rows();
  const OneBitCodec codec = shared();

  static const Matrix& rows() {
    static const Matrix made = draw_rows(300, falling(37, 0.4), ScalarPrior::gaussian(), 2.0);
    return made;
  }
  static const OneBitCodec& shared() {
    static const OneBitCodec made = fitted(rows(), {.rate = 0.7, .norm = "stored"});
    return made;
  }
};

TEST_F(OddCodec, RecordsHoldTheBitsAndTheNorm) {
  EXPECT_EQ(codec.parameters().code_length, 26);  // round(0.7 · 37)
  EXPECT_EQ(codec.record_bytes(), 4 + 2);
  const auto records = encoded(codec, X);
  for (Index i = 0; i < X.rows(); ++i) {
    EXPECT_EQ(records[static_cast<std::size_t>(i * 6 + 3)] & 0xfc, 0) << i;  // bits 26 to 31
  }
}

TEST_F(OddCodec, AVectorDoesNotDependOnItsBatchOrTheThreads) {
  for (const char* transform : {"none", "dct", "pca"}) {
    const OneBitCodec one = fitted(X, {.rate = 0.7, .prior = "gaussian", .transform = transform});
    const auto all = encoded(one, X, 3);
    const MatrixF back = decoded(one, all, 3);
    const auto width = static_cast<std::size_t>(one.record_bytes());
    for (const Index i : {0, 1, 63, 64, 299}) {
      const auto single = encoded(one, X.row(i));
      const std::span<const std::uint8_t> record(all.data() + static_cast<std::size_t>(i) * width,
                                                 width);
      EXPECT_THAT(single, testing::ElementsAreArray(record)) << transform << i;
      EXPECT_EQ(decoded(one, record), back.row(i)) << transform << i;
    }
  }
}

TEST_F(OddCodec, FloatAndDoubleRowsGiveTheSameRecords) {
  const MatrixF floats = X.cast<float>();
  std::vector<std::uint8_t> records(static_cast<std::size_t>(X.rows() * codec.record_bytes()));
  ThreadPool pool(1);
  codec.encode(pool, ConstView<float>(floats), records);
  EXPECT_EQ(records, encoded(codec, floats.cast<double>()));
}

TEST_F(OddCodec, TheMeanHasNormZeroAndDecodesToItself) {
  const Matrix mean = codec.parameters().mean.transpose();
  const auto records = encoded(codec, mean);
  EXPECT_EQ(records[4], 0);
  EXPECT_EQ(records[5], 0);
  EXPECT_EQ(decoded(codec, records), mean.cast<float>());
}

TEST_F(OddCodec, LengthScalesTheDecodedVectorOnly) {
  const Vector mean = codec.parameters().mean;
  const Matrix far = (mean + 8.0 * (X.row(0).transpose() - mean)).transpose();
  const auto near_record = encoded(codec, X.topRows(1)), far_record = encoded(codec, far);
  EXPECT_TRUE(std::equal(near_record.begin(), near_record.begin() + 4, far_record.begin()));
  const Vector a = decoded(codec, near_record).row(0).transpose().cast<double>() - mean;
  const Vector b = decoded(codec, far_record).row(0).transpose().cast<double>() - mean;
  // Both norms are rounded to 11 bits, and sums of floats near the mean to 24.
  EXPECT_LT((b - 8.0 * a).norm(), 1e-3 * b.norm());
}

TEST_F(OddCodec, HugeVectorsKeepTheirDirectionAndTheLargestNorm) {
  Matrix huge(3, 37);
  huge.row(0) = 1e30 * (X.row(0) - codec.parameters().mean.transpose());
  huge.row(1).setConstant(3e38);  // the sum of squares overflows float, and of 1e300 double
  huge.row(2) = 1e300 * X.row(2);
  ThreadPool pool(1);
  std::vector<std::uint8_t> records(static_cast<std::size_t>(3 * codec.record_bytes()));
  EXPECT_EQ(codec.encode(pool, ConstView<double>(huge), records), 3u);
  const MatrixF back = decoded(codec, records);
  EXPECT_TRUE(back.allFinite());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(records[6 * i + 4] | records[6 * i + 5] << 8, 0x7bff) << i;  // 65504
  }
  const Vector mean = codec.parameters().mean;
  const Vector direction =
      decoded(codec, encoded(codec, X.topRows(1))).row(0).transpose().cast<double>() - mean;
  const Vector far = back.row(0).transpose().cast<double>() - mean;
  EXPECT_GT(far.dot(direction) / (far.norm() * direction.norm()), 1.0 - 1e-6);
}

TEST_F(OddCodec, ANumberThatIsNotFiniteIsRefusedWithItsRow) {
  for (const double bad : {kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    Matrix rows = X;
    rows(170, 3) = bad;
    try {
      (void)encoded(codec, rows);
      FAIL() << bad;
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr("row 170 "));
    }
  }
}

TEST_F(OddCodec, RecordsThatEncodeDoesNotWriteAreRefused) {
  const auto good = encoded(codec, X.topRows(2));
  auto pad = good, infinite = good, negative = good;
  pad[6 + 3] |= 0x80;
  infinite[6 + 4] = 0x00, infinite[6 + 5] = 0x7c;
  negative[6 + 5] |= 0x80;
  for (const auto& records : {pad, infinite, negative}) {
    try {
      (void)decoded(codec, records);
      FAIL();
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr("record 1 "));
    }
  }
}

TEST_F(OddCodec, ShapesThatDoNotFitAreMisuse) {
  EXPECT_THROW((void)encoded(codec, X.leftCols(36)), InvalidArgument);
  ThreadPool pool(1);
  std::vector<std::uint8_t> few(5);
  EXPECT_THROW(codec.encode(pool, ConstView<double>(X.topRows(1)), few), InvalidArgument);
  MatrixF out(1, 37);
  EXPECT_THROW(codec.decode(pool, few, out), InvalidArgument);
}

TEST_F(OddCodec, ContradictingParametersAreMisuse) {
  const auto broken = [&](auto&& change) {
    OneBitCodecParameters p = codec.parameters();
    change(p);
    EXPECT_THROW((void)OneBitCodec(std::move(p)), InvalidArgument);
  };
  broken([](auto& p) { p.layers = 0; });
  broken([](auto& p) { p.code_length = 0; });
  broken([](auto& p) { p.energies *= 2.0; });
  broken([](auto& p) { p.variances[0] = 0.0; });
  broken([](auto& p) { p.variances = Vector::Ones(5); });
  broken([](auto& p) { p.mean[1] = kInfinity; });
  broken([](auto& p) { p.transform = TransformKind::Principal; });
  broken([](auto& p) { p.image = {3, 3, 1}; });
}

// E[x̃ | x] = x: averaged over encoders, x̃ lies at x, while the posterior mean is shrunk.
TEST(OneBitCodec, UnbiasedOutputIsNotShrunk) {
  const Matrix X = draw_rows(2000, Vector::Ones(64), ScalarPrior::gaussian());
  const Matrix some = X.topRows(20);
  double unbiased = 0.0, shrunk = 0.0;
  constexpr int encoders = 40;
  OneBitCodecParameters p =
      fitted(X, {.layers = 1, .prior = "gaussian", .norm = "stored"}).parameters();
  for (p.seed = 1; p.seed <= encoders; ++p.seed) {
    const OneBitCodec codec(p);
    const auto records = encoded(codec, some);
    const auto slope = [&](Reconstruction output) {
      return decoded(codec, records, 1, output).cast<double>().cwiseProduct(some).sum() /
             some.squaredNorm();
    };
    unbiased += slope(Reconstruction::Unbiased) / encoders;
    shrunk += slope(Reconstruction::PosteriorMean) / encoders;
  }
  // <x̃, x>/‖x‖² has deviation √(c/d) = √(0.57/64) = 0.094 for one vector, 0.0033 averaged over 20
  // vectors and 40 encoders. Five of those, and 1/d = 0.016 from finite dimension.
  EXPECT_NEAR(unbiased, 1.0, 0.033);
  // The Wiener factor of the rotation: 1 − R_Gauss(1) = 2/π.
  EXPECT_NEAR(shrunk, 2.0 / std::numbers::pi, 0.033);
}

}  // namespace
}  // namespace twofold::estimators
