// A .npy matrix larger than memory, written block by block in any order.
#pragma once

#include <filesystem>

#include "twofold/linalg/matrix.hpp"

namespace twofold::data {

/// Format 1.0, little-endian, C order, float or double. The file is complete or absent: it is
/// written beside its place and renamed by commit(); without that nothing is left.
template <std::floating_point Scalar>
class NpyMatrixWriter {
 public:
  /// Reserves the space on the disk.
  /// @param rows, columns  >= 1; InvalidArgument otherwise.
  /// @throws OutputError  if the disk has less room than the file needs (the message says how
  /// much),
  ///                      or with the system's reason.
  NpyMatrixWriter(std::filesystem::path path, Index rows, Index columns);
  ~NpyMatrixWriter();
  NpyMatrixWriter(const NpyMatrixWriter&) = delete;
  NpyMatrixWriter& operator=(const NpyMatrixWriter&) = delete;

  /// Puts a block at (row, column). May be called from several threads. Blocks that are never
  /// written are 0. @throws InvalidArgument  if it does not fit; OutputError with the reason.
  void write(Index row, Index column, const ConstView<Scalar>& block) const;

  /// Flushes the file to the disk and puts it in its place. @throws OutputError  with the reason.
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  Index rows_, columns_;
  Index data_begin_ = 0;  // bytes before the first number
  int descriptor_ = -1;
};

}  // namespace twofold::data
