#include "twofold/data/transforms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "data_error.hpp"
#include "row_maps.hpp"
#include "stream.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/data/moments.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::fit_transforms";
constexpr Index kPiece = 256;  // rows mapped at once; bounds the scratch memory
constexpr std::array<std::string_view, 10> kNames{
    "center", "unit_trace", "whiten", "unit_norm",    "scale",
    "pool2",  "gray",       "subset", "random_signs", "mirrored"};

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
  const bool takes = entry.name == "whiten" || entry.name == "scale" || entry.name == "subset";
  require(takes || !entry.argument, kWhere,
          fmt::format("'{}': {} takes no argument", text, entry.name));
  return entry;
}

// The number after the colon, which must be in the domain.
double argument_of(const Entry& entry, const Domain& domain) {
  const std::string_view text = entry.argument.value_or("");
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && end == text.data() + text.size();
  require(number && domain.contains(value), kWhere,
          fmt::format("'{}': {} needs a number ({}), as in {}:2", entry.text, entry.name,
                      domain.text, entry.name));
  return value;
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

std::shared_ptr<const RowMap> fit_center(const Source& train, ThreadPool& pool) {
  Vector sum = Vector::Zero(train.dimension());
  for_each_chunk<double>(
      train, pool, [&](const ConstView<double>& rows) { sum += column_sums<double>(pool, rows); });
  return std::make_shared<Center>(sum / static_cast<double>(train.size()));
}

std::shared_ptr<const RowMap> fit_unit_trace(const Source& train, ThreadPool& pool) {
  double sum = 0.0;
  for_each_chunk<double>(train, pool, [&](const ConstView<double>& rows) {
    sum += parallel_sum<double>(pool, rows.rows(), 256, [&](Index begin, Index end) {
      return rows.middleRows(begin, end - begin).squaredNorm();
    });
  });
  if (!(sum > 0.0)) {
    fail(kWhere, train.description(), "all numbers are 0, so the trace cannot become 1",
         "leave out 'unit_trace' or check the data");
  }
  return std::make_shared<Scale>("unit_trace",
                                 1.0 / std::sqrt(sum / static_cast<double>(train.size())));
}

std::shared_ptr<const RowMap> fit_whiten(const Source& train, double floor, ThreadPool& pool) {
  Moments fitted = moments(train, pool);
  const SymmetricEigen eigen = symmetric_eigen(fitted.covariance());
  const double mean = eigen.values.mean();
  if (eigen.status != SolveStatus::Converged || !(mean > 0.0)) {
    fail(kWhere, train.description(), "the covariance cannot be inverted: nothing varies",
         "leave out 'whiten' or check the data");
  }
  const Vector inverse_root = eigen.values.cwiseMax(floor * mean).cwiseSqrt().cwiseInverse();
  const Matrix scaled = eigen.vectors * inverse_root.asDiagonal();
  return std::make_shared<Whiten>(std::move(fitted.mean), scaled * eigen.vectors.transpose());
}

std::shared_ptr<const RowMap> fit_map(const Entry& entry, const Source& train, ThreadPool& pool) {
  constexpr double default_floor = 1e-3;
  if (entry.name == "unit_norm") return std::make_shared<UnitNorm>();
  if (entry.name == "scale") {
    const double factor = argument_of(entry, domain::finite);
    require(factor != 0.0, kWhere, fmt::format("'{}' would make all rows 0", entry.text));
    return std::make_shared<Scale>("scale", factor);
  }
  if (entry.name == "pool2") {
    const ImageShape shape = require_image(train, entry);
    require(
        shape.rows % 2 == 0 && shape.cols % 2 == 0, kWhere,
        fmt::format("'pool2' needs even sides, but images are {} x {}", shape.rows, shape.cols));
    return std::make_shared<Pool2>(shape);
  }
  if (entry.name == "gray") return std::make_shared<Gray>(require_image(train, entry));
  require_finite_size(train, entry);
  if (entry.name == "center") return fit_center(train, pool);
  if (entry.name == "unit_trace") return fit_unit_trace(train, pool);
  const double floor = entry.argument ? argument_of(entry, domain::positive) : default_floor;
  return fit_whiten(train, floor, pool);
}

}  // namespace

TransformedSource::TransformedSource(std::shared_ptr<const Source> base,
                                     std::shared_ptr<const RowMap> map)
    : base_(std::move(base)), map_(std::move(map)) {}

Index TransformedSource::dimension() const {
  return map_->output_dimension(base_->dimension());
}

std::string TransformedSource::description() const {
  return base_->description() + ", " + map_->name();
}

ImageShape TransformedSource::image_shape() const {
  return map_->output_shape(base_->image_shape());
}

void TransformedSource::gather(std::span<const std::uint64_t> index, View<double> rows) const {
  check_request(index, rows.rows(), rows.cols());
  Matrix before(std::min(kPiece, rows.rows()), base_->dimension());
  for (Index begin = 0; begin < rows.rows(); begin += kPiece) {
    const Index count = std::min(kPiece, rows.rows() - begin);
    const auto part =
        index.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    base_->gather(part, View<double>(before.topRows(count)));
    map_->apply(before.topRows(count), rows.middleRows(begin, count));
  }
}

std::shared_ptr<const Source> FittedTransforms::apply(std::shared_ptr<const Source> other) const {
  for (const auto& map : maps) other = std::make_shared<TransformedSource>(std::move(other), map);
  return other;
}

FittedTransforms fit_transforms(const std::vector<std::string>& names,
                                std::shared_ptr<const Source> train, ThreadPool& pool) {
  FittedTransforms fitted;
  fitted.train = std::move(train);
  for (const std::string& text : names) {
    const Entry entry = parse_entry(text);
    if (entry.name == "random_signs") {
      fitted.random_signs = true;
    } else if (entry.name == "mirrored") {
      fitted.mirrored = true;
    } else if (entry.name == "subset") {
      const double count = argument_of(entry, domain::at_least_one);
      require(count == std::floor(count) && count <= 0x1p53, kWhere,
              fmt::format("'{}': the number of rows must be an integer", entry.text));
      fitted.train = row_range(fitted.train, 0, static_cast<std::uint64_t>(count));
    } else {
      fitted.maps.push_back(fit_map(entry, *fitted.train, pool));
      fitted.train = std::make_shared<TransformedSource>(fitted.train, fitted.maps.back());
    }
  }
  return fitted;
}

std::vector<std::string> transform_names() {
  return {kNames.begin(), kNames.end()};
}

}  // namespace twofold::data
