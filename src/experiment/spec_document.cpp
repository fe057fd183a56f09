#include "twofold/experiment/spec_document.hpp"

#include <fmt/format.h>
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {

struct SpecDocument::Impl {
  toml::table root;
  std::string name;
  std::set<std::string> known;                      // dotted keys that some read() asked for
  std::map<std::string, toml::source_index> lines;  // of the keys the file gives; copies lose them

  // "spec.toml:7", or "spec.toml" for a key that the file does not give.
  [[nodiscard]] std::string place(const std::string& key) const {
    const auto line = lines.find(key);
    return line == lines.end() ? name : fmt::format("{}:{}", name, line->second);
  }
};

namespace {

constexpr std::string_view kRead = "experiment::SpecDocument";

std::string dotted(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

void collect_lines(const toml::table& table, const std::string& prefix,
                   std::map<std::string, toml::source_index>& lines) {
  for (const auto& [key, node] : table) {
    const std::string path = dotted(prefix, key.str());
    lines[path] = node.source().begin.line;
    if (const toml::table* inner = node.as_table()) collect_lines(*inner, path, lines);
  }
}

// Reads `node` as T; an integer is accepted where a number is wanted.
template <typename T>
std::optional<T> scalar(const toml::node& node) {
  if constexpr (std::is_same_v<T, double>) {
    if (node.is_integer()) return static_cast<double>(node.as_integer()->get());
    if (node.is_floating_point()) return node.as_floating_point()->get();
    return std::nullopt;
  } else {
    return node.value_exact<T>();
  }
}

template <typename T>
constexpr std::string_view kTypeName = "string";
template <>
constexpr std::string_view kTypeName<bool> = "true or false";
template <>
constexpr std::string_view kTypeName<std::int64_t> = "whole number";
template <>
constexpr std::string_view kTypeName<double> = "number";

bool in_domain(const Domain& domain, double value) {
  return domain.contains == nullptr || domain.contains(value);
}
bool in_domain(const Domain& domain, std::int64_t value) {
  return in_domain(domain, static_cast<double>(value));
}
bool in_domain(const Domain&, bool) {
  return true;
}
bool in_domain(const Domain& domain, const std::string& value) {
  return domain.choices.empty() || std::ranges::find(domain.choices, value) != domain.choices.end();
}

std::string allowed(const Domain& domain, const std::string& given) {
  if (domain.choices.empty()) return fmt::format("must be {}", domain.text);
  const std::string near = nearest_name(given, domain.choices);
  return fmt::format("must be one of {}{}", fmt::join(domain.choices, ", "),
                     near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near));
}

struct Reader {
  const std::string place;
  const std::string& key;
  const Domain& domain;
  const toml::node& node;

  [[noreturn]] void refuse(const toml::node& at, std::string_view what) const {
    throw InvalidArgument(kRead, fmt::format("{}: {} = {}: {}", place, key, shown(at), what));
  }

  template <typename T>
  T one(const toml::node& at, std::string_view plural) const {
    const std::optional<T> value = scalar<T>(at);
    if (!value) refuse(at, fmt::format("expected a {}{}", plural, kTypeName<T>));
    if (!in_domain(domain, *value)) {
      refuse(at, allowed(domain, at.template value_or<std::string>("")));
    }
    return *value;
  }

  template <typename T>
  void operator()(T* target) const {
    *target = one<T>(node, "");
  }

  void operator()(std::optional<double>* target) const {
    if (node.value_or<std::string>("") == "auto") {
      target->reset();
    } else if (node.is_string()) {
      refuse(node, "expected a number or \"auto\"");
    } else {
      *target = one<double>(node, "");
    }
  }

  template <typename T>
  void operator()(std::vector<T>* target) const {
    const toml::array* array = node.as_array();
    if (array == nullptr) refuse(node, fmt::format("expected a list of {}s", kTypeName<T>));
    target->clear();
    for (const toml::node& entry : *array)
      target->push_back(one<T>(entry, "list with each entry a "));
  }
};

void collect_leaves(const toml::table& table, const std::string& prefix,
                    std::vector<std::pair<std::string, std::string>>& out) {
  for (const auto& [key, node] : table) {
    const std::string path = dotted(prefix, key.str());
    if (const toml::table* inner = node.as_table()) {
      collect_leaves(*inner, path, out);
    } else {
      out.emplace_back(path, shown(node));
    }
  }
}

// The table that holds the last part of `path`, made on the way.
toml::table& parent_table(toml::table& root, std::string_view path, std::string_view& last) {
  toml::table* table = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const std::string_view part = path.substr(0, dot);
    if (!table->contains(part)) table->insert(part, toml::table{});
    table = (*table)[part].as_table();
    require(table != nullptr, kRead, fmt::format("'{}' is a value, not a section", part));
    path.remove_prefix(dot + 1);
  }
  last = path;
  return *table;
}

void merge_tables(toml::table& into, const toml::table& from) {
  for (const auto& [key, node] : from) {
    toml::table* below = into[key.str()].as_table();
    if (below != nullptr && node.is_table()) {
      merge_tables(*below, *node.as_table());
    } else {
      into.insert_or_assign(key.str(), node);
    }
  }
}

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}
std::string number(double value) {
  std::string text = fmt::format("{}", value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}
std::string item(bool value) {
  return value ? "true" : "false";
}
std::string item(std::int64_t value) {
  return std::to_string(value);
}
std::string item(double value) {
  return number(value);
}
std::string item(const std::optional<double>& value) {
  return value ? number(*value) : quoted("auto");
}
std::string item(const std::string& value) {
  return quoted(value);
}
template <typename T>
std::string item(const std::vector<T>& values) {
  std::vector<std::string> parts;
  parts.reserve(values.size());
  for (const T& v : values) parts.push_back(item(v));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

}  // namespace

std::string toml_text(const FieldTarget& value) {
  return std::visit([](const auto* target) { return item(*target); }, value);
}

SpecDocument::SpecDocument() : impl_(std::make_unique<Impl>()) {}
SpecDocument::~SpecDocument() = default;
SpecDocument::SpecDocument(SpecDocument&&) noexcept = default;
SpecDocument& SpecDocument::operator=(SpecDocument&&) noexcept = default;

SpecDocument SpecDocument::load(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const DataError& e) {
    throw InvalidArgument(kRead, fmt::format("no spec: {}", e.what()));
  }
  return parse(text, path.string());
}

