// What a run leaves behind: claims, figures, numbers. Written once, read by reports.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/verdict.hpp"

namespace twofold::experiment {

using Json = nlohmann::ordered_json;

/// One statement of the theory beside what was measured.
struct Claim {
  std::string name;   ///< key, e.g. "block_gain[0]"
  std::string title;  ///< for people
  double predicted = 0.0;
  double measured = 0.0;
  double standard_error = 0.0;  ///< of `measured`, over repeats
  double tolerance = 0.0;       ///< on |predicted - measured|, in `unit`
  std::string reason;           ///< why this tolerance
  std::string unit = "1";
  std::string source;  ///< docs/theory/<system>.md#section
  Verdict verdict = Verdict::NotApplicable;
  std::string why;  ///< which assumption does not hold
};

/// Holds if |predicted - measured| <= tolerance; NaN fails.
void judge(Claim& claim);

/// An axis of a figure.
struct Axis {
  std::string column;
  std::string label;
  std::string scale = "linear";  ///< linear | log
};

/// One point or line vertex of a figure.
struct FigureRow {
  double x = 0.0;
  std::string series;
  std::string panel;
  bool predicted = false;
  double value = 0.0;
  double standard_error = 0.0;
  double low = 0.0, high = 0.0;  ///< band; drawn if low < high
};

/// Predicted lines and measured points of one picture; rows go to series/<name>.csv.
struct Figure {
  std::string name;
  std::string title;
  std::string sentence;  ///< what is to be seen
  Axis x, y;
  std::string series;  ///< what the colour stands for; empty if one series
  std::string panel;   ///< what the small multiples stand for; empty if one panel
  std::vector<FigureRow> rows;
};

/// A PNG file of the run folder.
struct Picture {
  std::string name;
  std::string title;
  std::string file;  ///< relative to the folder
};

/// One line of a trust report.
struct TrustEntry {
  std::string name;
  double value = 0.0;
  double limit = 0.0;
  std::string verdict;
  std::string text;
};

/// Everything a report needs of one experiment.
struct Record {
  std::string system;
  std::string experiment;
  std::string title;
  std::string description;
  std::int64_t seed = 1;
  /// What computed the steps, each kind once: its precision, then how, "split_bf16 (amx_bf16)".
  std::vector<std::string> arithmetic;
  std::string status = "ok";  ///< ok | diverged | interrupted | skipped
  std::vector<Claim> claims;
  std::vector<Figure> figures;
  std::vector<Picture> pictures;
  std::vector<TrustEntry> trust;
  Json summary = Json::object();
  double simulate_s = 0.0;
  double predict_s = 0.0;
};

/// The number, or null if it is not finite: JSON has no NaN or infinity.
[[nodiscard]] Json json_number(double value);

/// A trust report as an array, for records and predictions alike.
[[nodiscard]] Json to_json(const std::vector<TrustEntry>& trust);

/// The record as JSON (`record.json`), with version and machine.
[[nodiscard]] Json to_json(const Record& record, int threads);

/// Reads the claims and titles of a record.json back (figures stay on disk).
/// @throws DataError  if the file is missing or is not a record.
[[nodiscard]] Json read_record(const std::filesystem::path& folder);

/// Writes series/*.csv and, last, record.json into `folder`: with record.json the run is
/// complete. @throws OutputError.
void write_record(const std::filesystem::path& folder, const Record& record, int threads);

}  // namespace twofold::experiment
