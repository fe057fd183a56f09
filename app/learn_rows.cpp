// Rows and folders of twofold learn, whatever the model.

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "learn_command.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/estimators/dictionary_folder.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;
constexpr auto kWhere = "app::learn";

// The folder that is there, if any, is set aside until the new one stands: never neither.
void move_into_place(const fs::path& temporary, const std::string& name) {
  const fs::path aside = fmt::format("{}.old{}", name, ::getpid());
  std::error_code code, ignored;
  fs::rename(name, aside, ignored);  // fails where there is none
  fs::rename(temporary, name, code);
  if (code) {
    fs::rename(aside, name, ignored);
    throw OutputError(kWhere, fmt::format("cannot write {}: {}", name, code.message()));
  }
  fs::remove_all(aside, ignored);
}

}  // namespace

LearnRows learn_rows(const LearnCommand& command, std::uint64_t seed, ThreadPool& pool) {
  const Rows all = open_vectors(command.data);
  const std::uint64_t size = all->size();
  const auto held =
      static_cast<std::uint64_t>(std::llround(command.holdout * static_cast<double>(size)));
  require(held < size, kWhere,
          fmt::format("--holdout {} leaves none of {} rows to learn from", command.holdout, size));
  data::FittedTransforms fitted =
      data::fit_transforms(command.transforms, data::row_range(all, 0, size - held), seed, pool);
  require(!fitted.random_signs && !fitted.mirrored, kWhere,
          "random_signs and mirrored change batches, not rows; leave them out");
  for (const data::KeptTransform& kept : fitted.kept) (void)data::restore_transform(kept);
  LearnRows rows{.train = fitted.train, .kept = fitted.kept, .input_dimension = all->dimension()};
  if (held > 0) rows.held_out = fitted.apply(data::row_range(all, size - held, held));
  return rows;
}

Matrix read_truth(const std::string& file, Index dimension) {
  if (file.empty()) return {};
  const Rows rows = data::open_file(file);
  if (rows->dimension() != dimension) {
    throw DataError(kWhere, fmt::format("{}: true atoms have dimension {}, the rows {}", file,
                                        rows->dimension(), dimension));
  }
  Matrix atoms(static_cast<Index>(rows->size()), dimension);
  rows->read(0, View<double>(atoms));
  return atoms;
}

// Before anything is computed: a folder that can be made, or may be replaced.
void check_output(const LearnCommand& command) {
  std::error_code ignored;
  fs::path place = fs::absolute(command.output);
  while (!fs::exists(place.parent_path(), ignored)) place = place.parent_path();
  check_place(place);
  if (!fs::exists(command.output, ignored)) return;
  require(
      command.force, kWhere,
      fmt::format("{} exists; name another folder, or replace it with --force", command.output));
  require(estimators::is_dictionary_folder(command.output), kWhere,
          fmt::format("{} is not a dictionary that --force may replace; name another folder",
                      command.output));
}

void write_learned(const std::string& output,
                   const std::function<void(const fs::path& folder)>& produce) {
  const fs::path place = fs::path(output).lexically_normal();
  const std::string name = (place.has_filename() ? place : place.parent_path()).string();
  const fs::path temporary = fmt::format("{}.part{}", name, ::getpid());
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  create_folder(temporary);
  try {
    produce(temporary);
    move_into_place(temporary, name);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

Index parse_sparsity(const std::string& text) {
  if (text == "auto") return 0;
  Index k = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), k);
  require(error == std::errc() && end == text.data() + text.size() && k >= 1, kWhere,
          fmt::format("--sparsity must be auto or a whole number >= 1, got '{}'", text));
  return k;
}

}  // namespace twofold::app
