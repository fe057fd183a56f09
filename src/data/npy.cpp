#include "twofold/data/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <ostream>

#include "data_error.hpp"
#include "npy_format.hpp"
#include "packed_rows.hpp"
#include "twofold/core/file.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::open_npy";
constexpr std::string_view kMagic = "\x93NUMPY";
constexpr auto kResave = "save it with numpy.save(path, array.astype('float32'))";

struct Header {
  std::string_view descr;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t length = 0;  // bytes before the data
};

// The header is a Python dict literal with three fixed keys, such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  std::string_view descr() const {
    const std::string_view rest = value_of("descr");
    if (rest.front() != '\'' && rest.front() != '"') {
      fail(kWhere, name_, "holds records of several fields", kResave);
    }
    return rest.substr(1, rest.find(rest.front(), 1) - 1);
  }

  bool fortran_order() const {
    const std::string_view rest = value_of("fortran_order");
    if (rest.starts_with("True")) return true;
    if (rest.starts_with("False")) return false;
    fail_header();
  }

  std::vector<std::uint64_t> shape() const {
    std::string_view rest = value_of("shape");
    const std::size_t close = rest.find(')');
    if (rest.front() != '(' || close == std::string_view::npos) fail_header();
    rest = rest.substr(1, close - 1);
    std::vector<std::uint64_t> sizes;
    while (!rest.empty()) {
      if (rest.front() == ' ' || rest.front() == ',') {
        rest.remove_prefix(1);
        continue;
      }
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
      if (error != std::errc()) fail_header();
      sizes.push_back(size);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    }
    return sizes;
  }

 private:
  std::string_view value_of(std::string_view key) const {
    std::size_t at = text_.find(fmt::format("'{}'", key));
    if (at == std::string_view::npos) at = text_.find(fmt::format("\"{}\"", key));
    if (at != std::string_view::npos) at = text_.find(':', at);
    if (at != std::string_view::npos) at = text_.find_first_not_of(' ', at + 1);
    if (at == std::string_view::npos) fail_header();
    return text_.substr(at);
  }

  [[noreturn]] void fail_header() const {
    fail(kWhere, name_, fmt::format("the header cannot be understood: {:.80}", text_), kResave);
  }

  std::string_view text_;
  const std::string& name_;
};

Header parse_header(std::span<const std::uint8_t> data, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (!text.starts_with(kMagic)) {
    fail(kWhere, name, "does not begin with the .npy magic \\x93NUMPY", kResave);
  }
  if (data.size() < 12) fail(kWhere, name, "ends inside its header", "write or download it again");
  const int version = data[6];
  if (version < 1 || version > 3) {
    fail(kWhere, name, fmt::format("has .npy version {}; 1 to 3 are known", version), kResave);
  }
  const std::size_t begin = version == 1 ? 10 : 12;
  const std::size_t length = version == 1 ? load<std::uint16_t>(data.data() + 8, false)
                                          : load<std::uint32_t>(data.data() + 8, false);
  if (length > data.size() - begin) {
    fail(kWhere, name,
         fmt::format("claims a header of {} bytes, but {} are left", length, data.size() - begin),
         "it is truncated; write or download it again");
  }
  const HeaderParser parser(text.substr(begin, length), name);
  return {parser.descr(), parser.fortran_order(), parser.shape(), begin + length};
}

ElementType element_type(std::string_view descr, const std::string& name) {
  constexpr std::array<std::pair<std::string_view, ElementType>, 11> known{
      {{"f2", ElementType::F2},
       {"f4", ElementType::F4},
       {"f8", ElementType::F8},
       {"u1", ElementType::U1},
       {"b1", ElementType::U1},
       {"i1", ElementType::I1},
       {"i2", ElementType::I2},
       {"u2", ElementType::U2},
       {"i4", ElementType::I4},
       {"u4", ElementType::U4},
       {"i8", ElementType::I8}}};
  if (descr.find('O') != std::string_view::npos) {
    fail(kWhere, name, "holds pickled Python objects, which can run code and are not read",
         kResave);
  }
  const std::size_t mark = descr.find_first_of("<>=|") == 0 ? 1 : 0;
  for (const auto& [code, type] : known) {
    if (descr.substr(mark) == code) return type;
  }
  fail(kWhere, name, fmt::format("has elements of type '{}', which is not read", descr), kResave);
}

