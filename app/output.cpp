#include "output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "twofold/experiment/record.hpp"
#include "twofold/report/html_report.hpp"
#include "twofold/report/text_table.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;

bool colour_wanted() {
  return ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
}

void print_records(std::span<const fs::path> folders, bool as_list) {
  experiment::Json records = experiment::Json::array();
  for (const fs::path& folder : folders) records.push_back(experiment::read_record(folder));
  const experiment::Json& printed = records;
  if (as_list) {
    fmt::print("{}\n", experiment::Json{{"records", printed}}.dump(1));
  } else {
    fmt::print("{}\n", printed.front().dump(1));
  }
}

}  // namespace

experiment::Existing existing_policy(bool resume, bool force) {
  if (resume) return experiment::Existing::Resume;
  return force ? experiment::Existing::StartOver : experiment::Existing::Refuse;
}

void finish_with_report(std::span<const fs::path> folders, const fs::path& report,
                        const CommonOptions& options, Observer& observer, bool as_list) {
  report::write_html_report(folders, report);
  if (options.json) {
    print_records(folders, as_list);
  } else {
    fmt::print("{}", report::verdict_table(folders, {.colour = colour_wanted()}));
  }
  std::fflush(stdout);
  observer.message(Severity::Info, fmt::format("report: {}", fs::absolute(report).string()));
}

}  // namespace twofold::app
