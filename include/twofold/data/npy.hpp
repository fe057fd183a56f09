// NumPy's .npy: one array in one file.
#pragma once

#include <filesystem>
#include <memory>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of a .npy file (format 1.0, 2.0 or 3.0), memory-mapped.
///
/// The first axis counts samples; the others are flattened into one row in C order, so
/// (n, 28, 28) has dimension 784. Elements: float16, float32, float64, bool, int8 ... int64, uint8,
/// uint16, uint32 in either byte order; C or Fortran order. Values are taken as they are.
/// @throws DataError  if it is missing, empty, truncated, one-dimensional, of another type
///         (Python objects are never unpickled), or its header is absurd. Numbers that are
///         not finite throw when their row is gathered.
[[nodiscard]] std::shared_ptr<const Source> open_npy(const std::filesystem::path& path);

/// Writes a .npy file (format 1.0, little-endian, C order), whole or not at all.
/// @throws OutputError  with the system's reason.
void write_npy(const std::filesystem::path& path, const ConstView<double>& matrix);
void write_npy(const std::filesystem::path& path, const ConstView<float>& matrix);
/// One-dimensional.
template <std::floating_point Scalar>
void write_npy(const std::filesystem::path& path, const VectorOf<Scalar>& vector);

}  // namespace twofold::data
