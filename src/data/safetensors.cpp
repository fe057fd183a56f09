#include "twofold/data/safetensors.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "bytes.hpp"
#include "data_error.hpp"
#include "packed_rows.hpp"
#include "twofold/core/file.hpp"

namespace twofold::data {
namespace {

using nlohmann::json;
constexpr auto kRead = "data::read_safetensors";
constexpr auto kWrite = "data::write_safetensors";
constexpr auto kMetadata = "__metadata__";
constexpr auto kAgain = "it is damaged or not a safetensors file; write it again";
constexpr std::uint64_t kLongestHeader = 100'000'000;               // of the format
constexpr std::string_view kTypes[] = {"F32", "F64", "I64", "U8"};  // in the order of the variant

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

std::span<const std::uint8_t> raw_bytes(const Tensor& tensor) {
  return std::visit(
      [](const auto& values) {
        return std::span(reinterpret_cast<const std::uint8_t*>(values.data()),
                         values.size() * sizeof(values[0]));
      },
      tensor.values);
}

std::size_t width(const Tensor& tensor) {
  return std::visit([](const auto& values) { return sizeof(values[0]); }, tensor.values);
}

std::optional<std::uint64_t> element_count(const std::vector<std::uint64_t>& shape) {
  std::optional<std::uint64_t> count = 1;
  for (const std::uint64_t size : shape) count = count ? checked_product(*count, size) : count;
  return count;
}

// Wide elements first, so that each tensor is aligned to its elements.
std::vector<const std::pair<const std::string, Tensor>*> in_file_order(const TensorFile& content) {
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const auto& entry : content.tensors) order.push_back(&entry);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [](const auto* entry) { return width(entry->second); });
  return order;
}

// Reads the JSON header, checked piece by piece, and the tensors it names.
class Reader {
 public:
  Reader(const Bytes& bytes, std::string name) : data_(bytes.data), name_(std::move(name)) {}

  TensorFile read() {
    parse_header();
    TensorFile content;
    for (const auto& [key, value] : header_.items()) {
      if (key == kMetadata) {
        read_metadata(value, content);
      } else {
        content.tensors.emplace(key, read_tensor(key, value));
      }
    }
    check_coverage();
    return content;
  }

 private:
  void parse_header() {
    constexpr std::size_t prefix = sizeof(std::uint64_t);
    if (data_.size() < prefix) broken("ends inside the length of its header");
    const auto length = load<std::uint64_t>(data_.data(), false);
    if (length > kLongestHeader || length > data_.size() - prefix) {
      broken(fmt::format("claims a header of {} bytes in a file of {}", length, data_.size()));
    }
    const auto* const text = reinterpret_cast<const char*>(data_.data() + prefix);
    header_ = json::parse(text, text + length, nullptr, /*allow_exceptions=*/false);
    if (!header_.is_object()) broken("its header is not a JSON object");
    data_ = data_.subspan(prefix + length);
  }

  void read_metadata(const json& value, TensorFile& content) const {
    if (!value.is_object()) broken("__metadata__ is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) broken(fmt::format("__metadata__ '{}' is not a string", key));
      content.metadata.emplace(key, text.get<std::string>());
    }
  }

  Tensor read_tensor(const std::string& key, const json& value) {
    if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string()) {
      broken(fmt::format("tensor '{}' has no dtype", key));
    }
    Tensor tensor;
    tensor.shape = numbers(key, value, "shape");
    const auto offsets = numbers(key, value, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_.size()) {
      broken(fmt::format("tensor '{}' has data_offsets [{}] outside the {} bytes of data", key,
                         fmt::join(offsets, ", "), data_.size()));
    }
    pieces_.emplace_back(offsets[0], offsets[1]);
    set_type(key, value["dtype"].get<std::string>(), tensor);
    const auto count = element_count(tensor.shape);
    const auto length = count ? checked_product(*count, width(tensor)) : count;
    if (length != offsets[1] - offsets[0]) {
      broken(fmt::format("tensor '{}' of shape [{}] does not fill its {} bytes", key,
                         fmt::join(tensor.shape, ", "), offsets[1] - offsets[0]));
    }
    std::visit(
        [&](auto& values) {
          values.resize(*count);
          if (*count > 0) std::memcpy(values.data(), data_.data() + offsets[0], *length);
        },
        tensor.values);
    return tensor;
  }

  void set_type(const std::string& key, const std::string& type, Tensor& tensor) const {
    if (type == kTypes[0]) {
      tensor.values = std::vector<float>();
    } else if (type == kTypes[1]) {
      tensor.values = std::vector<double>();
    } else if (type == kTypes[2]) {
      tensor.values = std::vector<std::int64_t>();
    } else if (type == kTypes[3]) {
      tensor.values = std::vector<std::uint8_t>();
    } else {
      broken(fmt::format("tensor '{}' has dtype {}; F32, F64, I64 and U8 are read", key, type));
    }
  }

  std::vector<std::uint64_t> numbers(const std::string& key, const json& value,
                                     const char* what) const {
    std::vector<std::uint64_t> result;
    const bool list = value.contains(what) && value[what].is_array();
    if (list) {
      for (const json& number : value[what]) {
        if (number.is_number_unsigned()) result.push_back(number.get<std::uint64_t>());
      }
    }
    if (!list || result.size() != value[what].size()) {
      broken(fmt::format("tensor '{}' has no valid {}", key, what));
    }
    return result;
  }

  // The tensors must fill the data exactly, one after the other.
  void check_coverage() {
    std::ranges::sort(pieces_);
    std::uint64_t end = 0;
    for (const auto& [first, last] : pieces_) {
      if (first != end) broken(fmt::format("tensors overlap or leave a hole at byte {}", end));
      end = last;
    }
    if (end != data_.size()) {
      broken(fmt::format("{} bytes after the last tensor", data_.size() - end));
    }
  }

  [[noreturn]] void broken(const std::string& problem) const {
    fail(kRead, name_, problem, kAgain);
  }

  std::span<const std::uint8_t> data_;
  std::string name_;
  json header_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pieces_;
};

