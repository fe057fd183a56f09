// twofold report: one HTML page from finished runs, without computing anything again.

#include <fmt/format.h>

#include <filesystem>

#include "command.hpp"
#include "twofold/report/html_report.hpp"
#include "twofold/report/text_table.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;

struct ReportCommand {
  std::vector<std::string> folders;
  std::string output = "report.html";
  std::string title = "twofold report";
};

int report(const ReportCommand& command, const CommonOptions& options) {
  const std::vector<fs::path> folders(command.folders.begin(), command.folders.end());
  report::write_html_report(folders, command.output, {.title = command.title});
  make_observer(options)->message(Severity::Info,
                                  fmt::format("report: {}", fs::absolute(command.output).string()));
  return kOk;
}

}  // namespace

void add_report(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<ReportCommand>();
  CLI::App* sub = app.add_subcommand("report", "one HTML page from finished runs");
  sub->description(
      "Example:\n  twofold report phases-run shrinkage-run -o both.html\n\nReads records only; "
      "nothing is computed again.");
  sub->add_option("folders", command->folders, "run folders")->required();
  sub->add_option("-o,--output", command->output, "the page")->capture_default_str();
  sub->add_option("--title", command->title, "heading of the page")->capture_default_str();
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = [command, &options] { return report(*command, options); };
  });
}

}  // namespace twofold::app