SpecDocument SpecDocument::parse(std::string_view text, std::string_view name) {
  SpecDocument document;
  document.impl_->name = name;
  try {
    document.impl_->root = toml::parse(text, name);
    collect_lines(document.impl_->root, "", document.impl_->lines);
  } catch (const toml::parse_error& e) {
    const auto& at = e.source().begin;
    throw InvalidArgument(kRead, fmt::format("{}:{}:{}: not valid TOML: {}", name, at.line,
                                             at.column, e.description()));
  }
  return document;
}

SpecDocument SpecDocument::clone() const {
  SpecDocument copy;
  *copy.impl_ = *impl_;
  return copy;
}

void SpecDocument::set(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  require(equals != std::string_view::npos && equals > 0, kRead,
          fmt::format("--set wants key=value, got '{}'", assignment));
  const auto trim = [](std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
  };
  const std::string_view path = trim(assignment.substr(0, equals));
  const std::string_view value = trim(assignment.substr(equals + 1));
  std::string_view last;
  toml::table& table = parent_table(impl_->root, path, last);
  impl_->lines.erase(std::string(path));
  try {
    const toml::table parsed = toml::parse(fmt::format("value = {}", value));
    table.insert_or_assign(last, *parsed.get("value"));
  } catch (const toml::parse_error&) {
    table.insert_or_assign(last, std::string(value));  // --set data.source=gaussian
  }
}

void SpecDocument::merge(const SpecDocument& other) {
  merge_tables(impl_->root, other.impl_->root);
}

std::optional<SpecDocument> SpecDocument::take_table(std::string_view name) {
  const toml::table* table = impl_->root[name].as_table();
  if (table == nullptr) return std::nullopt;
  SpecDocument taken;
  taken.impl_->root = *table;
  taken.impl_->name = impl_->name;
  impl_->root.erase(name);
  return taken;
}

std::vector<SpecDocument> SpecDocument::take_tables(std::string_view name) {
  std::vector<SpecDocument> taken;
  const toml::array* array = impl_->root[name].as_array();
  if (array == nullptr) return taken;
  for (const toml::node& node : *array) {
    require(node.is_table(), kRead, fmt::format("{}: [[{}]] wants tables", impl_->name, name));
    SpecDocument entry;
    entry.impl_->root = *node.as_table();
    entry.impl_->name = impl_->name;
    collect_lines(*node.as_table(), "", entry.impl_->lines);
    taken.push_back(std::move(entry));
  }
  impl_->root.erase(name);
  return taken;
}

std::vector<std::pair<std::string, std::string>> SpecDocument::leaves() const {
  std::vector<std::pair<std::string, std::string>> out;
  collect_leaves(impl_->root, "", out);
  std::ranges::sort(out);
  return out;
}

bool SpecDocument::contains(std::string_view section, std::string_view key) const {
  return static_cast<bool>(impl_->root.at_path(dotted(section, key)));
}

void SpecDocument::read_field(std::string_view section, std::string_view key, const Domain& domain,
                              const FieldTarget& target) {
  const std::string path = dotted(section, key);
  impl_->known.insert(path);
  const auto view = impl_->root.at_path(path);
  if (!view) return;
  std::visit(Reader{impl_->place(path), path, domain, *view.node()}, target);
}

namespace {

// The section may have been left out: neurons for model.neurons.
std::string nearest_key(std::string_view key, const std::vector<std::string_view>& known) {
  const std::string ending = fmt::format(".{}", key);
  const auto in_section =
      std::ranges::find_if(known, [&](std::string_view name) { return name.ends_with(ending); });
  return in_section != known.end() ? std::string(*in_section) : nearest_name(key, known);
}

}  // namespace

void SpecDocument::refuse_unknown_keys() const {
  const std::vector<std::string_view> known(impl_->known.begin(), impl_->known.end());
  std::vector<std::string> complaints;
  for (const auto& [key, value] : leaves()) {
    if (impl_->known.contains(key)) continue;
    const std::string near = nearest_key(key, known);
    const std::string hint = near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
    complaints.push_back(fmt::format("{}: unknown key '{}'{}", impl_->place(key), key, hint));
  }
  require(complaints.empty(), kRead, fmt::format("{}", fmt::join(complaints, "; ")));
}

const std::string& SpecDocument::name() const {
  return impl_->name;
}

}  // namespace twofold::experiment
