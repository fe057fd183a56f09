#include "twofold/report/html_report.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "assets.hpp"
#include "escape.hpp"
#include "record_reader.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/report/text_table.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;

json read_all(std::span<const std::filesystem::path> run_folders) {
  json records = json::array();
  for (const std::filesystem::path& folder : run_folders) {
    json record = read_record(folder);
    attach_files(record, folder);
    // JavaScript's numbers hold 53 bits, a seed has 64.
    if (record.contains("seed") && record["seed"].is_number()) {
      record["seed"] = record["seed"].dump();
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

void write_html_report(std::span<const std::filesystem::path> run_folders,
                       const std::filesystem::path& output, const ReportOptions& options) {
  require(!run_folders.empty(), "report::write_html_report", "no run folder given");
  const std::map<std::string, std::string, std::less<>> parts{
      {"title", escape_html(options.title)},
      {"plain", escape_html(verdict_table(run_folders))},
      {"records", script_json(read_all(run_folders))}};
  write_file(output, fill_placeholders(page_template(), parts));
}

}  // namespace twofold::report
