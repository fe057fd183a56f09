// Writes the sample records and their report into a folder: sample_report FOLDER
#include <cstdio>
#include <exception>
#include <filesystem>

#include "report/sample_records.hpp"
#include "twofold/report/html_report.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: sample_report FOLDER\n", stderr), 2;
  try {
    const std::filesystem::path folder = argv[1];
    const auto runs = twofold::report::testing::write_sample_records(folder);
    twofold::report::write_html_report(runs, folder / "report.html");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
