// Options described once: one list per struct feeds spec files, --set, --help and docs.
//
// A struct of options has a static function `fields()` that returns a tuple of Field.
// Everything that reads, writes, prints or documents options loops over that list.
#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "twofold/core/error.hpp"

namespace twofold {

/// What values an option may take. Numbers are tested with `contains` (every entry of a
/// list), strings with `choices`; either may be absent.
struct Domain {
  std::string_view text;               ///< for people: "> 0", "in [0, 1)"
  bool (*contains)(double) = nullptr;  ///< NaN is never accepted
  std::span<const std::string_view> choices = {};
};

namespace domain {
inline constexpr Domain any{"any", nullptr, {}};
inline constexpr Domain finite{"finite", [](double v) { return std::isfinite(v); }, {}};
inline constexpr Domain positive{"> 0", [](double v) { return v > 0 && std::isfinite(v); }, {}};
inline constexpr Domain non_negative{
    ">= 0", [](double v) { return v >= 0 && std::isfinite(v); }, {}};
inline constexpr Domain at_least_one{
    ">= 1", [](double v) { return v >= 1 && std::isfinite(v); }, {}};
inline constexpr Domain below_one{"in [0, 1)", [](double v) { return v >= 0 && v < 1; }, {}};
template <std::size_t N>
constexpr Domain one_of(const std::array<std::string_view, N>& names) {
  return {"", nullptr, std::span<const std::string_view>(names)};
}
}  // namespace domain

/// One option: its key, where it lives, what it means, what it may be.
template <typename Struct, typename T>
struct Field {
  std::string_view name;
  T Struct::*member;
  std::string_view help;  ///< one sentence with the unit; the default is printed beside it
  Domain domain = domain::any;
};

template <typename Struct, typename T>
constexpr Field<Struct, T> field(std::string_view name, T Struct::*member, std::string_view help,
                                 Domain domain = domain::any) {
  return {name, member, help, domain};
}

/// visit(field) for each field of the struct, in the order of its list.
template <typename Struct, typename Visit>
void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... f) { (visit(f), ...); }, Struct::fields());
}

/// The closest of `names` to a mistyped key, or "" if none is near (edit distance > 2
/// and more than a third of its length).
[[nodiscard]] std::string nearest_name(std::string_view typed,
                                       std::span<const std::string_view> names);

}  // namespace twofold
