#include "number_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& file, std::string_view message) {
  throw DataError(
      "report::read_number_table",
      fmt::format("{}: {}; run the experiment again (--force)", file.string(), message));
}

bool contains(std::span<const std::string> names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Takes the next line off `rest`, without its "\n" or "\r\n".
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::vector<std::string> split_cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool doubled = quoted && line.substr(i, 2) == "\"\"";
    if (line[i] == '"' && !doubled) {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
      if (doubled) ++i;
    }
  }
  return cells;
}

double parse_number(const fs::path& file, int line_number, const std::string& cell) {
  double value = 0.0;
  const char* const end = cell.data() + cell.size();
  const auto [stop, code] = std::from_chars(cell.data(), end, value);
  // Too small or too large for a double: as good as zero or infinite.
  if (code == std::errc::result_out_of_range) return std::nan("");
  if (code != std::errc() || stop != end) {
    fail(file, fmt::format("line {}: \"{}\" is not a number", line_number, cell));
  }
  return value;
}

json number_cell(const fs::path& file, int line_number, const std::string& cell) {
  if (cell.empty()) return nullptr;
  const double value = parse_number(file, line_number, cell);
  if (!std::isfinite(value)) return nullptr;
  return std::stod(fmt::format("{:.7g}", value));
}

}  // namespace

json read_number_table(const fs::path& file, std::span<const std::string> required,
                       std::span<const std::string> numeric) {
  const std::string content = read_file(file);
  std::string_view rest = content;
  const std::vector<std::string> columns = split_cells(take_line(rest));
  for (const std::string& name : required) {
    if (!contains(columns, name)) fail(file, fmt::format("no column \"{}\" in the header", name));
  }
  json rows = json::array();
  for (int line_number = 2; !rest.empty(); ++line_number) {
    const std::string_view line = take_line(rest);
    if (line.empty()) continue;
    const std::vector<std::string> cells = split_cells(line);
    if (cells.size() != columns.size()) {
      fail(file, fmt::format("line {} has {} cells, the header has {}", line_number, cells.size(),
                             columns.size()));
    }
    json row = json::array();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool number = contains(numeric, columns[i]);
      row.push_back(number ? number_cell(file, line_number, cells[i]) : json(cells[i]));
    }
    rows.push_back(std::move(row));
  }
  return {{"columns", columns}, {"rows", std::move(rows)}};
}

}  // namespace twofold::report
