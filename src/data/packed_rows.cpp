#include "packed_rows.hpp"

#include <Eigen/Core>
#include <cmath>
#include <concepts>

#include "data_error.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::PackedRows";

// Calls visit(T{}) with the C++ type of the elements.
template <typename Visit>
auto with_type(ElementType type, Visit&& visit) {
  switch (type) {
    case ElementType::F2:
      return visit(Eigen::half{});
    case ElementType::F4:
      return visit(float{});
    case ElementType::F8:
      return visit(double{});
    case ElementType::U1:
      return visit(std::uint8_t{});
    case ElementType::I1:
      return visit(std::int8_t{});
    case ElementType::I2:
      return visit(std::int16_t{});
    case ElementType::U2:
      return visit(std::uint16_t{});
    case ElementType::I4:
      return visit(std::int32_t{});
    case ElementType::U4:
      return visit(std::uint32_t{});
    case ElementType::I8:
      break;
  }
  return visit(std::int64_t{});
}

// The bytes from the first element to the end of the last, or nothing if they overflow.
std::optional<std::uint64_t> bytes_needed(const PackedLayout& layout) {
  const std::uint64_t width = element_size(layout.type);
  if (layout.column_offset.empty()) {
    const auto row = checked_product(static_cast<std::uint64_t>(layout.columns), width);
    const auto before = checked_product(layout.rows - 1, layout.row_stride);
    std::uint64_t total = 0;
    if (!row || !before || __builtin_add_overflow(*row, *before, &total)) return {};
    return total;
  }
  const auto cells = checked_product(layout.rows, static_cast<std::uint64_t>(layout.columns));
  return cells ? checked_product(*cells, width) : std::nullopt;
}

}  // namespace

std::size_t element_size(ElementType type) noexcept {
  return with_type(type, [](auto value) { return sizeof value; });
}

std::string_view element_name(ElementType type) noexcept {
  constexpr std::string_view names[] = {"float16", "float32", "float64", "uint8",  "int8",
                                        "int16",   "uint16",  "int32",   "uint32", "int64"};
  return names[static_cast<std::size_t>(type)];
}

std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return {};
  return product;
}

PackedRows::PackedRows(Bytes bytes, PackedLayout layout, std::string format, std::string name)
    : bytes_(std::move(bytes)),
      layout_(std::move(layout)),
      format_(std::move(format)),
      name_(std::move(name)) {
  if (layout_.rows == 0 || layout_.columns <= 0) {
    fail(kWhere, name_,
         fmt::format("the {} holds {} rows of {} columns", format_, layout_.rows, layout_.columns),
         "give at least one row and one column");
  }
  const auto needed = bytes_needed(layout_);
  const std::uint64_t present =
      bytes_.data.size() - std::min(layout_.first_byte, bytes_.data.size());
  if (!needed || *needed > present) {
    fail(kWhere, name_,
         fmt::format("the {} claims {} rows of {} {} ({}), but {} bytes follow its header", format_,
                     layout_.rows, layout_.columns, element_name(layout_.type),
                     needed ? fmt::format("{} bytes", *needed) : "more than 2^64 bytes", present),
         "it is truncated or not of this format; write or download it again");
  }
}

std::string PackedRows::description() const {
  std::string text = fmt::format("{} {}: {} rows of dimension {} ({})", format_, name_,
                                 layout_.rows, layout_.columns, element_name(layout_.type));
  if (!layout_.image.empty()) {
    text += fmt::format(", images {} x {} x {}", layout_.image.rows, layout_.image.cols,
                        layout_.image.channels);
  }
  return text;
}

bool PackedRows::exact_in_float() const {
  return element_size(layout_.type) <= 2 || layout_.type == ElementType::F4;
}

void PackedRows::check_mark(std::uint64_t i, const std::uint8_t* row) const {
  const auto mark = load<std::int32_t>(row - sizeof(std::int32_t), false);
  if (mark != *layout_.row_mark) {
    fail(kWhere, name_,
         fmt::format("row {} (counted from 0) says it has dimension {}, but row 0 has {}", i, mark,
                     *layout_.row_mark),
         "all rows must have one dimension; write the file again");
  }
}

template <typename Scalar>
void PackedRows::fill_row(std::uint64_t i, std::span<Scalar> out) const {
  const std::uint8_t* const row = bytes_.data.data() + layout_.first_byte + i * layout_.row_stride;
  if (layout_.row_mark) check_mark(i, row);
  with_type(layout_.type, [&]<typename T>(T) {
    for (std::size_t j = 0; j < out.size(); ++j) {
      const std::size_t offset =
          layout_.column_offset.empty() ? j * sizeof(T) : layout_.column_offset[j];
      const T value = load<T>(row + offset, layout_.big_endian);
      out[j] = static_cast<Scalar>(value);
      if (!std::integral<T> && !std::isfinite(out[j])) {
        fail_not_finite(kWhere, name_, i, static_cast<Index>(j), static_cast<double>(value));
      }
    }
  });
}

template void PackedRows::fill_row(std::uint64_t, std::span<float>) const;
template void PackedRows::fill_row(std::uint64_t, std::span<double>) const;

}  // namespace twofold::data
