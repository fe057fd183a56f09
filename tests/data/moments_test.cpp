#include "twofold/data/moments.hpp"

#include "support.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/gaussian.hpp"
#include "twofold/data/row_range.hpp"

namespace twofold::data {
namespace {

// Reports what was said.
struct Listener : Observer {
  void message(Severity, std::string_view text) override { heard += text; }
  std::string heard;
};

TEST(Moments, AgreeWithTheDefinition) {
  const Matrix rows = (Matrix::Random(9000, 5).array() + 0.3).matrix();  // two chunks
  const ArraySource<double> source(rows);
  ThreadPool pool(2);
  const Moments found = moments(source, pool);
  EXPECT_EQ(found.count, 9000u);
  // 9000 terms of order 1, errors of eps each that add like a random walk: 1e-14.
  EXPECT_LT((found.mean - rows.colwise().mean().transpose()).cwiseAbs().maxCoeff(), 1e-13);
  const Matrix second = rows.transpose() * rows / 9000.0;
  EXPECT_LT((found.second - second).cwiseAbs().maxCoeff(), 1e-13);
  const Matrix centred = rows.rowwise() - rows.colwise().mean();
  const Matrix covariance = centred.transpose() * centred / 9000.0;
  EXPECT_LT((found.covariance() - covariance).cwiseAbs().maxCoeff(), 1e-13);
}

TEST(Moments, SinglePrecisionDataAgreeWithDouble) {
  const MatrixF rows = MatrixF::Random(3000, 20);
  ThreadPool pool(1);
  const Moments narrow = moments(ArraySource<float>(rows), pool);
  const Moments wide = moments(ArraySource<double>(rows.cast<double>()), pool);
  // Blocks of 256 products are summed in float: 256 · 6e-8 · 0.3 at worst.
  EXPECT_LT((narrow.second - wide.second).cwiseAbs().maxCoeff(), 5e-6);
  // The mean is summed in double whatever the data.
  EXPECT_LT((narrow.mean - wide.mean).cwiseAbs().maxCoeff(), 1e-15);
}

TEST(Moments, HaveTheSameBitsForAnyPool) {
  const auto source =
      row_range(std::make_shared<Gaussian>(Gaussian::with_spectrum(Vector::Ones(30), 1)), 5, 3000);
  ThreadPool one(1);
  const Moments expected = moments(*source, one);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    const Moments found = moments(*source, pool);
    EXPECT_EQ(found.mean, expected.mean);
    EXPECT_EQ(found.second, expected.second);
  }
}

TEST(Moments, TellConstantColumns) {
  Matrix rows = Matrix::Random(50, 4);
  rows.col(2).setConstant(0.1);
  ThreadPool pool(2);
  Listener listener;
  const Moments found = moments(ArraySource<double>(rows), pool, listener);
  EXPECT_THAT(found.constant_columns, testing::ElementsAre(2));
  EXPECT_THAT(listener.heard, testing::HasSubstr("1 of 4 columns are constant"));
  EXPECT_THAT(listener.heard, testing::HasSubstr("column 2"));
}

TEST(Moments, NeedTwoRowsAndAnEnd) {
  ThreadPool pool(1);
  expect_throw<DataError>([&] { (void)moments(ArraySource<double>(Matrix::Ones(1, 3)), pool); },
                          {"1 row has no variance", "at least 2"});
  expect_throw<InvalidArgument>(
      [&] { (void)moments(Gaussian::with_spectrum(Vector::Ones(2), 1), pool); }, {"no end"});
}

}  // namespace
}  // namespace twofold::data
