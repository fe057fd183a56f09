#include "report/number_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class NumberTable : public ::testing::Test {
 protected:
  json read(const std::string& content) {
    write_file(file_, content);
    return read_number_table(file_, required_, numeric_);
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "gain.csv";
  std::vector<std::string> required_{"x", "value"};
  std::vector<std::string> numeric_{"x", "value"};
};

TEST_F(NumberTable, NumbersBecomeNumbersAndTextStaysText) {
  const json table = read("x,series,value\n1,01,2.5\n1e-3,b,-4\n");
  EXPECT_EQ(table["columns"], json({"x", "series", "value"}));
  EXPECT_EQ(table["rows"], json::parse(R"([[1.0,"01",2.5],[0.001,"b",-4.0]])"));
}

TEST_F(NumberTable, EmptyAndNonFiniteCellsAreNull) {
  const json table = read("x,value\n,nan\n1e999,-inf\n");
  EXPECT_EQ(table["rows"], json::parse("[[null,null],[null,null]]"));
}

TEST_F(NumberTable, KeepsSevenSignificantDigits) {
  const json table = read("x,value\n0.12345678912,1234567.89\n");
  EXPECT_EQ(table["rows"][0].dump(), "[0.1234568,1234568.0]");
}

TEST_F(NumberTable, QuotedCellsHoldCommasAndQuotes) {
  const json table = read("x,name,value\n1,\"a, \"\"b\"\"\",2\n");
  EXPECT_EQ(table["rows"][0][1], "a, \"b\"");
}

TEST_F(NumberTable, WindowsLineEndsAndAMissingLastOneAreAccepted) {
  EXPECT_EQ(read("x,value\r\n1,2\r\n3,4")["rows"], json::parse("[[1.0,2.0],[3.0,4.0]]"));
}

TEST_F(NumberTable, AHeaderAloneIsAnEmptyTable) {
  EXPECT_TRUE(read("x,value\n")["rows"].empty());
}

TEST_F(NumberTable, NamesFileLineAndRemedyOfABadCell) {
  EXPECT_THAT([&] { (void)read("x,value\n1,2\n3,four\n"); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("gain.csv: line 3"), HasSubstr("\"four\""),
                                             HasSubstr("run the experiment again"))));
}

TEST_F(NumberTable, RefusesRaggedRows) {
  EXPECT_THAT([&] { (void)read("x,value\n1,2,3\n"); },
              ThrowsMessage<DataError>(HasSubstr("line 2 has 3 cells, the header has 2")));
}

TEST_F(NumberTable, RefusesAMissingColumnAndAnEmptyFile) {
  EXPECT_THAT([&] { (void)read("x,y\n1,2\n"); },
              ThrowsMessage<DataError>(HasSubstr("no column \"value\"")));
  EXPECT_THROW((void)read(""), DataError);
}

TEST_F(NumberTable, RefusesAMissingFile) {
  EXPECT_THROW((void)read_number_table(file_, required_, numeric_), DataError);
}

}  // namespace
}  // namespace twofold::report
