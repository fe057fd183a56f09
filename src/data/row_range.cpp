#include "twofold/data/row_range.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

class RowRange final : public Source {
 public:
  RowRange(std::shared_ptr<const Source> base, std::uint64_t first, std::uint64_t count)
      : base_(std::move(base)), first_(first), count_(count) {}

  [[nodiscard]] Index dimension() const override { return base_->dimension(); }
  [[nodiscard]] std::uint64_t size() const override { return count_; }
  [[nodiscard]] ImageShape image_shape() const override { return base_->image_shape(); }
  [[nodiscard]] bool exact_in_float() const override { return base_->exact_in_float(); }
  [[nodiscard]] std::string description() const override {
    return fmt::format("rows {} to {} of {}", first_, first_ + count_ - 1, base_->description());
  }
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
    shift(index, rows);
  }
  void gather(std::span<const std::uint64_t> index, View<float> rows) const override {
    shift(index, rows);
  }

 private:
  template <typename Scalar>
  void shift(std::span<const std::uint64_t> index, View<Scalar>& rows) const {
    check_request(index, rows.rows(), rows.cols());
    std::vector<std::uint64_t> shifted(index.begin(), index.end());
    for (std::uint64_t& i : shifted) i += first_;
    base_->gather(shifted, rows);
  }

  std::shared_ptr<const Source> base_;
  std::uint64_t first_, count_;
};

class Concatenation final : public Source {
 public:
  explicit Concatenation(std::vector<std::shared_ptr<const Source>> parts)
      : parts_(std::move(parts)) {
    for (const auto& part : parts_) ends_.push_back(size() + part->size());
  }

  [[nodiscard]] Index dimension() const override { return parts_.front()->dimension(); }
  [[nodiscard]] std::uint64_t size() const override { return ends_.empty() ? 0 : ends_.back(); }
  [[nodiscard]] ImageShape image_shape() const override { return parts_.front()->image_shape(); }
  [[nodiscard]] bool exact_in_float() const override {
    return std::ranges::all_of(parts_, [](const auto& part) { return part->exact_in_float(); });
  }
  [[nodiscard]] std::string description() const override {
    return fmt::format("{} rows in {} parts, the first {}", size(), parts_.size(),
                       parts_.front()->description());
  }
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
    from_parts(index, rows);
  }
  void gather(std::span<const std::uint64_t> index, View<float> rows) const override {
    from_parts(index, rows);
  }

 private:
  template <typename Scalar>
  void from_parts(std::span<const std::uint64_t> index, View<Scalar>& rows) const {
    check_request(index, rows.rows(), rows.cols());
    for (std::size_t k = 0; k < index.size(); ++k) {
      const auto end = std::ranges::upper_bound(ends_, index[k]);
      const auto part = static_cast<std::size_t>(end - ends_.begin());
      const std::uint64_t local = index[k] - (*end - parts_[part]->size());
      parts_[part]->gather(std::span(&local, 1),
                           View<Scalar>(rows.middleRows(static_cast<Index>(k), 1)));
    }
  }

  std::vector<std::shared_ptr<const Source>> parts_;
  std::vector<std::uint64_t> ends_;  // running number of rows
};

}  // namespace

std::shared_ptr<const Source> row_range(std::shared_ptr<const Source> base, std::uint64_t first,
                                        std::uint64_t count) {
  const std::uint64_t size = base->size();
  require(count >= 1 && first <= size && count <= size - first, "data::row_range",
          fmt::format("{} rows from row {} on are asked for, but {} has {}", count, first,
                      base->description(), size));
  return std::make_shared<RowRange>(std::move(base), first, count);
}

std::shared_ptr<const Source> concatenate(std::vector<std::shared_ptr<const Source>> parts) {
  constexpr auto where = "data::concatenate";
  require(!parts.empty(), where, "there is no part");
  for (const auto& part : parts) {
    require(part->size() != kUnlimited, where, part->description() + " has no end");
    require(
        part->dimension() == parts.front()->dimension(), where,
        fmt::format("dimensions {} and {} differ", parts.front()->dimension(), part->dimension()));
  }
  if (parts.size() == 1) return parts.front();
  return std::make_shared<Concatenation>(std::move(parts));
}

}  // namespace twofold::data
