// Products over the pairs of neuron and sample that fire. A ReLU silences half of the pairs where
// the weights are symmetric, and with them half of the work of every product but the first.
#pragma once

#include <cstdint>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// For each of `rows` rows, which rows of another matrix it is paired with, and the value that goes
/// with each pair: those of row r are `count[r]` entries from r * stride on.
struct ActivePairs {
  Index rows, stride;
  std::int32_t* count;
  std::int32_t* index;
  float* value;
};

/// Samples stand in panels of `width` columns, a multiple of kPanelLanes and at most kPanelLanes *
/// kPanelVectors: row r of a panel is `width` floats from r * width on, zeros beyond the last
/// column of the matrix.
inline constexpr Index kPanelLanes = 16, kPanelVectors = 8;

/// The columns of a panel in another matrix: row r from r * stride on. Only `columns` of them
/// exist, more than width - kPanelLanes.
template <typename T>
struct PanelRows {
  T* data;
  Index stride, columns;
};

/// Sums are in a fixed order for given pairs.
struct ActiveKernels {
  const char* name;

  /// C = L R: L rows×inner with `left_stride`, C rows×columns with `out_stride`, R in panels of 64
  /// columns, the last one as wide as it must be.
  void (*encode)(Index rows, Index columns, Index inner, const float* left, Index left_stride,
                 const float* right, float* out, Index out_stride);

  /// row r of `out` += Σ value * row `index` of `panel`.
  void (*add)(const float* panel, Index width, const ActivePairs& pairs,
              const PanelRows<float>& out);

  /// row r of `out`, a panel, = row r of `start` (0 if that is null) + Σ value * row `index` of
  /// `panel`, unless `out` is null; and kPanelLanes partial sums of ⟨row r of old, row `index` of
  /// panel⟩ for every pair, stored if `first`, else added to those that are there.
  void (*add_and_dot)(const float* panel, Index width, const ActivePairs& pairs,
                      const PanelRows<const float>& old, bool first,
                      const PanelRows<const float>& start, float* out, float* partial);

  /// value = factor * the sum of its kPanelLanes partial sums.
  void (*fold)(const float* partial, float factor, const ActivePairs& pairs);
};

/// nullptr where the compiler or this machine's processor lacks the instructions.
[[nodiscard]] const ActiveKernels* avx512_active_kernels() noexcept;

}  // namespace twofold::ops
