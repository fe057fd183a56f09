// The uncentred second moment XᵀX / n of samples, in double.
#pragma once

#include <cstdint>

#include "twofold/linalg/matrix.hpp"

namespace twofold {

/// Sum of x xᵀ over a stream of samples.
///
/// Float samples are multiplied in float in blocks of 256 and the blocks are added in
/// double: relative error (to the diagonal) about 256 eps_float at worst, 1e-6 in practice,
/// however long the stream. Double samples are handled in double throughout.
///
/// Bitwise the same for any pool size. Cutting the stream into other pieces changes the
/// order of the sums and hence the last bits: always use the same cut for the same bits.
class SecondMoment {
 public:
  /// @param dimension  d >= 0, the length of a sample.
  explicit SecondMoment(Index dimension);

  /// Adds the rows of `samples` (any number × d); NaN and infinity propagate.
  /// Cost n d (d + 256) flops. Throws InvalidArgument if the rows have another length.
  void add(ThreadPool& pool, const ConstView<float>& samples);
  void add(ThreadPool& pool, const ConstView<double>& samples);

  /// Number of samples added.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// E[x xᵀ], d×d, exactly symmetric. Throws InvalidArgument if nothing was added.
  [[nodiscard]] Matrix value() const;

 private:
  template <typename Scalar>
  void add_rows(ThreadPool& pool, const ConstView<Scalar>& samples);

  std::uint64_t count_ = 0;
  Matrix sum_;  // tiles on and below the diagonal
};

/// XᵀX / n for samples X (n×d, n >= 1), one sample per row. Throws InvalidArgument if n = 0.
[[nodiscard]] Matrix second_moment(ThreadPool& pool, const ConstView<float>& X);
[[nodiscard]] Matrix second_moment(ThreadPool& pool, const ConstView<double>& X);

}  // namespace twofold
