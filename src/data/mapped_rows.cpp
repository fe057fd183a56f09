#include "mapped_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

constexpr Index kPiece = 256;  // rows mapped at once; bounds the scratch memory

class MappedRows final : public Source {
 public:
  MappedRows(std::shared_ptr<const Source> base, std::shared_ptr<const RowMap> map)
      : base_(std::move(base)), map_(std::move(map)) {}

  [[nodiscard]] Index dimension() const override {
    return map_->output_dimension(base_->dimension());
  }
  [[nodiscard]] std::uint64_t size() const override { return base_->size(); }
  [[nodiscard]] std::string description() const override {
    return base_->description() + ", " + map_->name();
  }
  [[nodiscard]] ImageShape image_shape() const override {
    return map_->output_shape(base_->image_shape());
  }
  using Source::gather;
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
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

 private:
  std::shared_ptr<const Source> base_;
  std::shared_ptr<const RowMap> map_;
};

}  // namespace

std::shared_ptr<const Source> map_rows(std::shared_ptr<const Source> base,
                                       std::shared_ptr<const RowMap> map) {
  const Index fitted = map->input_dimension();
  require(fitted == 0 || fitted == base->dimension(), "data::map_rows",
          fmt::format("'{}' was fitted on rows of dimension {}, but {} has {}", map->name(), fitted,
                      base->description(), base->dimension()));
  return std::make_shared<MappedRows>(std::move(base), std::move(map));
}

}  // namespace twofold::data
