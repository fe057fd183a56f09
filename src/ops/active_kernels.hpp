// Products over the pairs of neuron and sample that fire. A ReLU silences half of the pairs where
// the weights are symmetric, and with them half of the work of every product but the first.
#pragma once

#include <cstdint>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Which columns fire in each of `rows` rows: for column c of row r, bit c of the `words` words
/// from r * words on. The value of a pair is value[r * stride + c], or, if `in_order`, for the e-th
/// bit that is set in word w, value[r * stride + w * kWord + e].
struct ActivePairs {
  Index rows, words;
  const std::uint64_t* fires;
  const float* value;
  Index stride;
  bool in_order = false;
};
inline constexpr Index kWord = 64;  ///< bits

/// Samples stand in panels of `width` columns, a multiple of kPanelLanes and at most kPanelLanes *
/// kPanelVectors: row r of a panel is `width` floats from r * width on, zeros beyond the last
/// column of the matrix.
inline constexpr Index kPanelLanes = 16, kPanelVectors = 8;

/// The columns of a panel in another matrix: row r from r * stride on. Only `columns` of them
/// exist, more than width - kPanelLanes: they tell the width.
template <typename T>
struct PanelRows {
  T* data;
  Index stride, columns;
};
template <typename T>
PanelRows(T*, Index, Index) -> PanelRows<T>;  // Clang 14 makes none for aggregates

/// Sums are in a fixed order for given pairs.
struct ActiveKernels {
  const char* name;

  /// C = L R: L rows×inner with `left_stride`, C rows×columns with `out_stride`, R in panels of 64
  /// columns, the last one as wide as it must be.
  void (*encode)(Index rows, Index columns, Index inner, const float* left, Index left_stride,
                 const float* right, float* out, Index out_stride);

  /// Bit c of row r: Z(r, c) > 0 or NaN; num_blocks(columns, kWord) words for each row.
  void (*fire)(Index rows, Index columns, const float* Z, Index stride, std::uint64_t* fires);

  /// out = Zᵀ, zeros up to the next multiple of kPanelLanes in both directions.
  void (*transpose)(Index rows, Index columns, const float* Z, Index stride, float* out,
                    Index out_stride);

  /// row r of `out` += factor * Σ value * row c of `panel`, over the columns c that fire.
  void (*add)(const float* panel, float factor, const ActivePairs& pairs,
              const PanelRows<float>& out);

  /// As `add` with `out`, a panel, = start (0 if that is null) + ..., unless `out` is null; and
  /// dot_factor * ⟨row r of old, row c of panel⟩ for every pair, stored if `first`, else added:
  /// `dots` are values in order, words * kWord a row. The pairs' own are not.
  void (*add_and_dot)(const float* panel, float factor, const ActivePairs& pairs,
                      const PanelRows<const float>& start, float* out,
                      const PanelRows<const float>& old, float dot_factor, bool first, float* dots);
};

/// nullptr where the compiler or this machine's processor lacks the instructions.
[[nodiscard]] const ActiveKernels* avx512_active_kernels() noexcept;

}  // namespace twofold::ops
