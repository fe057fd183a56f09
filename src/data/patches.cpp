#include "patches.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

class Patches final : public Source {
 public:
  Patches(std::shared_ptr<const Source> images, Index side)
      : images_(std::move(images)),
        shape_(images_->image_shape()),
        side_(side),
        across_(shape_.cols / side),
        per_image_(static_cast<std::uint64_t>((shape_.rows / side) * across_)) {}

  [[nodiscard]] Index dimension() const override { return image_shape().size(); }
  [[nodiscard]] std::uint64_t size() const override {
    return images_->size() == kUnlimited ? kUnlimited : images_->size() * per_image_;
  }
  [[nodiscard]] std::string description() const override {
    return fmt::format("{}, patches of {} x {}", images_->description(), side_, side_);
  }
  [[nodiscard]] ImageShape image_shape() const override { return {side_, side_, shape_.channels}; }
  [[nodiscard]] bool exact_in_float() const override { return images_->exact_in_float(); }
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
    cut(index, rows);
  }
  void gather(std::span<const std::uint64_t> index, View<float> rows) const override {
    cut(index, rows);
  }

 private:
  // Neighbouring rows are mostly of one image, which is then read once.
  template <typename Scalar>
  void cut(std::span<const std::uint64_t> index, View<Scalar>& rows) const {
    check_request(index, rows.rows(), rows.cols());
    MatrixOf<Scalar> image(1, images_->dimension());
    std::uint64_t held = kUnlimited;
    for (std::size_t k = 0; k < index.size(); ++k) {
      const std::uint64_t wanted = index[k] / per_image_;
      if (wanted != held) images_->gather(std::span(&wanted, 1), View<Scalar>(image));
      held = wanted;
      const auto patch = static_cast<Index>(index[k] % per_image_);
      const Index corner = (patch / across_ * shape_.cols + patch % across_) * side_;
      copy_patch<Scalar>(image, corner, rows.middleRows(static_cast<Index>(k), 1));
    }
  }

  template <typename Scalar>
  void copy_patch(const MatrixOf<Scalar>& image, Index corner, View<Scalar> row) const {
    Index to = 0;
    for (Index c = 0; c < shape_.channels; ++c) {
      for (Index i = 0; i < side_; ++i, to += side_) {
        const Index from = (c * shape_.rows + i) * shape_.cols + corner;
        row.middleCols(to, side_) = image.middleCols(from, side_);
      }
    }
  }

  std::shared_ptr<const Source> images_;
  ImageShape shape_;
  Index side_, across_;
  std::uint64_t per_image_;
};

}  // namespace

std::shared_ptr<const Source> cut_patches(std::shared_ptr<const Source> images, Index side) {
  constexpr auto where = "data::cut_patches";
  const ImageShape shape = images->image_shape();
  require(!shape.empty(), where,
          fmt::format("patches are cut from images, but {} is not known to hold any",
                      images->description()));
  require(side >= 1 && side <= std::min(shape.rows, shape.cols), where,
          fmt::format("patches of {} x {} do not fit images of {} x {}", side, side, shape.rows,
                      shape.cols));
  return std::make_shared<Patches>(std::move(images), side);
}

}  // namespace twofold::data
