#include "twofold/data/transforms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "fit_maps.hpp"
#include "mask.hpp"
#include "patches.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/data/row_range.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::fit_transforms";
constexpr std::array<std::string_view, 14> kNames{
    "center", "unit_trace", "unit_variance", "whiten", "unit_norm", "norm",         "scale",
    "pool2",  "gray",       "patches",       "mask",   "subset",    "random_signs", "mirrored"};
constexpr Domain kProbability{"in (0, 1]", [](double v) { return v > 0.0 && v <= 1.0; }, {}};

// "whiten:0.01" -> name "whiten", argument "0.01".
struct Entry {
  std::string_view text, name;
  std::optional<std::string_view> argument;
};

Entry parse_entry(std::string_view text) {
  const std::size_t colon = text.find(':');
  Entry entry{text, text.substr(0, colon), {}};
  if (colon != std::string_view::npos) entry.argument = text.substr(colon + 1);
  if (std::ranges::find(kNames, entry.name) == kNames.end()) {
    const std::string near = nearest_name(entry.name, kNames);
    throw InvalidArgument(
        kWhere, fmt::format("unknown transform '{}'{}; known: {}", entry.name,
                            near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                            fmt::join(kNames, ", ")));
  }
  constexpr std::array<std::string_view, 5> takes{"whiten", "scale", "patches", "mask", "subset"};
  require(std::ranges::find(takes, entry.name) != takes.end() || !entry.argument, kWhere,
          fmt::format("'{}': {} takes no argument", text, entry.name));
  return entry;
}

// The number after the colon, which must be in the domain, as `example` is.
double argument_of(const Entry& entry, const Domain& domain, std::string_view example) {
  const std::string_view text = entry.argument.value_or("");
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && end == text.data() + text.size();
  require(number && domain.contains(value), kWhere,
          fmt::format("'{}': {} needs a number ({}), as in {}:{}", entry.text, entry.name,
                      domain.text, entry.name, example));
  return value;
}

std::uint64_t count_of(const Entry& entry, std::string_view what, std::string_view example) {
  const double count = argument_of(entry, domain::at_least_one, example);
  require(count == std::floor(count) && count <= 0x1p53, kWhere,
          fmt::format("'{}': the {} must be an integer", entry.text, what));
  return static_cast<std::uint64_t>(count);
}

void require_finite_size(const Source& train, const Entry& entry) {
  require(train.size() != kUnlimited, kWhere,
          fmt::format("'{}' is fitted on a finite number of rows, but {} has no end; put "
                      "'subset:n' before it or leave it out",
                      entry.text, train.description()));
}

ImageShape require_image(const Source& train, const Entry& entry) {
  const ImageShape shape = train.image_shape();
  require(!shape.empty(), kWhere,
          fmt::format("'{}' needs images, but {} is not known to hold any", entry.text,
                      train.description()));
  return shape;
}

ImageShape require_even_image(const Source& rows, const Entry& entry) {
  const ImageShape shape = require_image(rows, entry);
  require(shape.rows % 2 == 0 && shape.cols % 2 == 0, kWhere,
          fmt::format("'pool2' needs even sides, but images are {} x {}", shape.rows, shape.cols));
  return shape;
}

std::shared_ptr<const RowMap> fit_map(const Entry& entry, const Source& train, ThreadPool& pool) {
  constexpr double default_floor = 1e-3;
  const auto d = static_cast<double>(train.dimension());
  if (entry.name == "unit_norm") return std::make_shared<FixNorm>("unit_norm", 1.0);
  if (entry.name == "norm") return std::make_shared<FixNorm>("norm", std::sqrt(d));
  if (entry.name == "scale") {
    const double factor = argument_of(entry, domain::finite, "2");
    require(factor != 0.0, kWhere, fmt::format("'{}' would make all rows 0", entry.text));
    return std::make_shared<Scale>("scale", factor);
  }
  if (entry.name == "pool2") return std::make_shared<Pool2>(require_even_image(train, entry));
  if (entry.name == "gray") return std::make_shared<Gray>(require_image(train, entry));
  require_finite_size(train, entry);
  if (entry.name == "center") return fit_center(train, pool);
  if (entry.name == "unit_trace") return fit_scale("unit_trace", 1.0, train, pool);
  if (entry.name == "unit_variance") return fit_scale("unit_variance", d, train, pool);
  const double floor =
      entry.argument ? argument_of(entry, domain::positive, "0.001") : default_floor;
  return fit_whiten(train, floor, pool);
}

