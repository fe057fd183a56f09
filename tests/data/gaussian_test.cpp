#include "twofold/data/gaussian.hpp"

#include <cmath>
#include <limits>

#include "support.hpp"

namespace twofold::data {
namespace {

Matrix some_covariance() {
  Matrix root(3, 3);
  root << 1.0, 0.0, 0.0, 0.5, 0.8, 0.0, -0.3, 0.2, 0.4;
  return root * root.transpose();
}

// Mean and covariance of n samples against Σ. Standard errors: √(Σ_jj/n) for the mean, and
// √((Σ_jj Σ_kk + Σ_jk²)/n) for the covariance of a Gaussian; 5 of them, fixed seed.
void expect_moments(const Source& source, const Matrix& covariance, Index n) {
  const Matrix rows = rows_of(source, n);
  const Matrix second = rows.transpose() * rows / static_cast<double>(n);
  for (Index j = 0; j < covariance.rows(); ++j) {
    const double var = covariance(j, j);
    EXPECT_NEAR(rows.col(j).mean(), 0.0, 5 * std::sqrt(var / static_cast<double>(n)));
    for (Index k = 0; k < covariance.rows(); ++k) {
      const double spread = var * covariance(k, k) + covariance(j, k) * covariance(j, k);
      EXPECT_NEAR(second(j, k), covariance(j, k), 5 * std::sqrt(spread / static_cast<double>(n)));
    }
  }
}

TEST(Gaussian, HasTheGivenSpectrum) {
  const Vector spectrum{{2.0, 0.5, 0.0, 1e-3}};
  const auto source = Gaussian::with_spectrum(spectrum, 1);
  expect_moments(source, spectrum.asDiagonal(), 40'000);
  EXPECT_EQ(source.spectrum(), spectrum);
  EXPECT_EQ(source.size(), kUnlimited);
}

TEST(Gaussian, HasTheGivenCovariance) {
  const auto source = Gaussian::with_covariance(some_covariance(), 2);
  expect_moments(source, some_covariance(), 40'000);
  // Eigenvalues add up to the trace; rounding of order d eps.
  EXPECT_NEAR(source.spectrum().sum(), some_covariance().trace(), 1e-13);
}

TEST(Gaussian, AcceptsASingularCovariance) {
  const Vector u{{1.0, -2.0, 2.0}};
  const auto source = Gaussian::with_covariance(u * u.transpose(), 2);
  const Matrix rows = rows_of(source, 50);
  // All samples on the line of u; the root of eigenvalue rounding 1e-15·9 is about 1e-7.
  EXPECT_LT((rows - rows * u * u.transpose() / 9.0).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(Gaussian, SingleAndDoublePrecisionAgree) {
  for (const auto& source : {Gaussian::with_spectrum(Vector{{3.0, 0.1}}, 5),
                             Gaussian::with_covariance(some_covariance(), 5)}) {
    const Matrix wide = rows_of(source, 300);
    const Matrix narrow = rows_of<float>(source, 300).cast<double>();
    // Two roundings to float, each at most 2^-24 of the value.
    EXPECT_LE(((wide - narrow).array().abs() - 0x1p-22 * wide.array().abs()).maxCoeff(), 0.0);
  }
}

TEST(Gaussian, ARowHasTheSameBitsInAnyGather) {
  constexpr Index d = 21;  // neither a multiple of the tile nor of the vector length
  const Matrix root = rows_of(Gaussian::with_spectrum(Vector::Ones(d), 9), d);
  for (const auto& source : {Gaussian::with_spectrum(Vector::Ones(d), 5),
                             Gaussian::with_covariance(root * root.transpose(), 5)}) {
    const Matrix together = rows_of(source, 37);
    for (const Index i : {0, 1, 4, 30, 36}) {
      EXPECT_EQ(rows_of(source, 1, static_cast<std::uint64_t>(i)), together.row(i)) << "row " << i;
    }
    EXPECT_EQ(rows_of(source, 7, 11), together.middleRows(11, 7));
  }
}

TEST(Gaussian, SplitsAndSeedsAreIndependent) {
  const auto train = Gaussian::with_spectrum(Vector::Ones(4), 5, "train");
  const auto test = train.independent("test");
  const auto other = Gaussian::with_spectrum(Vector::Ones(4), 6, "train");
  constexpr Index n = 5000;
  const Matrix a = rows_of(train, n);
  for (const auto& source : {test, other}) {
    // Product of independent standard normals: mean 0, variance 1; 4n of them, 5 s.e.
    EXPECT_NEAR(a.cwiseProduct(rows_of(source, n)).mean(), 0.0, 5 / std::sqrt(4.0 * n));
  }
  EXPECT_EQ(rows_of(train.independent("train"), 3), rows_of(train, 3));
}

TEST(Gaussian, RefusesWhatIsNoSpectrum) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto with = [](Vector s) { return [s] { (void)Gaussian::with_spectrum(s, 1); }; };
  expect_throw<InvalidArgument>(with(Vector{{1.0, -0.1}}),
                                {"data::Gaussian", "spectrum[1] = -0.1"});
  expect_throw<InvalidArgument>(with(Vector{{nan, 1.0}}), {"spectrum[0] = nan"});
  expect_throw<InvalidArgument>(with(Vector{{0.0, 0.0}}), {"all entries", "0"});
  expect_throw<InvalidArgument>(with(Vector()), {"empty"});
}

TEST(Gaussian, RefusesWhatIsNoCovariance) {
  const auto with = [](Matrix c) { return [c] { (void)Gaussian::with_covariance(c, 1); }; };
  expect_throw<InvalidArgument>(with((Matrix(2, 2) << 1, 2, 2, 1).finished()),
                                {"negative eigenvalue", "-1"});
  expect_throw<InvalidArgument>(with((Matrix(2, 2) << 1, 0.5, 0, 1).finished()),
                                {"not symmetric", "0.5"});
  expect_throw<InvalidArgument>(with(Matrix::Ones(2, 3)), {"square", "2 x 3"});
  expect_throw<InvalidArgument>(with(Matrix::Zero(2, 2)), {"0"});
  Matrix infinite = Matrix::Identity(2, 2);
  infinite(1, 1) = std::numeric_limits<double>::infinity();
  expect_throw<InvalidArgument>(with(infinite), {"not finite"});
}

}  // namespace
}  // namespace twofold::data
