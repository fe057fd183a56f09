#include "twofold/model/activation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <utility>

#include "twofold/core/error.hpp"
#include "twofold/core/fields.hpp"

namespace twofold::model {
namespace {

constexpr std::string_view kParse = "model::parse_activation";

template <typename A>
constexpr bool kHasParameter = requires {
  A::with(0.0);
};

template <typename A>
constexpr bool kHasDefault = requires {
  A::default_parameter;
};

template <typename A>
Activation make(std::optional<double> parameter) {
  if constexpr (!kHasParameter<A>) {
    require(!parameter, kParse, fmt::format("{} takes no parameter", A::name));
    return A{};
  } else {
    if constexpr (kHasDefault<A>) parameter = parameter.value_or(A::default_parameter);
    require(parameter.has_value(), kParse,
            fmt::format("{0} needs a parameter, as in {0}(1)", A::name));
    return A::with(*parameter);
  }
}

struct Entry {
  std::string_view name;
  Activation (*make)(std::optional<double>);
};

// One entry for each alternative of the variant.
template <std::size_t... I>
constexpr auto entries_of(std::index_sequence<I...>) {
  return std::array{Entry{std::variant_alternative_t<I, Activation>::name,
                          &make<std::variant_alternative_t<I, Activation>>}...};
}

constexpr auto kEntries = entries_of(std::make_index_sequence<std::variant_size_v<Activation>>());

// Splits "name(0.1)" into the name and the number.
std::pair<std::string_view, std::optional<double>> split(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) return {text, std::nullopt};
  double number = 0.0;
  const char* begin = text.data() + open + 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  require(error == std::errc() && stop + 1 == end && *stop == ')', kParse,
          fmt::format("expected name(number), got '{}'", text));
  return {text.substr(0, open), number};
}

void require_parameter(bool holds, std::string_view name, std::string_view domain, double value) {
  require(holds, kParse, fmt::format("parameter of {} must be {}, got {}", name, domain, value));
}

// NaN first, then by |z|.
template <typename Scalar>
Scalar rank(Scalar z) noexcept {
  return std::isnan(z) ? std::numeric_limits<Scalar>::infinity() : std::abs(z);
}

// `value` holds the ranks while the k-th largest is sought, so no scratch is needed.
template <typename Scalar>
void keep_largest(std::ptrdiff_t k, std::span<const Scalar> z, std::span<Scalar> value,
                  std::span<Scalar> slope) noexcept {
  const auto kept = std::min(static_cast<std::size_t>(k), z.size());
  if (kept == 0) return;
  std::transform(z.begin(), z.end(), value.begin(), rank<Scalar>);
  const auto last_kept = value.begin() + static_cast<std::ptrdiff_t>(kept) - 1;
  std::nth_element(value.begin(), last_kept, value.end(), std::greater<>());
  const Scalar threshold = *last_kept;
  const auto above =
      std::count_if(z.begin(), z.end(), [&](Scalar code) { return rank(code) > threshold; });
  std::size_t ties = kept - static_cast<std::size_t>(above);
  for (std::size_t i = 0; i < z.size(); ++i) {
    bool keep = rank(z[i]) > threshold;
    if (!keep && rank(z[i]) == threshold && ties > 0) {
      keep = true;
      --ties;
    }
    value[i] = keep ? z[i] : Scalar(0);
    slope[i] = keep ? Scalar(1) : Scalar(0);
  }
}

}  // namespace

LeakyRelu LeakyRelu::with(double alpha) {
  require_parameter(alpha > 0.0 && std::isfinite(alpha), name, "> 0 and finite", alpha);
  return {alpha};
}

Elu Elu::with(double alpha) {
  require_parameter(alpha > 0.0 && std::isfinite(alpha), name, "> 0 and finite", alpha);
  return {alpha};
}

HardThreshold HardThreshold::with(double lambda) {
  require_parameter(lambda >= 0.0 && std::isfinite(lambda), name, ">= 0 and finite", lambda);
  return {lambda};
}

JumpRelu JumpRelu::with(double threshold) {
  require_parameter(threshold >= 0.0 && std::isfinite(threshold), name, ">= 0 and finite",
                    threshold);
  return {threshold};
}

TopK TopK::with(double k) {
  require_parameter(k >= 1.0 && k <= 0x1p53 && k == std::floor(k), name, "a whole number >= 1", k);
  return {static_cast<std::ptrdiff_t>(k)};
}

void TopK::apply_row(std::span<const float> z, std::span<float> value,
                     std::span<float> slope) const noexcept {
  keep_largest(k, z, value, slope);
}

void TopK::apply_row(std::span<const double> z, std::span<double> value,
                     std::span<double> slope) const noexcept {
  keep_largest(k, z, value, slope);
}

Activation parse_activation(std::string_view text, std::optional<double> parameter) {
  const auto [name, inline_parameter] = split(text);
  require(!(parameter && inline_parameter), kParse,
          fmt::format("'{}' has a parameter and {} is given as well", text, parameter.value_or(0)));
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.make(inline_parameter ? inline_parameter : parameter);
  }
  const std::vector<std::string> names = activation_names();
  const std::string near =
      nearest_name(name, std::vector<std::string_view>(names.begin(), names.end()));
  throw InvalidArgument(kParse,
                        fmt::format("unknown activation '{}'{}; there are: {}", name,
                                    near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                                    fmt::join(names, ", ")));
}

std::string activation_name(const Activation& activation) {
  return std::visit(
      []<typename A>(const A& a) {
        if constexpr (kHasParameter<A>) return fmt::format("{}({})", A::name, a.parameter());
        return std::string(A::name);
      },
      activation);
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  names.reserve(std::size(kEntries));
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

}  // namespace twofold::model
