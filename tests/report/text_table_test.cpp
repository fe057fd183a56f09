#include "twofold/report/text_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/sample_records.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class VerdictTable : public ::testing::Test {
 protected:
  std::string table(const std::string& record, const TextTableOptions& options = {}) {
    write_file(folder_.path() / "record.json", record);
    const std::vector<std::filesystem::path> runs{folder_.path()};
    return verdict_table(runs, options);
  }

  TemporaryFolder folder_;
};

constexpr const char* kRecord =
    R"({"system": "mean_field", "experiment": "phases", "title": "Phases",
  "claims": [
    {"name": "gain[0]", "predicted": 0.89443, "measured": 0.8921, "standard_error": 0.0013,
     "tolerance": 0.02, "verdict": "holds"},
    {"name": "überschuss", "title": "Excess loss", "predicted": 1e-7, "measured": 2, "standard_error": 0,
     "tolerance": 0.5, "verdict": "fails"},
    {"name": "x", "predicted": 1, "measured": null, "standard_error": null, "tolerance": 1,
     "verdict": "not applicable", "why": "the data are not symmetric"}]})";

TEST_F(VerdictTable, ColumnsAreAligned) {
  EXPECT_EQ(table(kRecord),
            "mean_field/phases: Phases\n"
            "  claim       predicted  measured ± s.e.  tolerance  verdict\n"
            "  gain[0]        0.8944  0.8921 ± 0.0013       0.02  holds\n"
            "  überschuss      1e-07                2        0.5  fails\n"
            "      Excess loss\n"
            "  x                   1                -          1  not applicable\n"
            "      the data are not symmetric\n"
            "\n"
            "3 claims: 1 holds, 1 fails, 1 not applicable\n");
}

TEST_F(VerdictTable, ColourIsOffUnlessAskedFor) {
  EXPECT_THAT(table(kRecord), Not(HasSubstr("\x1b")));
  const std::string coloured = table(kRecord, {.colour = true});
  EXPECT_THAT(coloured, HasSubstr("\x1b[32mholds\x1b[0m"));
  EXPECT_THAT(coloured, HasSubstr("\x1b[31mfails\x1b[0m"));
}

TEST_F(VerdictTable, SaysWhenARunDidNotFinish) {
  EXPECT_THAT(table(R"({"system": "mean_field", "experiment": "x", "status": "diverged"})"),
              HasSubstr("status: diverged"));
}

TEST_F(VerdictTable, CountsOverAllRuns) {
  const auto runs = testing::write_sample_records(folder_.path());
  EXPECT_THAT(verdict_table(runs), HasSubstr("25 claims: 23 hold, 1 fails, 1 not applicable\n"));
}

TEST_F(VerdictTable, RefusesAnEmptyList) {
  EXPECT_THROW((void)verdict_table({}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::report
