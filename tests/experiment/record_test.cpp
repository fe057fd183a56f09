#include "twofold/experiment/record.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/processor.hpp"

namespace twofold::experiment {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Verdict verdict(double predicted, double measured, double tolerance) {
  Claim claim;
  claim.predicted = predicted;
  claim.measured = measured;
  claim.tolerance = tolerance;
  judge(claim);
  return claim.verdict;
}

TEST(Judge, HoldsUpToAndWithTheTolerance) {
  EXPECT_EQ(verdict(1.0, 1.5, 0.5), Verdict::Holds);
  EXPECT_EQ(verdict(1.5, 1.0, 0.5), Verdict::Holds);
  EXPECT_EQ(verdict(1.0, 1.75, 0.5), Verdict::Fails);
  EXPECT_EQ(verdict(1.0, 1.0, 0.0), Verdict::Holds);
}

TEST(Judge, NothingHoldsOfNan) {
  EXPECT_EQ(verdict(kNan, 1.0, 10.0), Verdict::Fails);
  EXPECT_EQ(verdict(1.0, kNan, 10.0), Verdict::Fails);
  EXPECT_EQ(verdict(1.0, 1.0, kNan), Verdict::Fails);
}

Record sample() {
  Record record;
  record.system = "mean_field";
  record.experiment = "sample";
  record.title = "λ, \"quoted\"";
  record.claims.push_back({.name = "loss", .predicted = 0.1, .measured = kNan, .tolerance = 0.2});
  Figure figure;
  figure.name = "1-gain";
  figure.x = {"time", "time", "linear"};
  figure.y = {"value", "gain", "linear"};
  figure.series = "direction";
  figure.rows.push_back({0.1, "1: s, big", "", true, 1.0 / 3.0, 0.0, 0.25, 0.5});
  figure.rows.push_back({0.1, "plain", "", false, 0.5, 0.125});
  record.figures.push_back(figure);
  return record;
}

TEST(Record, IsReadBackAsItWasWritten) {
  const TemporaryFolder folder;
  write_record(folder.path(), sample(), 3);
  const Json json = read_record(folder.path());
  EXPECT_EQ(json, to_json(sample(), 3));
  EXPECT_EQ(json["machine"]["threads"], 3);
  EXPECT_EQ(json["machine"]["instructions"], instructions_name(usable_instructions()));
  EXPECT_EQ(json["title"], "λ, \"quoted\"");
  EXPECT_EQ(json["figures"][0]["data"], "series/1-gain.csv");
}

TEST(Record, SaysInWhichPrecisionAndHowItWasTrained) {
  Record record = sample();
  record.arithmetic = {"split_bf16 (amx_bf16)", "float (BLAS)", "float, pairs that fire (AVX-512)"};
  const Json train = to_json(record, 1)["train"];
  EXPECT_EQ(train["precision"], "split_bf16; float");
  EXPECT_EQ(train["arithmetic"],
            "split_bf16 (amx_bf16); float (BLAS); float, pairs that fire (AVX-512)");
}

TEST(Record, NumbersThatAreNoneAreNull) {
  const Json claim = to_json(sample(), 1)["claims"][0];
  EXPECT_TRUE(claim["measured"].is_null());
  EXPECT_EQ(claim["predicted"], 0.1);
  EXPECT_EQ(claim["verdict"], "not applicable");
}

TEST(Record, FiguresAreTablesInLongForm) {
  const TemporaryFolder folder;
  write_record(folder.path(), sample(), 1);
  EXPECT_EQ(read_file(folder.path() / "series/1-gain.csv"),
            "time,direction,source,value,standard_error,low,high\n"
            "0.1,\"1: s, big\",predicted,0.3333333333333333,0,0.25,0.5\n"
            "0.1,plain,measured,0.5,0.125,,\n");
}

TEST(Record, WithoutItsTablesThereIsNoRecord) {
  const TemporaryFolder folder;
  write_file(folder.path() / "series", "a file where the folder should be");
  EXPECT_THROW(write_record(folder.path(), sample(), 1), OutputError);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "record.json"));
}

TEST(ReadRecord, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  expect_throw<DataError>([&] { (void)read_record(folder.path()); },
                          {"record.json", "no such file"});
  for (const char* text : {"", "{", "[]", "3", "{\"a\": 1}"}) {
    write_file(folder.path() / "record.json", text);
    expect_throw<DataError>([&] { (void)read_record(folder.path()); },
                            {"record.json is not a record"});
  }
}

}  // namespace
}  // namespace twofold::experiment
