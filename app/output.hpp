// What commands print and write at the end.
#pragma once

#include <filesystem>
#include <span>

#include "command.hpp"
#include "twofold/experiment/run_folder.hpp"

namespace twofold::app {

[[nodiscard]] experiment::Existing existing_policy(bool resume, bool force);

/// Writes the HTML report, then prints the verdict table, or with --json the records:
/// one record as it is for `run`, {"records": [...]} when `as_list`.
void finish_with_report(std::span<const std::filesystem::path> folders,
                        const std::filesystem::path& report, const CommonOptions& options,
                        Observer& observer, bool as_list = false);

}  // namespace twofold::app
