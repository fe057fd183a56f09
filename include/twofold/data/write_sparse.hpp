// Writes sparse rows as scipy.sparse.load_npz reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "twofold/linalg/matrix.hpp"

namespace twofold::data {

/// Takes the next rows: how many entries each has, then column and value of all of them in order.
using AppendSparseRows =
    std::function<void(std::span<const std::int64_t> lengths, std::span<const std::int32_t> columns,
                       std::span<const float> values)>;

/// Writes a matrix of `rows` × `columns` in compressed sparse rows, whole or not at all:
/// a .npz archive (uncompressed) of format = "csr", shape, indptr (int64), indices (int32) and data
/// (float32), which `scipy.sparse.load_npz(path)` reads. Archives beyond 4 GiB are Zip64.
///
/// @param path     ends in .npz.
/// @param produce  is called once and appends all rows in order; if it throws, nothing is left.
/// @throws InvalidArgument  for another ending, more or fewer rows than announced, columns outside
///                          [1, 2^31), or a column number outside [0, columns).
/// @throws OutputError      with the system's reason.
/// Memory does not grow with the number of rows: the arrays wait in nameless temporary files beside
/// `path`, which need as much space again.
void write_csr(const std::filesystem::path& path, std::uint64_t rows, Index columns,
               const std::function<void(const AppendSparseRows&)>& produce);

}  // namespace twofold::data
