// Samples held in memory.
#pragma once

#include "twofold/data/row_source.hpp"

namespace twofold::data {

/// The rows of a matrix, one sample per row.
template <std::floating_point Scalar>
class ArraySource final : public RowSource<ArraySource<Scalar>> {
 public:
  /// @param rows   n×d, taken over; every entry finite, n and d at least 1.
  /// @param name   what it is, for `description()` and for messages.
  /// @throws DataError  if there is no row or column, or an entry is NaN or infinite.
  explicit ArraySource(MatrixOf<Scalar> rows, std::string name = "array in memory",
                       ImageShape image = {});

  [[nodiscard]] Index dimension() const override { return rows_.cols(); }
  [[nodiscard]] std::uint64_t size() const override {
    return static_cast<std::uint64_t>(rows_.rows());
  }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] ImageShape image_shape() const override { return image_; }
  [[nodiscard]] bool exact_in_float() const override { return std::same_as<Scalar, float>; }
  [[nodiscard]] const MatrixOf<Scalar>& rows() const noexcept { return rows_; }

  template <typename Out>
  void fill_row(std::uint64_t i, std::span<Out> out) const {
    const Scalar* const row = rows_.data() + static_cast<Index>(i) * rows_.cols();
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = static_cast<Out>(row[j]);
  }

 private:
  MatrixOf<Scalar> rows_;
  std::string name_;
  ImageShape image_;
};

extern template class ArraySource<float>;
extern template class ArraySource<double>;

}  // namespace twofold::data
