#include "twofold/data/formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "twofold/core/error.hpp"
#include "twofold/data/cifar10.hpp"
#include "twofold/data/csv.hpp"
#include "twofold/data/idx.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/npz.hpp"
#include "twofold/data/vecs.hpp"

namespace twofold::data {
namespace {

using Opened = std::shared_ptr<const Source>;

// "file.npz:name" names an array of the archive.
Opened open_archive(const std::string& path) {
  constexpr std::string_view mark = ".npz:";
  const std::size_t at = path.rfind(mark);
  if (at == std::string::npos) return open_npz(path);
  const std::size_t colon = at + mark.size() - 1;
  return open_npz(path.substr(0, colon), std::string_view(path).substr(colon + 1));
}

struct Format {
  std::string_view name;
  std::vector<std::string_view> endings;
  Opened (*open)(const std::string&);
};

const std::array<Format, 8>& formats() {
  static const std::array<Format, 8> table{{
      {"npy", {".npy"}, [](const std::string& p) { return open_npy(p); }},
      {"npz", {".npz"}, open_archive},
      {"fvecs", {".fvecs"}, [](const std::string& p) { return open_fvecs(p); }},
      {"bvecs", {".bvecs"}, [](const std::string& p) { return open_bvecs(p); }},
      {"ivecs", {".ivecs"}, [](const std::string& p) { return open_ivecs(p); }},
      {"idx",
       {"-ubyte", "-ubyte.gz", ".idx", ".idx.gz"},
       [](const std::string& p) { return open_idx(p); }},
      {"cifar10",
       {".bin"},
       [](const std::string& p) { return open_cifar10(std::filesystem::path(p)); }},
      {"csv", {".csv", ".tsv", ".txt"}, [](const std::string& p) { return open_csv(p); }},
  }};
  return table;
}

bool matches(const Format& format, std::string_view path) {
  if (format.name == "npz" && path.find(".npz:") != std::string_view::npos) return true;
  return std::ranges::any_of(format.endings,
                             [&](std::string_view ending) { return path.ends_with(ending); });
}

}  // namespace

Opened open_file(const std::string& path, std::string_view format) {
  constexpr auto where = "data::open_file";
  require(!path.empty(), where, fmt::format("source '{}' needs the path of a file", format));
  for (const Format& candidate : formats()) {
    if (format == candidate.name || (format == "file" && matches(candidate, path))) {
      return candidate.open(path);
    }
  }
  const std::string problem = format == "file"
                                  ? fmt::format("the ending of {} does not tell its format", path)
                                  : fmt::format("unknown format '{}' for {}", format, path);
  throw InvalidArgument(
      where, fmt::format("{}; known formats: {}", problem, fmt::join(format_names(), ", ")));
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Format& format : formats()) names.emplace_back(format.name);
  return names;
}

}  // namespace twofold::data