Index patch_side(const Entry& entry, const Source& train) {
  const ImageShape shape = require_image(train, entry);
  const std::uint64_t side = count_of(entry, "side of a patch", "8");
  require(side <= static_cast<std::uint64_t>(std::min(shape.rows, shape.cols)), kWhere,
          fmt::format("'{}' does not fit images of {} x {}", entry.text, shape.rows, shape.cols));
  return static_cast<Index>(side);
}

Transform patches(Index side) {
  return [side](std::shared_ptr<const Source> rows, std::string_view) {
    return cut_patches(std::move(rows), side);
  };
}

Transform mapped(std::shared_ptr<const RowMap> map) {
  return [map = std::move(map)](std::shared_ptr<const Source> rows, std::string_view) {
    return map_rows(std::move(rows), map);
  };
}

// `number` counts the masks before this one, so that a second mask is another one.
Transform mask(const Entry& entry, int number, std::uint64_t seed) {
  const double p = argument_of(entry, kProbability, "0.5");
  return [p, number, seed](std::shared_ptr<const Source> rows, std::string_view split) {
    return mask_rows(std::move(rows), p,
                     RandomStream(seed, fmt::format("mask/{}/{}", number, split)));
  };
}

}  // namespace

std::shared_ptr<const Source> FittedTransforms::apply(std::shared_ptr<const Source> other,
                                                      std::string_view split) const {
  for (const Transform& step : steps) other = step(std::move(other), split);
  return other;
}

FittedTransforms fit_transforms(const std::vector<std::string>& names,
                                std::shared_ptr<const Source> train, std::uint64_t seed,
                                ThreadPool& pool) {
  FittedTransforms fitted;
  fitted.train = std::move(train);
  int masks = 0;
  const auto add = [&](Transform step, std::string_view name, KeptTransform kept) {
    fitted.train = step(std::move(fitted.train), "train");
    fitted.steps.push_back(std::move(step));
    kept.name = name;
    fitted.kept.push_back(std::move(kept));
  };
  for (const std::string& text : names) {
    const Entry entry = parse_entry(text);
    if (entry.name == "random_signs") {
      fitted.random_signs = true;
    } else if (entry.name == "mirrored") {
      fitted.mirrored = true;
    } else if (entry.name == "subset") {
      fitted.train = row_range(fitted.train, 0, count_of(entry, "number of rows", "1000"));
    } else if (entry.name == "patches") {
      const Index side = patch_side(entry, *fitted.train);
      add(patches(side), text, {.name = {}, .number = static_cast<double>(side)});
      fitted.cuts_rows = true;
    } else if (entry.name == "mask") {
      add(mask(entry, masks++, seed), text, {});
    } else {
      const auto map = fit_map(entry, *fitted.train, pool);
      add(mapped(map), text, map->kept());
    }
  }
  return fitted;
}

Transform restore_transform(const KeptTransform& kept) {
  const Entry entry = parse_entry(kept.name);
  if (entry.name == "center") return mapped(std::make_shared<Center>(kept.vector));
  if (entry.name == "whiten") return mapped(std::make_shared<Whiten>(kept.vector, kept.matrix));
  if (entry.name == "unit_norm" || entry.name == "norm") {
    return mapped(std::make_shared<FixNorm>(std::string(entry.name), kept.number));
  }
  if (entry.name == "unit_trace" || entry.name == "unit_variance" || entry.name == "scale") {
    return mapped(std::make_shared<Scale>(std::string(entry.name), kept.number));
  }
  if (entry.name == "patches") return patches(static_cast<Index>(kept.number));
  require(entry.name == "pool2" || entry.name == "gray", "data::restore_transform",
          fmt::format("'{}' cannot be kept: it is random, or says nothing about other rows; leave "
                      "it out",
                      kept.name));
  // The shape is that of the rows it is applied to.
  return [name = kept.name](std::shared_ptr<const Source> rows, std::string_view) {
    const Entry again{name, name, {}};
    std::shared_ptr<const RowMap> map;
    if (name == "gray") {
      map = std::make_shared<Gray>(require_image(*rows, again));
    } else {
      map = std::make_shared<Pool2>(require_even_image(*rows, again));
    }
    return map_rows(std::move(rows), std::move(map));
  };
}

std::vector<std::string> transform_names() {
  return {kNames.begin(), kNames.end()};
}

}  // namespace twofold::data
