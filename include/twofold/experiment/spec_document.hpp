// A spec: a TOML document with overrides, read into structs of options.
//
// Precedence: defaults in the structs < the file < `--set key=value` < explicit flags.
// Every key that nobody asked for is an error with a suggestion.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "twofold/core/fields.hpp"

namespace twofold::experiment {

/// Where a field's value goes; the types a spec can hold. An empty optional number is "auto".
using FieldTarget =
    std::variant<bool*, std::int64_t*, double*, std::optional<double>*, std::string*,
                 std::vector<double>*, std::vector<std::int64_t>*, std::vector<std::string>*>;

/// The value of a field in TOML syntax ("0.1", "[1, 2]", "\"relu\"").
[[nodiscard]] std::string toml_text(const FieldTarget& value);

/// A parsed spec. Cheap to move; `clone` copies.
class SpecDocument {
 public:
  /// @throws InvalidArgument  if the file is missing or is not TOML: file, line and column.
  [[nodiscard]] static SpecDocument load(const std::filesystem::path& path);
  [[nodiscard]] static SpecDocument parse(std::string_view text, std::string_view name = "spec");

  SpecDocument();
  ~SpecDocument();
  SpecDocument(SpecDocument&&) noexcept;
  SpecDocument& operator=(SpecDocument&&) noexcept;
  [[nodiscard]] SpecDocument clone() const;

  /// Sets one dotted key from "key=value"; a value that is not TOML is taken as a string.
  /// @throws InvalidArgument  if there is no '=' or the key runs through a value.
  void set(std::string_view assignment);

  /// Lays the tables of `other` over this one, key by key.
  void merge(const SpecDocument& other);

  /// Takes the table `name` out of the document (for [quick] and [[case]] entries).
  [[nodiscard]] std::optional<SpecDocument> take_table(std::string_view name);

  /// Takes the array of tables `name` out; empty if absent.
  [[nodiscard]] std::vector<SpecDocument> take_tables(std::string_view name);

  /// Dotted leaf keys with their values in TOML syntax, in alphabetical order.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> leaves() const;

  /// Reads section `section` ("" = top level) into `options`; checks type and domain.
  /// @throws InvalidArgument  naming the file, key, value and what is allowed.
  template <typename Options>
  void read(std::string_view section, Options& options) {
    for_each_field<Options>([&](const auto& f) {
      read_field(section, f.name, f.domain, FieldTarget(&(options.*f.member)));
    });
  }

  /// Whether a key was given by the file or an override.
  [[nodiscard]] bool contains(std::string_view section, std::string_view key) const;

  /// To be called when everything has been read.
  /// @throws InvalidArgument  naming each key that no `read` asked for, with a suggestion.
  void refuse_unknown_keys() const;

  [[nodiscard]] const std::string& name() const;

 private:
  void read_field(std::string_view section, std::string_view key, const Domain& domain,
                  const FieldTarget& target);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One section of a resolved spec: "[train]\nstep = 0.1\n...".
template <typename Options>
[[nodiscard]] std::string toml_section(std::string_view section, const Options& options) {
  std::string text = section.empty() ? std::string() : "\n[" + std::string(section) + "]\n";
  Options copy = options;
  for_each_field<Options>([&](const auto& f) {
    text += std::string(f.name) + " = " + toml_text(FieldTarget(&(copy.*f.member))) + "\n";
  });
  return text;
}

}  // namespace twofold::experiment