// Byte offset of each column of a Fortran-ordered array: column c counts the axes after
// the first in C order, while memory runs through the first axis fastest.
std::vector<std::size_t> fortran_offsets(const std::vector<std::uint64_t>& shape, Index columns,
                                         std::size_t element) {
  std::vector<std::size_t> offsets(static_cast<std::size_t>(columns));
  for (std::size_t c = 0; c < offsets.size(); ++c) {
    std::size_t place = 0, rest = c;
    for (std::size_t axis = shape.size() - 1; axis >= 1; --axis) {
      std::size_t stride = 1;
      for (std::size_t before = 0; before < axis; ++before) stride *= shape[before];
      place += rest % shape[axis] * stride;
      rest /= shape[axis];
    }
    offsets[c] = place * element;
  }
  return offsets;
}

template <typename Scalar>
void write_array(const std::filesystem::path& path, const ConstView<Scalar>& matrix,
                 const std::string& shape) {
  static_assert(std::endian::native == std::endian::little);
  write_file(path, [&](std::ostream& out) {
    out << npy_header(shape, sizeof(Scalar));
    for (Index i = 0; i < matrix.rows(); ++i) {
      out.write(reinterpret_cast<const char*>(matrix.data() + i * matrix.outerStride()),
                static_cast<std::streamsize>(matrix.cols() * Index{sizeof(Scalar)}));
    }
  });
}

}  // namespace

std::string npy_header(const std::string& shape, std::size_t element_size) {
  return npy_header(shape, fmt::format("<f{}", element_size));
}

std::string npy_header(const std::string& shape, std::string_view type) {
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape);
  // Magic, version, length and header together fill a multiple of 64 bytes.
  text.append(63 - (10 + text.size()) % 64, ' ').push_back('\n');
  std::string header(kMagic);
  header +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return header + text;
}

std::shared_ptr<const Source> npy_rows(Bytes bytes, const std::string& name) {
  const Header header = parse_header(bytes.data, name);
  PackedLayout layout;
  layout.type = element_type(header.descr, name);
  layout.big_endian = header.descr.starts_with('>');
  if (header.shape.size() < 2) {
    fail(kWhere, name,
         fmt::format("has shape ({}), but samples need two axes", fmt::join(header.shape, ", ")),
         "reshape it to (n, d): array.reshape(-1, 1) for n numbers, array[None, :] for one sample");
  }
  std::optional<std::uint64_t> columns = 1;
  for (std::size_t axis = 1; axis < header.shape.size() && columns; ++axis) {
    columns = checked_product(*columns, header.shape[axis]);
  }
  const std::size_t element = element_size(layout.type);
  if (!columns || *columns > bytes.data.size()) {
    fail(kWhere, name,
         fmt::format("claims shape ({}), which cannot fit into its {} bytes",
                     fmt::join(header.shape, ", "), bytes.data.size()),
         "it is truncated or damaged; write or download it again");
  }
  layout.rows = header.shape.front();
  layout.columns = static_cast<Index>(*columns);
  layout.first_byte = header.length;
  layout.row_stride = header.fortran_order ? element : *columns * element;
  if (header.fortran_order) {
    layout.column_offset = fortran_offsets(header.shape, layout.columns, element);
  }
  return std::make_shared<PackedRows>(std::move(bytes), std::move(layout), "npy file", name);
}

std::shared_ptr<const Source> open_npy(const std::filesystem::path& path) {
  return npy_rows(map_file(path), path.string());
}

void write_npy(const std::filesystem::path& path, const ConstView<double>& matrix) {
  write_array<double>(path, matrix, fmt::format("({}, {})", matrix.rows(), matrix.cols()));
}

void write_npy(const std::filesystem::path& path, const ConstView<float>& matrix) {
  write_array<float>(path, matrix, fmt::format("({}, {})", matrix.rows(), matrix.cols()));
}

template <std::floating_point Scalar>
void write_npy(const std::filesystem::path& path, const VectorOf<Scalar>& vector) {
  const Eigen::Map<const MatrixOf<Scalar>> row(vector.data(), 1, vector.size());
  write_array<Scalar>(path, row, fmt::format("({},)", vector.size()));
}

template void write_npy(const std::filesystem::path& path, const Vector& vector);
template void write_npy(const std::filesystem::path& path, const VectorF& vector);

}  // namespace twofold::data
