// The safetensors format: named tensors and a few strings in one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::data {

/// A tensor: its shape, and its elements in C order (F32, F64, I64 or U8).
struct Tensor {
  std::vector<std::uint64_t> shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>,
               std::vector<std::uint8_t>>
      values;
  bool operator==(const Tensor&) const = default;
};

/// Content of a file.
struct TensorFile {
  std::map<std::string, Tensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
  bool operator==(const TensorFile&) const = default;
};

/// Writes the file, whole or not at all; equal content gives equal bytes.
/// @throws InvalidArgument  if a tensor's shape does not fit its elements, or it is named
///         "__metadata__"; OutputError with the system's reason.
void write_safetensors(const std::filesystem::path& path, const TensorFile& content);

/// @throws DataError  if the file is missing or damaged: a header that is too long or no JSON,
///         another element type, a shape that disagrees with the length, or offsets that
///         leave the file, overlap, or leave holes.
[[nodiscard]] TensorFile read_safetensors(const std::filesystem::path& path);

/// n×d tensor of a matrix.
template <std::floating_point Scalar>
[[nodiscard]] Tensor to_tensor(const MatrixOf<Scalar>& matrix);
/// One-dimensional tensor of a vector.
template <std::floating_point Scalar>
[[nodiscard]] Tensor to_tensor(const VectorOf<Scalar>& vector);

/// The tensor of this name as a matrix; one dimension becomes a column.
/// @throws DataError  if it is absent, of another element type, or has not 1 or 2 dimensions.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> to_matrix(const TensorFile& content, std::string_view name);

}  // namespace twofold::data
