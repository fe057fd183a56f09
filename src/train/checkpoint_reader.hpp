// What the checkpoints of all runs share: two files in a folder, and errors that name them.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/data/safetensors.hpp"
#include "twofold/linalg/split_product.hpp"

namespace twofold::train {

template <typename Scalar>
constexpr std::string_view kPrecision = std::same_as<Scalar, float> ? "float" : "double";

template <typename Scalar>
constexpr std::string_view precision(FloatProducts products) {
  return products == FloatProducts::SplitBf16 ? "split_bf16" : kPrecision<Scalar>;
}

/// The file that is read back.
[[nodiscard]] std::filesystem::path checkpoint_path(const std::filesystem::path& folder);

/// Writes it, and `checkpoint.json` for people: the metadata but the payload, and the shapes.
void write_checkpoint_files(const std::filesystem::path& folder, const data::TensorFile& file);

/// The parts of a file, with errors that name the file.
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::filesystem::path& folder) : path_(checkpoint_path(folder)) {
    if (!std::filesystem::exists(path_)) fail("there is no checkpoint here");
    file_ = data::read_safetensors(path_);
  }

  [[noreturn]] void fail(std::string_view message) const {
    throw DataError("train::load_checkpoint",
                    fmt::format("{}: {}; start the run over, or choose the folder of the run that "
                                "is to go on",
                                path_.string(), message));
  }

  const std::string& text(std::string_view key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) fail(fmt::format("not a checkpoint, {} is missing", key));
    return found->second;
  }

  std::int64_t integer(std::string_view key) const {
    const std::string& digits = text(key);
    const char* const end = digits.data() + digits.size();
    std::int64_t value = 0;
    const auto [rest, code] = std::from_chars(digits.data(), end, value);
    if (code != std::errc{} || rest != end || value < 0) fail(fmt::format("bad {}", key));
    return value;
  }

  void expect(std::string_view key, std::string_view wanted) const {
    if (text(key) != wanted) {
      fail(fmt::format("{} is \"{}\", this run's is \"{}\"", key, text(key), wanted));
    }
  }

  bool has(std::string_view name) const { return file_.tensors.contains(name); }

  std::vector<std::int64_t> integers(std::string_view name, std::size_t count) const {
    const auto found = file_.tensors.find(name);
    const auto* values = found == file_.tensors.end()
                             ? nullptr
                             : std::get_if<std::vector<std::int64_t>>(&found->second.values);
    if (values == nullptr || values->size() != count) {
      fail(fmt::format("{} must be {} integers", name, count));
    }
    return *values;
  }

  Matrix averages() const { return data::to_matrix<double>(file_, "averages"); }

  template <typename Scalar>
  MatrixOf<Scalar> matrix(std::string_view name, Index rows, Index columns) const {
    MatrixOf<Scalar> matrix = data::to_matrix<Scalar>(file_, name);
    if (matrix.rows() != rows || matrix.cols() != columns) {
      fail(fmt::format("{} is {}x{}, this run's is {}x{}", name, matrix.rows(), matrix.cols(), rows,
                       columns));
    }
    return matrix;
  }

 private:
  std::filesystem::path path_;
  data::TensorFile file_;
};

}  // namespace twofold::train
