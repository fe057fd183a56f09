#include "report/record_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "report/sample_records.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class RecordReader : public ::testing::Test {
 protected:
  void save(const json& record) { write_file(folder_.path() / "record.json", record.dump()); }
  json read() { return read_record(folder_.path()); }

  // Changes one member of a valid record and expects a DataError that names `place`.
  void expect_refused(const json::json_pointer& member, const json& value,
                      const std::string& place) {
    json record = valid();
    record[member] = value;
    save(record);
    EXPECT_THAT([&] { (void)read(); },
                ThrowsMessage<DataError>(AllOf(HasSubstr("record.json: " + place),
                                               HasSubstr("run the experiment again"))));
  }

  static json valid() {
    return json::parse(R"({"system": "mean_field", "experiment": "phases",
      "claims": [{"name": "gain", "predicted": 1, "measured": 1, "verdict": "holds"}],
      "figures": [{"name": "gain", "data": "series/gain.csv", "x": {"column": "time"},
                   "y": {"column": "value"}}],
      "trust": [{"name": "asymmetry", "verdict": "trust", "value": 0.1}]})");
  }

  TemporaryFolder folder_;
};

std::string decode_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = (bits << 6 | static_cast<unsigned>(digits.find(c))) & 0xFFFFU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFFU);
  }
  return bytes;
}

TEST_F(RecordReader, FillsInWhatMayBeLeftOut) {
  save(valid());
  const json record = read();
  EXPECT_EQ(record["title"], "phases");
  EXPECT_EQ(record["status"], "ok");
  EXPECT_EQ(record["claims"][0]["title"], "gain");
  EXPECT_TRUE(record["claims"][0]["standard_error"].is_null());
  EXPECT_EQ(record["figures"][0]["x"]["label"], "time");
  EXPECT_EQ(record["figures"][0]["y"]["scale"], "linear");
  EXPECT_TRUE(record["images"].empty());
}

TEST_F(RecordReader, ARecordWithoutClaimsAndFiguresIsValid) {
  save({{"system", "mean_field"}, {"experiment", "phases"}});
  EXPECT_TRUE(read()["claims"].empty());
}

TEST_F(RecordReader, NamesThePlaceOfWhatIsWrong) {
  using Pointer = json::json_pointer;
  expect_refused(Pointer("/system"), 3, "system is not text");
  expect_refused(Pointer("/claims"), "none", "claims is not a list");
  expect_refused(Pointer("/claims/0"), 1, "claims[0] is not an object");
  expect_refused(Pointer("/claims/0/predicted"), "one", "claims[0].predicted is not a number");
  expect_refused(Pointer("/claims/0/verdict"), "maybe", "claims[0].verdict is \"maybe\"");
  expect_refused(Pointer("/figures/0/data"), nullptr, "figures[0].data is not text");
  expect_refused(Pointer("/figures/0/x"), "time", "figures[0].x is not an object");
  expect_refused(Pointer("/figures/0/y/column"), 1, "figures[0].y.column is not text");
  expect_refused(Pointer("/trust/0/value"), "small", "trust[0].value is not a number");
}

TEST_F(RecordReader, SaysThatAFolderIsNoRun) {
  EXPECT_THAT(
      [&] { (void)read(); },
      ThrowsMessage<DataError>(AllOf(HasSubstr("record.json"), HasSubstr("not a finished run"))));
}

TEST_F(RecordReader, SaysWhereJsonBreaks) {
  write_file(folder_.path() / "record.json", valid().dump().substr(0, 40));
  EXPECT_THAT(
      [&] { (void)read(); },
      ThrowsMessage<DataError>(AllOf(HasSubstr("broken JSON at byte 4"), HasSubstr("cut short"))));
}

TEST_F(RecordReader, ReadsNothingOutsideTheRunFolder) {
  for (const char* name : {"/etc/passwd", "../other/gain.csv", "series/../../gain.csv", ""}) {
    json record = valid();
    record["figures"][0]["data"] = name;
    save(record);
    json read_back = read();
    EXPECT_THAT([&] { attach_files(read_back, folder_.path()); },
                ThrowsMessage<DataError>(HasSubstr("not a file inside the run folder")))
        << name;
  }
}

TEST_F(RecordReader, AttachesTables) {
  const auto runs = testing::write_sample_records(folder_.path());
  json record = read_record(runs[2]);
  attach_files(record, runs[2]);
  // 2 series of 61 predicted and 13 measured points.
  EXPECT_EQ(record["figures"][0]["table"]["rows"].size(), 2U * (61 + 13));
}

// Base 64 has three cases, by the length of what it holds modulo 3.
TEST_F(RecordReader, AttachedImagesDecodeToTheFile) {
  const auto runs = testing::write_sample_records(folder_.path());
  const std::string png = read_file(runs[2] / "arrays/atoms.png");
  for (const char* tail : {"", "\xff", "\xff\x01"}) {
    write_file(runs[2] / "arrays/atoms.png", png + tail);
    json record = read_record(runs[2]);
    attach_files(record, runs[2]);
    const std::string uri = record["images"][0]["uri"], start = "data:image/png;base64,";
    ASSERT_TRUE(uri.starts_with(start));
    EXPECT_EQ((uri.size() - start.size()) % 4, 0U);
    EXPECT_EQ(decode_base64(uri.substr(start.size())), png + tail);
  }
}

TEST_F(RecordReader, RefusesAnImageThatIsNoPng) {
  const auto runs = testing::write_sample_records(folder_.path());
  write_file(runs[2] / "arrays/atoms.png", "GIF89a");
  json record = read_record(runs[2]);
  EXPECT_THAT([&] { attach_files(record, runs[2]); },
              ThrowsMessage<DataError>(HasSubstr("atoms.png: not a PNG image")));
}

}  // namespace
}  // namespace twofold::report