template <typename Scalar>
Tensor make_tensor(const Scalar* data, std::vector<std::uint64_t> shape) {
  const auto count = static_cast<std::ptrdiff_t>(*element_count(shape));
  return {std::move(shape), std::vector<Scalar>(data, data + count)};
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const TensorFile& content) {
  json header = json::object();
  if (!content.metadata.empty()) header[kMetadata] = content.metadata;
  const auto order = in_file_order(content);
  std::uint64_t end = 0;
  for (const auto* entry : order) {
    const auto& [name, tensor] = *entry;
    const std::size_t bytes = raw_bytes(tensor).size();
    require(name != kMetadata, kWrite, "a tensor cannot be named __metadata__");
    require(element_count(tensor.shape) == bytes / width(tensor), kWrite,
            fmt::format("tensor '{}' has shape [{}] but {} elements", name,
                        fmt::join(tensor.shape, ", "), bytes / width(tensor)));
    header[name] = {{"dtype", kTypes[tensor.values.index()]},
                    {"shape", tensor.shape},
                    {"data_offsets", {end, end + bytes}}};
    end += bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  write_file(path, [&](std::ostream& out) {
    const std::uint64_t length = text.size();
    out.write(reinterpret_cast<const char*>(&length), sizeof length) << text;
    for (const auto* entry : order) {
      const auto bytes = raw_bytes(entry->second);
      out.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
    }
  });
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  return Reader(map_file(path), path.string()).read();
}

template <std::floating_point Scalar>
Tensor to_tensor(const MatrixOf<Scalar>& matrix) {
  return make_tensor(matrix.data(), {static_cast<std::uint64_t>(matrix.rows()),
                                     static_cast<std::uint64_t>(matrix.cols())});
}

template <std::floating_point Scalar>
Tensor to_tensor(const VectorOf<Scalar>& vector) {
  return make_tensor(vector.data(), {static_cast<std::uint64_t>(vector.size())});
}

template <std::floating_point Scalar>
MatrixOf<Scalar> to_matrix(const TensorFile& content, std::string_view name) {
  constexpr auto where = "data::to_matrix";
  const auto found = content.tensors.find(name);
  if (found == content.tensors.end()) {
    throw DataError(where, fmt::format("there is no tensor named '{}'", name));
  }
  const Tensor& tensor = found->second;
  const auto* const values = std::get_if<std::vector<Scalar>>(&tensor.values);
  if (values == nullptr || tensor.shape.empty() || tensor.shape.size() > 2) {
    throw DataError(
        where, fmt::format("tensor '{}' is {} with {} dimensions; expected {} with 1 or 2", name,
                           kTypes[tensor.values.index()], tensor.shape.size(),
                           std::same_as<Scalar, float> ? "F32" : "F64"));
  }
  const auto rows = static_cast<Index>(tensor.shape[0]);
  const auto cols = tensor.shape.size() == 2 ? static_cast<Index>(tensor.shape[1]) : Index{1};
  return Eigen::Map<const MatrixOf<Scalar>>(values->data(), rows, cols);
}

template Tensor to_tensor(const MatrixF&);
template Tensor to_tensor(const Matrix&);
template Tensor to_tensor(const VectorF&);
template Tensor to_tensor(const Vector&);
template MatrixF to_matrix<float>(const TensorFile&, std::string_view);
template Matrix to_matrix<double>(const TensorFile&, std::string_view);

}  // namespace twofold::data
