#include "twofold/data/idx.hpp"

#include <array>

#include "data_error.hpp"
#include "inflate.hpp"
#include "packed_rows.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::open_idx";
constexpr auto kAgain = "it is damaged or not an IDX file; download it again";

ElementType element_type(std::uint8_t code, const std::string& name) {
  switch (code) {
    case 0x08:
      return ElementType::U1;
    case 0x09:
      return ElementType::I1;
    case 0x0B:
      return ElementType::I2;
    case 0x0C:
      return ElementType::I4;
    case 0x0D:
      return ElementType::F4;
    case 0x0E:
      return ElementType::F8;
    default:
      fail(kWhere, name, fmt::format("has the unknown element type 0x{:02x}", code), kAgain);
  }
}

// Two zero bytes, the element type, the number of axes, and each axis as a 32-bit number.
PackedLayout read_header(GzipReader& file, const std::string& name) {
  std::array<std::uint8_t, 4> magic{};
  if (file.read(magic) != magic.size() || magic[0] != 0 || magic[1] != 0 || magic[3] == 0) {
    fail(kWhere, name,
         fmt::format("begins with {:02x} {:02x} {:02x} {:02x}, not with the magic 00 00 TYPE AXES",
                     magic[0], magic[1], magic[2], magic[3]),
         kAgain);
  }
  std::vector<std::uint8_t> axes(std::size_t{4} * magic[3]);
  if (file.read(axes) != axes.size()) fail(kWhere, name, "ends inside its header", kAgain);
  PackedLayout layout;
  layout.type = element_type(magic[2], name);
  layout.big_endian = true;
  std::optional<std::uint64_t> columns = 1;
  for (std::size_t at = 0; at < axes.size() && columns; at += 4) {
    const auto length = load<std::uint32_t>(axes.data() + at, true);
    if (at == 0) layout.rows = length;
    if (at != 0) columns = checked_product(*columns, length);
  }
  const auto row = columns ? checked_product(*columns, element_size(layout.type)) : std::nullopt;
  const auto total = row ? checked_product(*row, layout.rows) : std::nullopt;
  if (!total || *total > file.most_bytes()) {
    fail(kWhere, name,
         fmt::format("claims {} rows of {} numbers, more than the file can hold", layout.rows,
                     columns ? fmt::format("{}", *columns) : "over 2^64"),
         kAgain);
  }
  layout.columns = static_cast<Index>(*columns);
  layout.row_stride = *row;
  if (magic[3] == 3) {
    layout.image = {static_cast<Index>(load<std::uint32_t>(axes.data() + 4, true)),
                    static_cast<Index>(load<std::uint32_t>(axes.data() + 8, true)), 1};
  }
  return layout;
}

}  // namespace

std::shared_ptr<const Source> open_idx(const std::filesystem::path& path) {
  const std::string name = path.string();
  GzipReader file(path);
  PackedLayout layout = read_header(file, name);
  std::vector<std::uint8_t> content(layout.rows * layout.row_stride);
  const std::size_t present = file.read(content);
  if (present != content.size()) {
    fail(kWhere, name,
         fmt::format("claims {} rows of {} bytes, but ends after {} bytes of data", layout.rows,
                     layout.row_stride, present),
         kAgain);
  }
  std::array<std::uint8_t, 1> more{};
  if (file.read(more) != 0) fail(kWhere, name, "is longer than its header says", kAgain);
  return std::make_shared<PackedRows>(own_bytes(std::move(content)), std::move(layout), "IDX file",
                                      name);
}

}  // namespace twofold::data
