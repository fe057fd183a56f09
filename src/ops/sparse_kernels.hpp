// Loops over sparse codes that an instruction set can do better; all of them give the same bits.
//
// Sums over atoms or samples add one fused product at a time to each entry of the result, in the
// order given. Scalar products run in kGroups · kLanes partial sums (group g, lane l holds the
// places ≡ g kLanes + l), which are added group by group, then lane by lane in a tree. Compression
// copies. So results do not depend on the registers of the machine.
#pragma once

#include <cstdint>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Partial sums of a scalar product: registers of 64 bytes, kGroups of them.
template <std::floating_point Scalar>
inline constexpr Index kLanes = static_cast<Index>(64 / sizeof(Scalar));
inline constexpr Index kGroups = 4;

/// Rows of a matrix with contiguous entries.
template <std::floating_point Scalar>
struct Rows {
  const Scalar* data;
  Index stride;
  Index length;  // of a row
  [[nodiscard]] const Scalar* operator[](Index row) const noexcept { return data + row * stride; }
};

template <std::floating_point Scalar>
[[nodiscard]] Rows<Scalar> rows_of(const ConstView<Scalar>& m) noexcept {
  return {m.data(), m.outerStride(), m.cols()};
}

/// Entries (row, weight) of a sum of rows. `second` may be null.
template <std::floating_point Scalar>
struct Terms {
  const std::int32_t* row;
  const Scalar* first;
  const Scalar* second;
  Index count;
};

template <std::floating_point Scalar>
struct SparseKernels {
  const char* name;

  /// Appends (start + i, z_i + shift), i < m, where z_i + shift > threshold or is NaN; returns how
  /// many. `index` and `value` have room for m entries and 64 bytes more.
  Index (*keep_above)(const Scalar* z, Index m, Index start, Scalar shift, Scalar threshold,
                      std::int32_t* index, Scalar* value) noexcept;
  /// Appends (start + i, z_i) where |z_i| >= threshold or is NaN.
  Index (*keep_magnitude)(const Scalar* z, Index m, Index start, Scalar threshold,
                          std::int32_t* index, Scalar* value) noexcept;
  /// largest[l] = max(0, |z_i|) or max(0, z_i) over i ≡ l mod `count`, a multiple of kLanes; a NaN
  /// is passed over.
  void (*largest_magnitudes)(const Scalar* z, Index m, Index count, Scalar* largest) noexcept;
  void (*largest_values)(const Scalar* z, Index m, Index count, Scalar* largest) noexcept;
  /// out = start − Σ first·A[row]; returns ‖out‖², summed in the lanes of one register.
  double (*residual)(const Scalar* start, const Rows<Scalar>& A, const Terms<Scalar>& terms,
                     Scalar* out) noexcept;
  /// dots[e] = ⟨x, A[row_e]⟩.
  void (*dots)(const Scalar* x, const Rows<Scalar>& A, const std::int32_t* row, Index count,
               Scalar* dots) noexcept;
  /// out = factor Σ (first·A[row] + second·B[row]), added to what is there if `add`, chunk by chunk
  /// of kChunk terms: each sum is multiplied by the factor and added, fused. B is not read where
  /// second is null.
  void (*combine)(const Rows<Scalar>& A, const Rows<Scalar>& B, const Terms<Scalar>& terms,
                  Scalar factor, bool add, Scalar* out) noexcept;
};

/// Terms whose sum stays in registers: bounds the rounding of long sums.
inline constexpr Index kChunk = 256;

/// Plain loops: the definition the others are tested against.
template <std::floating_point Scalar>
[[nodiscard]] const SparseKernels<Scalar>& portable_sparse_kernels() noexcept;

/// nullptr where the compiler or this machine's processor lacks the instructions.
template <std::floating_point Scalar>
[[nodiscard]] const SparseKernels<Scalar>* avx2_sparse_kernels() noexcept;
template <std::floating_point Scalar>
[[nodiscard]] const SparseKernels<Scalar>* avx512_sparse_kernels() noexcept;

/// The fastest this machine can run.
template <std::floating_point Scalar>
[[nodiscard]] const SparseKernels<Scalar>& sparse_kernels() noexcept;

}  // namespace twofold::ops
