// Rows of numbers packed into bytes: what .npy, .fvecs, IDX and CIFAR-10 have in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "twofold/data/row_source.hpp"

namespace twofold::data {

enum class ElementType { F2, F4, F8, U1, I1, I2, U2, I4, U4, I8 };

[[nodiscard]] std::size_t element_size(ElementType type) noexcept;
[[nodiscard]] std::string_view element_name(ElementType type) noexcept;

/// Where element (i, j) lies: first_byte + i·row_stride + offset of column j.
struct PackedLayout {
  ElementType type = ElementType::F4;
  bool big_endian = false;
  std::uint64_t rows = 0;
  Index columns = 0;
  std::size_t first_byte = 0;
  std::size_t row_stride = 0;
  std::vector<std::size_t> column_offset = {};  ///< empty: columns lie side by side
  std::optional<std::int32_t> row_mark = {};    ///< little-endian number before each row
  ImageShape image = {};
};

/// Rows of `bytes`. Values are taken as they are: a pixel byte is 0 ... 255.
///
/// Numbers are checked when a row is gathered: one that is not finite, or a row without
/// its mark, throws DataError with file, row and column.
class PackedRows final : public RowSource<PackedRows> {
 public:
  /// @param format  "npy file", for messages.
  /// @throws DataError  if there is no row or column, or `bytes` are fewer than the layout needs.
  PackedRows(Bytes bytes, PackedLayout layout, std::string format, std::string name);

  [[nodiscard]] Index dimension() const override { return layout_.columns; }
  [[nodiscard]] std::uint64_t size() const override { return layout_.rows; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] ImageShape image_shape() const override { return layout_.image; }
  [[nodiscard]] bool exact_in_float() const override;

  template <typename Scalar>
  void fill_row(std::uint64_t i, std::span<Scalar> out) const;

 private:
  void check_mark(std::uint64_t i, const std::uint8_t* row) const;

  Bytes bytes_;
  PackedLayout layout_;
  std::string format_;
  std::string name_;
};

/// a·b, or nothing if it exceeds 64 bits; for sizes that a header claims.
[[nodiscard]] std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b);

}  // namespace twofold::data
