#include "twofold/experiment/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kWhere = "experiment::RunFolder";
constexpr std::string_view kSpecName = "spec.resolved.toml";

// What a run writes. The record goes first and the spec last, so that a removal that is
// cut short leaves neither a complete-looking run nor one that is not recognised.
constexpr std::array kWritten{"record.json", "report.html",       "series", "arrays", "checkpoint",
                              "log.jsonl",   "spec.resolved.toml"};

bool holds_a_run(const fs::path& folder) {
  return fs::exists(folder / kSpecName);
}

// A mistyped --out must not cost a person's files.
void refuse_foreign_files(const fs::path& folder) {
  for (const char* name : kWritten) {
    require(!fs::exists(folder / name), kWhere,
            fmt::format("{} is not a run folder, and a run would replace its {}; choose another "
                        "--out",
                        folder.string(), name));
  }
}

// Removes only what a run writes.
void remove_run(const fs::path& folder) {
  for (const char* name : kWritten) {
    std::error_code code;
    fs::remove_all(folder / name, code);
    if (code) {
      throw OutputError(
          kWhere, fmt::format("cannot remove {}: {}", (folder / name).string(), code.message()));
    }
  }
}

void check_same_run(const fs::path& folder, std::string_view resolved_spec) {
  if (read_file(folder / kSpecName) == resolved_spec) return;
  throw InvalidArgument(
      kWhere, fmt::format("{} holds a run of another spec; compare its {}, or choose another --out "
                          "(--force starts over and removes that run)",
                          folder.string(), kSpecName));
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw InvalidArgument(kWhere, fmt::format("another run is writing into {}; wait for it, or "
                                            "choose another --out",
                                            folder.string()));
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RunFolder::RunFolder(fs::path path, std::string_view resolved_spec, Existing existing,
                     Observer& observer)
    : path_(std::move(path)) {
  require(!fs::exists(path_) || fs::is_directory(path_), kWhere,
          fmt::format("{} is a file, not a folder; choose another --out", path_.string()));
  const bool occupied = fs::exists(path_) && !fs::is_empty(path_);
  if (occupied && existing == Existing::Refuse) {
    throw InvalidArgument(kWhere,
                          fmt::format("{} exists already; go on with --resume, start over with "
                                      "--force, or choose another --out",
                                      path_.string()));
  }
  if (occupied && !holds_a_run(path_)) refuse_foreign_files(path_);
  create_folder(path_);
  lock_.emplace(path_);
  if (occupied && existing == Existing::StartOver) remove_run(path_);
  if (occupied && existing == Existing::Resume && holds_a_run(path_)) {
    check_same_run(path_, resolved_spec);
    return;
  }
  if (existing == Existing::Resume) {
    observer.message(
        Severity::Info,
        fmt::format("{} holds nothing to resume: starting from the beginning", path_.string()));
  }
  write_file(path_ / kSpecName, resolved_spec);
}

bool RunFolder::complete() const {
  return fs::exists(path_ / "record.json");
}

void RunFolder::log(std::string_view json_line) const {
  std::ofstream(path_ / "log.jsonl", std::ios::app) << json_line << '\n';
}

void RunFolder::withdraw() const noexcept {
  std::error_code ignored;
  if (fs::exists(checkpoint(), ignored)) return;
  for (const char* name : kWritten) fs::remove_all(path_ / name, ignored);
  fs::remove(path_, ignored);  // only if nothing else is in it
}

void RunFolder::finish() const {
  std::error_code ignored;
  fs::remove_all(checkpoint(), ignored);
}

}  // namespace twofold::experiment
