#include "twofold/report/html_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/sample_records.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// The records as the page's client reads them.
json embedded_records(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"records\">";
  const std::size_t begin = page.find(open) + open.size();
  return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

class HtmlReport : public ::testing::Test {
 protected:
  std::string report(const ReportOptions& options = {}) {
    write_html_report(runs_, output_, options);
    return read_file(output_);
  }

  TemporaryFolder folder_;
  std::vector<std::filesystem::path> runs_ = testing::write_sample_records(folder_.path());
  std::filesystem::path output_ = folder_.path() / "report.html";
};

TEST_F(HtmlReport, HoldsAllRecordsInOrder) {
  const json records = embedded_records(report());
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["experiment"], "phases");
  EXPECT_EQ(records[1]["experiment"], "width");
  EXPECT_EQ(records[2]["experiment"], "fashion_mnist");
  EXPECT_EQ(records[1]["claims"].size(), 9U);
}

TEST_F(HtmlReport, LeavesNoPlaceholderAndStaysSmall) {
  const std::string page = report();
  for (const char* name : {"{{title}}", "{{plain}}", "{{records}}", "{{style}}", "{{client}}"}) {
    EXPECT_THAT(page, Not(HasSubstr(name)));
  }
  EXPECT_LT(page.size(), 2'000'000U);
}

TEST_F(HtmlReport, EscapesTitleAndRecords) {
  json record = json::parse(read_file(runs_[0] / "record.json"));
  record["title"] = "</script><script>alert(1)</script>";
  write_file(runs_[0] / "record.json", record.dump());
  const std::string page = report({.title = "<b>phases & more</b>"});
  EXPECT_THAT(page, HasSubstr("<title>&lt;b&gt;phases &amp; more&lt;/b&gt;</title>"));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert(1)")));
  EXPECT_EQ(embedded_records(page)[0]["title"], record["title"]);
}

TEST_F(HtmlReport, SeedsKeepAll64Bits) {
  json record = json::parse(read_file(runs_[0] / "record.json"));
  record["seed"] = 18'446'744'073'709'551'615ULL;
  write_file(runs_[0] / "record.json", record.dump());
  EXPECT_EQ(embedded_records(report())[0]["seed"], "18446744073709551615");
}

TEST_F(HtmlReport, NamesNoPlaceOfTheNetworkToLoadFrom) {
  const std::string page = report();
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* tag : {"<link ", "<script src", "<img src=\"http", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(tag)));
  }
}

TEST_F(HtmlReport, SameRecordsGiveTheSameBytes) {
  EXPECT_EQ(report(), report());
}

TEST_F(HtmlReport, ShowsVerdictsWithoutJavaScript) {
  EXPECT_THAT(report(), HasSubstr("25 claims: 23 hold, 1 fails, 1 not applicable"));
}

TEST_F(HtmlReport, AMissingTableLeavesTheOldReportAlone) {
  write_file(output_, "old");
  std::filesystem::remove(runs_[1] / "series/excess.csv");
  EXPECT_THROW(report(), DataError);
  EXPECT_EQ(read_file(output_), "old");
}

TEST_F(HtmlReport, RefusesAnEmptyList) {
  EXPECT_THROW(write_html_report({}, output_), InvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(output_));
}

TEST_F(HtmlReport, SaysWhereItCannotWrite) {
  EXPECT_THROW(write_html_report(runs_, folder_.path() / "absent/report.html"), OutputError);
}

}  // namespace
}  // namespace twofold::report
