// Codes of the k-sparse autoencoder by screening: approximate products tell which units may be
// among the k largest, those are computed again.
//
// The set is exact: what is left out, a bound excludes. Values are the scalar products of
// SparseKernels::dots plus the bias. So codes depend neither on the screen nor on the BLAS.
#pragma once

#include <type_traits>

#include "bf16_product.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"
#include "topk_loops.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::ops {

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
  Scalar* floor = nullptr;  ///< of the k-th largest unit, over the length of the sample; or 0

  void resize(Index samples, Index k) {
    width = k;
    index = index_room.get(samples * k);
    value = value_room.get(samples * k);
    count = count_room.get(samples);
    floor = floor_room.get(samples);
  }
};

/// Appends the codes of the first N samples.
template <typename Scalar>
void append(const TopKSlots<Scalar>& slots, Index N, SparseCodes<Scalar>& codes) {
  for (Index s = 0; s < N; ++s) {
    const Index from = s * slots.width, to = from + slots.count[s];
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

/// The units, prepared for many samples.
template <std::floating_point Scalar>
class TopKScreen {
 public:
  /// Samples of one call of `codes`, at most.
  static constexpr Index kBlock = 48;

  /// @param encoder       m×d; must outlive the calls of `codes`, as `bias`.
  /// @param bias          m numbers or nullptr.
  /// @param samples, k    of the calls to come, which decide the kind of screen.
  void prepare(const ConstView<Scalar>& encoder, const Scalar* bias, Index samples, Index k,
               ThreadPool& pool);

  /// Codes of the rows of X into slots first, first + 1, ..., at most out.width of each.
  /// @param hint  a guess of `floor`, 0: none. If it is too high for a row, the row is done again.
  void codes(const ConstView<Scalar>& X, Index first, Scalar hint, TopKSlots<Scalar>& out) const;

 private:
  enum class Kind { Plain, Bf16 };
  struct Row;
  struct Block;
  void prepare_unit(Index j);
  void pack_samples(const ConstView<Scalar>& X, Block& block) const;
  void codes_at(const ConstView<Scalar>& X, const Index* slots, Scalar hint,
                TopKSlots<Scalar>& out) const;
  void screen(const ConstView<Scalar>& X, Block& block) const;
  void consider(const Scalar* z, Index first, Index count, Index k, Row& row, Block& block) const;
  void tighten(Index k, Row& row, Block& block) const;
  [[nodiscard]] Scalar kth_floor(Index k, const Row& row, Block& block) const;
  [[nodiscard]] bool finish(const Scalar* x, Index slot, Row& row, Block& block,
                            TopKSlots<Scalar>& out) const;
  void all_units(const Scalar* x, Index slot, Block& block, TopKSlots<Scalar>& out) const;
  void exact(const Scalar* x, const std::int32_t* index, Index count, Scalar* value) const;
  [[nodiscard]] Scalar error(const SampleBounds<Scalar>& sample, Index unit) const noexcept {
    return sample.slack * slack_[unit] + sample.direct * norm_[unit] + sample.length * rest_[unit];
  }

  Rows<Scalar> units_{};
  const Scalar* encoder_bias_ = nullptr;
  Index m_ = 0;
  Kind kind_ = Kind::Plain;
  Index words_ = 0;  // of a packed row
  Scratch<Scalar> bounds_;
  Scratch<std::uint32_t> packed_room_;
  std::uint32_t* packed_ = nullptr;
  Scalar *bias_ = nullptr, *slack_ = nullptr, *norm_ = nullptr, *rest_ = nullptr;
};

/// A guess for the next samples from the floors of N: one that few of them missed; 0: none.
/// @param work  room for N.
template <std::floating_point Scalar>
[[nodiscard]] Scalar next_hint(const Scalar* floor, Index N, Scalar* work);

}  // namespace twofold::ops
