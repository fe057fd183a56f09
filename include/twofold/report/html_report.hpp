// The report: one HTML file made from the records of finished runs.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace twofold::report {

struct ReportOptions {
  std::string title = "twofold report";  ///< heading and window title
};

/// Writes one self-contained HTML page: every claim with its verdict, then each run's figures.
///
/// Only what stands in the run folders is read (record.json, the tables and images it names);
/// nothing is computed again. The page needs no network and works from file://.
/// The same folders give the same bytes.
///
/// @param run_folders  folders that hold a record.json, in the order of the page; at least one.
/// @param output       the file; complete or untouched.
/// @throws InvalidArgument  if no folder is given.
/// @throws DataError        if a record, table or image is missing or broken: file, place, remedy.
/// @throws OutputError      if the page cannot be written.
void write_html_report(std::span<const std::filesystem::path> run_folders,
                       const std::filesystem::path& output, const ReportOptions& options = {});

}  // namespace twofold::report
