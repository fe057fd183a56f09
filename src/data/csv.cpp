#include "twofold/data/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "data_error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/array_source.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::open_csv";
constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Cuts off and returns what stands before the first `separator`.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t at = text.find_first_of(separator);
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

char find_delimiter(std::string_view line) {
  for (const char candidate : {',', ';', '\t'}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return ' ';
}

void split(std::string_view line, char delimiter, std::vector<std::string_view>& cells) {
  cells.clear();
  const bool closes_empty = delimiter != ' ' && line.ends_with(delimiter);
  while (!line.empty()) {
    const std::string_view cell =
        trim(take_until(line, delimiter == ' ' ? kBlank : std::string_view(&delimiter, 1)));
    if (delimiter != ' ' || !cell.empty()) cells.push_back(cell);
  }
  if (closes_empty) cells.emplace_back();
}

std::optional<double> parse_number(std::string_view cell) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) return {};
  return value;
}

bool is_header(const std::vector<std::string_view>& cells) {
  return std::ranges::none_of(cells,
                              [](std::string_view cell) { return parse_number(cell).has_value(); });
}

// A first line 0, 1, 2, ... is what pandas writes above columns without names; of a few
// columns it may well be a sample.
bool counts_columns(const std::vector<std::string_view>& cells) {
  constexpr std::size_t kFewest = 8;
  for (std::size_t j = 0; j < cells.size(); ++j) {
    if (parse_number(cells[j]) != static_cast<double>(j)) return false;
  }
  return cells.size() >= kFewest;
}

// What would be taken for numbers of the samples and is none.
void refuse_counters(const std::vector<std::string_view>& first, bool header, std::size_t line,
                     const std::string& name) {
  if (header && first.size() > 1 && first.front().empty()) {
    fail(kWhere, name,
         fmt::format("line {} gives column 1 no name, as where it holds the number of the row",
                     line),
         "leave that column out (pandas: to_csv(path, index=False)) or name it");
  }
  if (counts_columns(first)) {
    fail(kWhere, name,
         fmt::format("line {} counts the columns, 0 to {}, and is no sample", line,
                     first.size() - 1),
         "leave it out (pandas: to_csv(path, index=False, header=False))");
  }
}

// A cell as it can be shown: short, and without bytes that are no text.
std::string shown(std::string_view cell) {
  std::string text(cell.substr(0, 40));
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

struct Table {
  std::vector<double> values;
  std::size_t columns = 0;
  std::size_t first_line = 0;  // that fixed the number of columns
};

void append(Table& table, const std::vector<std::string_view>& cells, std::size_t line,
            const std::string& name) {
  if (table.columns == 0) {
    table.columns = cells.size();
    table.first_line = line;
  }
  if (cells.size() != table.columns) {
    fail(kWhere, name,
         fmt::format("line {} has {} cells, but line {} has {}", line, cells.size(),
                     table.first_line, table.columns),
         "give every line the same number of cells");
  }
  for (std::size_t j = 0; j < cells.size(); ++j) {
    const auto value = parse_number(cells[j]);
    if (!value || !std::isfinite(*value)) {
      fail(kWhere, name,
           fmt::format("line {}, column {} (from 1) is '{}', not a finite number", line, j + 1,
                       shown(cells[j])),
           "use numbers with a decimal point, leave out columns of text; remove the line or "
           "replace the value");
    }
    table.values.push_back(*value);
  }
}

}  // namespace

std::shared_ptr<const Source> open_csv(const std::filesystem::path& path) {
  const std::string name = path.string(), content = read_file(path);
  std::string_view rest = content;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  Table table;
  std::vector<std::string_view> cells;
  std::optional<char> delimiter;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    const std::string_view text = take_until(rest, "\n");
    if (trim(text).empty() || trim(text).front() == '#') continue;
    const bool first = !delimiter;
    if (first) delimiter = find_delimiter(trim(text));
    split(text, *delimiter, cells);
    const bool header = first && is_header(cells);
    if (first) refuse_counters(cells, header, line, name);
    if (!header) append(table, cells, line, name);
  }
  if (table.values.empty()) {
    fail(kWhere, name, "holds no numbers", "write one sample per line, numbers between delimiters");
  }
  const auto columns = static_cast<Index>(table.columns);
  const Eigen::Map<const Matrix> rows(table.values.data(),
                                      static_cast<Index>(table.values.size()) / columns, columns);
  return std::make_shared<ArraySource<double>>(Matrix(rows), "csv file " + name);
}

}  // namespace twofold::data
