#include "twofold/report/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "record_reader.hpp"
#include "twofold/core/error.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;

constexpr std::size_t kNumColumns = 5;
using Row = std::array<std::string, kNumColumns>;

struct Counts {
  int claims = 0, hold = 0, fail = 0, not_applicable = 0;
};

// Characters, not bytes: all but UTF-8's continuation bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string number(const json& value) {
  return value.is_number() ? fmt::format("{:.4g}", value.get<double>()) : "-";
}

std::string measured(const json& claim) {
  const json& error = claim["standard_error"];
  if (!claim["measured"].is_number() || !error.is_number() || error.get<double>() == 0.0) {
    return number(claim["measured"]);
  }
  return fmt::format("{} ± {:.2g}", number(claim["measured"]), error.get<double>());
}

std::string coloured(const std::string& verdict, const TextTableOptions& options) {
  if (!options.colour) return verdict;
  const int code = verdict == "holds" ? 32 : verdict == "fails" ? 31 : 33;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, verdict);
}

void count(const json& claims, Counts& counts) {
  for (const json& claim : claims) {
    ++counts.claims;
    if (claim["verdict"] == "holds") ++counts.hold;
    if (claim["verdict"] == "fails") ++counts.fail;
    if (claim["verdict"] == "not applicable") ++counts.not_applicable;
  }
}

// What to add below a claim: why it is not applicable, or what it is that failed.
std::string remark(const json& claim) {
  if (claim["verdict"] == "holds") return "";
  const std::string why = claim["why"];
  return why.empty() ? claim["title"].get<std::string>() : why;
}

std::string table_line(const Row& row, const std::array<std::size_t, kNumColumns>& widths) {
  std::string line = "  " + row[0] + std::string(widths[0] - width(row[0]), ' ');
  for (std::size_t i = 1; i + 1 < kNumColumns; ++i) {
    line += std::string(2 + widths[i] - width(row[i]), ' ') + row[i];
  }
  return line + "  " + row.back() + '\n';
}

std::string claims_table(const json& claims, const TextTableOptions& options) {
  std::vector<Row> rows{{"claim", "predicted", "measured ± s.e.", "tolerance", "verdict"}};
  for (const json& claim : claims) {
    rows.push_back({claim["name"], number(claim["predicted"]), measured(claim),
                    number(claim["tolerance"]), coloured(claim["verdict"], options)});
  }
  std::array<std::size_t, kNumColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kNumColumns; ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text = table_line(rows[0], widths);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    text += table_line(rows[i], widths);
    const std::string note = remark(claims[i - 1]);
    if (!note.empty()) text += "      " + note + '\n';
  }
  return text;
}

std::string counts_line(const Counts& counts) {
  return fmt::format("{} {}: {} {}, {} {}, {} not applicable\n", counts.claims,
                     counts.claims == 1 ? "claim" : "claims", counts.hold,
                     counts.hold == 1 ? "holds" : "hold", counts.fail,
                     counts.fail == 1 ? "fails" : "fail", counts.not_applicable);
}

}  // namespace

std::string verdict_table(std::span<const std::filesystem::path> run_folders,
                          const TextTableOptions& options) {
  require(!run_folders.empty(), "report::verdict_table", "no run folder given");
  std::string text;
  Counts counts;
  for (const std::filesystem::path& folder : run_folders) {
    const json record = read_record(folder);
    text +=
        fmt::format("{}/{}: {}\n", record["system"].get<std::string>(),
                    record["experiment"].get<std::string>(), record["title"].get<std::string>());
    if (record["status"] != "ok") {
      text += "  status: " + record["status"].get<std::string>() + '\n';
    }
    if (!record["claims"].empty()) text += claims_table(record["claims"], options);
    text += '\n';
    count(record["claims"], counts);
  }
  return text + counts_line(counts);
}

}  // namespace twofold::report
