#include "twofold/data/csv.hpp"

#include "support.hpp"

namespace twofold::data {
namespace {

class Csv : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x.csv";

  Matrix read(std::string_view text) {
    return all_rows(*open_csv(FileBytes().text(text).save(path_)));
  }
  void expect_refused(std::string_view text, std::initializer_list<std::string_view> parts) {
    expect_throw<DataError>([&] { (void)read(text); }, parts);
    expect_throw<DataError>([&] { (void)read(text); }, {path_.string()});
  }
};

TEST_F(Csv, FindsTheDelimiter) {
  const Matrix expected = (Matrix(2, 3) << 1, -2.5, 3e2, 4, 5, 6).finished();
  EXPECT_EQ(read("1,-2.5,3e2\n4,5,6\n"), expected);
  EXPECT_EQ(read("1; -2.5; +300\r\n4;5;6\r\n"), expected);
  EXPECT_EQ(read("1\t-2.5\t3E2\n4\t5\t6"), expected);
  EXPECT_EQ(read("  1  -2.5 300 \n 4 5   6\n"), expected);
}

TEST_F(Csv, SkipsHeaderCommentsAndBlankLines) {
  const Matrix expected = (Matrix(2, 2) << 1, 2, 3, 4).finished();
  EXPECT_EQ(read("\xEF\xBB\xBFheight,width\n1,2\n\n3,4\n\n"), expected);
  EXPECT_EQ(read("# made by hand\n1 2\n# more\n3 4\n"), expected);
  EXPECT_EQ(read("5\n6\n7\n"), (Matrix(3, 1) << 5, 6, 7).finished());
}

TEST_F(Csv, NamesLineAndColumnOfABadCell) {
  expect_refused("a,b\n1,2\n3,x4\n", {"line 3, column 2", "'x4'", "decimal point"});
  expect_refused("1,nan\n", {"line 1, column 2", "'nan'"});
  expect_refused("1,2\ninf,4\n", {"line 2, column 1", "'inf'"});
  expect_refused("1,2\n1,\n", {"line 2, column 2", "''"});
  expect_refused("1,2\nb,c\n", {"line 2, column 1", "'b'"});
  expect_refused("1;2\n1,5;2\n", {"line 2, column 1", "'1,5'"});
}

TEST_F(Csv, RefusesRowAndColumnNumbersThatWouldPassForData) {
  expect_refused(",a,b\n0,1,2\n1,3,4\n", {"line 1", "column 1", "index=False"});
  expect_refused("0,1,2,3,4,5,6,7\n1,1,1,1,1,1,1,1\n", {"line 1", "0 to 7", "header=False"});
  EXPECT_EQ(read("0,1,2\n3,4,5\n").rows(), 2);
  EXPECT_EQ(read("0,1,2,3,4,5,6,8\n").rows(), 1);
}

TEST_F(Csv, RefusesRaggedLines) {
  expect_refused("1,2\n1,2,3\n", {"line 2 has 3 cells", "line 1 has 2"});
  expect_refused("a,b\n1,2\n1\n", {"line 3 has 1 cells", "line 2 has 2"});
}

TEST_F(Csv, RefusesEmptyAndMissingFiles) {
  expect_refused("", {"no numbers"});
  expect_refused("a,b\n", {"no numbers"});
  expect_throw<DataError>([&] { (void)open_csv(folder_.path() / "no"); }, {"no such file"});
}

}  // namespace
}  // namespace twofold::data
