// Codes of the k-sparse autoencoder on their way from the screen to the step.
#pragma once

#include <algorithm>

#include "code_screen.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {

template <typename Scalar>
[[nodiscard]] GateRule<Scalar> largest_positive(Index k) noexcept {
  return {.kind = GateRule<Scalar>::Kind::Largest, .k = k, .positive = true};
}

/// See screen_products.
template <typename Scalar>
[[nodiscard]] const SplitEngine* topk_products(Index N, Index m, Index d, Index k) noexcept {
  return std::same_as<Scalar, float> ? screen_products(N, m, d, k) : nullptr;
}

/// Codes with the same room for each sample: entries of sample s from s · width on.
template <typename Scalar>
struct TopKSlots {
  Index width = 0;
  Scratch<std::int32_t> index_room;
  Scratch<Scalar> value_room, floor_room;
  Scratch<Index> count_room;
  std::int32_t* index = nullptr;
  Scalar* value = nullptr;
  Index* count = nullptr;
  Scalar* floor = nullptr;  ///< see RowCodes

  void resize(Index samples, Index k) {
    width = k;
    index = index_room.get(samples * k);
    value = value_room.get(samples * k);
    count = count_room.get(samples);
    floor = floor_room.get(samples);
  }

  [[nodiscard]] Index begin(Index s) const noexcept { return s * width; }
  [[nodiscard]] Index end(Index s) const noexcept { return begin(s) + count[s]; }

  void set(Index s, const RowCodes<Scalar>& row) {
    std::copy_n(row.index, row.count, index + s * width);
    std::copy_n(row.value, row.count, value + s * width);
    count[s] = row.count;
    floor[s] = row.floor;
  }
};

/// Appends the codes of the first N samples.
template <typename Scalar>
void append(const TopKSlots<Scalar>& slots, Index N, SparseCodes<Scalar>& codes) {
  for (Index s = 0; s < N; ++s) {
    const Index from = slots.begin(s), to = slots.end(s);
    codes.index.insert(codes.index.end(), slots.index + from, slots.index + to);
    codes.value.insert(codes.value.end(), slots.value + from, slots.value + to);
    codes.offset.push_back(codes.size());
  }
}

/// Rows from .. to of X − c, kept in the same rows of `room`; X itself without c.
template <typename Scalar>
[[nodiscard]] ConstView<Scalar> centre(const ConstView<Scalar>& X, const VectorOf<Scalar>& c,
                                       Index from, Index to, Scalar* room) {
  if (c.size() == 0) return X.middleRows(from, to - from);
  Eigen::Map<MatrixOf<Scalar>> rows(room + from * X.cols(), to - from, X.cols());
  rows = X.middleRows(from, to - from).rowwise() - c.transpose();
  return rows;
}

}  // namespace twofold::ops
