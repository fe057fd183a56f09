#include "twofold/data/source.hpp"

#include <limits>

#include "support.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/row_range.hpp"

namespace twofold::data {
namespace {

Matrix counting(Index rows, Index cols, double first = 0.0) {
  Matrix m(rows, cols);
  for (Index k = 0; k < m.size(); ++k) m.data()[k] = first + static_cast<double>(k);
  return m;
}

TEST(ArraySource, DeliversItsRowsInBothPrecisions) {
  const Matrix rows = counting(700, 3);  // more than the pieces that `read` uses
  const ArraySource<double> wide(rows);
  const ArraySource<float> narrow(rows.cast<float>());
  EXPECT_EQ(all_rows(wide), rows);
  EXPECT_EQ(all_rows<float>(wide), rows.cast<float>());
  EXPECT_EQ(all_rows(narrow), rows);
  EXPECT_TRUE(narrow.exact_in_float());
  EXPECT_FALSE(wide.exact_in_float());
}

TEST(ArraySource, GathersInAnyOrder) {
  const ArraySource<double> source(counting(5, 2));
  const std::uint64_t index[] = {4, 0, 4};
  Matrix rows(3, 2);
  source.gather(index, View<double>(rows));
  EXPECT_EQ(rows, (Matrix(3, 2) << 8, 9, 0, 1, 8, 9).finished());
}

TEST(ArraySource, RefusesEmptyAndNonFiniteContent) {
  expect_throw<DataError>([] { ArraySource<double>(Matrix(0, 3)); }, {"0 x 3", "holds no data"});
  Matrix rows = counting(4, 3);
  rows(2, 1) = std::numeric_limits<double>::quiet_NaN();
  expect_throw<DataError>([&] { ArraySource<double>(rows, "mine"); },
                          {"mine", "row 2, column 1", "nan"});
  MatrixF floats = MatrixF::Zero(2, 2);
  floats(0, 1) = std::numeric_limits<float>::infinity();
  expect_throw<DataError>([&] { ArraySource<float>{floats}; }, {"row 0, column 1", "inf"});
}

TEST(Source, RefusesRequestsThatDoNotFit) {
  const ArraySource<double> source(counting(5, 2));
  const std::uint64_t index[] = {5};
  Matrix one(1, 2), wide(1, 3);
  expect_throw<InvalidArgument>([&] { source.gather(index, View<double>(one)); },
                                {"row 5", "only 5"});
  expect_throw<InvalidArgument>([&] { source.gather(index, View<double>(wide)); },
                                {"dimension 2", "1 x 3"});
  expect_throw<InvalidArgument>([&] { rows_of(source, 2, 4); }, {"row 5", "only 5"});
}

TEST(RowRange, IsAPartOfItsBase) {
  const auto base = std::make_shared<ArraySource<double>>(counting(10, 2));
  const auto part = row_range(base, 3, 4);
  EXPECT_EQ(part->size(), 4u);
  EXPECT_EQ(all_rows(*part), counting(10, 2).middleRows(3, 4));
  EXPECT_EQ(all_rows<float>(*part), counting(10, 2).middleRows(3, 4).cast<float>());
  expect_throw<InvalidArgument>([&] { (void)row_range(base, 8, 3); },
                                {"3 rows from row 8", "has 10"});
  expect_throw<InvalidArgument>([&] { (void)row_range(base, 0, 0); }, {"0 rows"});
}

TEST(Concatenation, RunsThroughItsParts) {
  const auto first = std::make_shared<ArraySource<double>>(counting(3, 2));
  const auto second = std::make_shared<ArraySource<double>>(counting(4, 2, 6.0));
  const auto both = concatenate({first, second});
  EXPECT_EQ(both->size(), 7u);
  EXPECT_EQ(all_rows(*both), counting(7, 2));
  const auto other = std::make_shared<ArraySource<double>>(counting(1, 3));
  expect_throw<InvalidArgument>([&] { (void)concatenate({first, other}); }, {"2 and 3 differ"});
  expect_throw<InvalidArgument>([] { (void)concatenate({}); }, {"no part"});
}

}  // namespace
}  // namespace twofold::data
