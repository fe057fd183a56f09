// The folder a run writes into: refused, resumed or started over; complete with record.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "twofold/core/observer.hpp"

namespace twofold::experiment {

/// What to do with an output folder that exists already.
enum class Existing { Refuse, Resume, StartOver };

/// Keeps other runs, of any process, out of a folder while it lives. It leaves no file and ends
/// with the process; where a file system has no locks, it keeps nobody out.
class FolderLock {
 public:
  /// @throws InvalidArgument  if another one holds the folder.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

/// An output folder: `spec.resolved.toml`, `log.jsonl`, `checkpoint/`, `series/`,
/// `arrays/`, and `record.json` last.
class RunFolder {
 public:
  /// Opens or makes the folder.
  /// @throws InvalidArgument  if it exists and `existing` is Refuse; if it holds another run
  ///                          (a different resolved spec) and `existing` is Resume; if it
  ///                          holds no run, but files of a run's names; if a file is in
  ///                          its place; while another RunFolder, of any process, has it open;
  ///         OutputError      if it cannot be made or written.
  RunFolder(std::filesystem::path path, std::string_view resolved_spec, Existing existing,
            Observer& observer);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path checkpoint() const { return path_ / "checkpoint"; }
  [[nodiscard]] std::filesystem::path arrays() const { return path_ / "arrays"; }

  /// True if a resumed folder already holds a finished run.
  [[nodiscard]] bool complete() const;

  /// Appends one line of JSON to log.jsonl.
  void log(std::string_view json_line) const;

  /// After a failure: removes what was begun, unless there is a checkpoint to go on from.
  void withdraw() const noexcept;

  /// Removes checkpoint/ once the record is written.
  void finish() const;

 private:
  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
};

}  // namespace twofold::experiment
