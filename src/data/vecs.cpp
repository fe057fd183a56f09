#include "twofold/data/vecs.hpp"

#include "data_error.hpp"
#include "packed_rows.hpp"

namespace twofold::data {
namespace {

std::shared_ptr<const Source> open_vecs(const std::filesystem::path& path, ElementType type,
                                        const std::string& format) {
  constexpr auto where = "data::open_vecs";
  constexpr std::size_t mark = sizeof(std::int32_t);
  const std::string name = path.string();
  Bytes bytes = map_file(path);
  const std::size_t length = bytes.data.size();
  const auto dimension = length < mark ? 0 : load<std::int32_t>(bytes.data.data(), false);
  if (dimension <= 0) {
    fail(where, name, fmt::format("row 0 says it has dimension {}", dimension),
         fmt::format("it is not a little-endian {}", format));
  }
  const std::size_t row = mark + static_cast<std::size_t>(dimension) * element_size(type);
  if (length % row != 0) {
    fail(where, name,
         fmt::format("its {} bytes are not a multiple of {}, the length of a row of dimension {}",
                     length, row, dimension),
         fmt::format("it is truncated or not a {}; write or download it again", format));
  }
  PackedLayout layout;
  layout.type = type;
  layout.rows = length / row;
  layout.columns = dimension;
  layout.first_byte = mark;
  layout.row_stride = row;
  layout.row_mark = dimension;
  return std::make_shared<PackedRows>(std::move(bytes), std::move(layout), format, name);
}

}  // namespace

std::shared_ptr<const Source> open_fvecs(const std::filesystem::path& path) {
  return open_vecs(path, ElementType::F4, "fvecs file");
}

std::shared_ptr<const Source> open_bvecs(const std::filesystem::path& path) {
  return open_vecs(path, ElementType::U1, "bvecs file");
}

std::shared_ptr<const Source> open_ivecs(const std::filesystem::path& path) {
  return open_vecs(path, ElementType::I4, "ivecs file");
}

}  // namespace twofold::data
