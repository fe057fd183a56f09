// Codes by screening: approximate products tell which units may fire, those are computed again.
//
// The codes are exact: what is left out, a bound excludes. Values are the scalar products of
// SparseKernels::dots plus bias or shift. So codes depend neither on the screen nor on the BLAS.
#pragma once

#include <algorithm>
#include <type_traits>

#include "gate_rule.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/linalg/bf16_product.hpp"

namespace twofold::ops {

/// What bounds |u − ũ| of a unit on a sample, ũ from an approximate product:
/// slack · slack' + direct · norm' + length · rest', primed: of the unit.
template <typename Scalar>
struct SampleBounds {
  Scalar slack;  ///< 0 for a sample that is 0, else 1
  Scalar direct, length;
};

/// Codes of a sample, index ascending.
template <typename Scalar>
struct RowCodes {
  std::int32_t* index;
  Scalar* value;
  Index count;
  Scalar floor;  ///< of the k-th largest unit, over the length of the sample; or 0
};

/// The products in bfloat16 that a screen should use for batches of this size, k the number of
/// units that fire; nullptr: those of Scalar. A function of the shapes and the machine.
[[nodiscard]] const SplitEngine* screen_products(Index samples, Index m, Index d, Index k) noexcept;

/// The units, prepared for many samples.
template <std::floating_point Scalar>
class CodeScreen {
 public:
  /// Samples of one call of `codes`, at most.
  static constexpr Index kMostRows = 192;

  /// @param units    m×d; must outlive the calls of `codes`, as `bias`.
  /// @param bias     m numbers or nullptr; for rules without a shift.
  /// @param samples  of the calls to come.
  /// @param engine   for products in bfloat16, float only; nullptr: those of Scalar.
  void prepare(const ConstView<Scalar>& units, const Scalar* bias, const GateRule<Scalar>& rule,
               Index samples, const SplitEngine* engine, ThreadPool& pool);

  /// Samples that one call should have.
  [[nodiscard]] Index block() const noexcept { return block_; }

  /// take(s, RowCodes) for each row s of X; in their order without a hint.
  /// @param hint  a guess of `floor`, 0: none. If it is too high for a row, the row is done again.
  template <typename Take>
  void codes(const ConstView<Scalar>& X, Scalar hint, Take&& take) const {
    using Plain = std::remove_reference_t<Take>;
    codes_of(
        X, nullptr, hint,
        [](void* t, Index s, const RowCodes<Scalar>& row) { (*static_cast<Plain*>(t))(s, row); },
        const_cast<void*>(static_cast<const void*>(std::addressof(take))));
  }

 private:
  using TakeRow = void (*)(void*, Index, const RowCodes<Scalar>&);
  struct Row;
  struct Block;
  void prepare_unit(Index j);
  void prepare_group(Index begin, Index end);
  void pack_samples(const ConstView<Scalar>& X, Block& block) const;
  void codes_of(const ConstView<Scalar>& X, const Index* names, Scalar hint, TakeRow take,
                void* taker) const;
  void screen(const ConstView<Scalar>& X, Block& block) const;
  void consider(Scalar* z, Index first, Index count, Row& row, Block& block) const;
  void tighten(Row& row, Block& block) const;
  [[nodiscard]] Scalar kth_floor(const Row& row, Block& block) const;
  [[nodiscard]] bool finish(const Scalar* x, Row& row, Block& block) const;
  [[nodiscard]] bool finish_largest(const Scalar* x, Row& row, Block& block) const;
  void all_units(const Scalar* x, Row& row, Block& block) const;
  void exact(const Scalar* x, const std::int32_t* index, Index count, Scalar* value) const;
  [[nodiscard]] Index keep_active(Index count, Block& block, std::int32_t* index,
                                  Scalar* value) const;
  [[nodiscard]] bool largest() const noexcept {
    return rule_.kind == GateRule<Scalar>::Kind::Largest;
  }
  [[nodiscard]] bool by_magnitude() const noexcept {
    return rule_.kind == GateRule<Scalar>::Kind::Magnitude || (largest() && !rule_.positive);
  }
  // What is compared with limits.
  [[nodiscard]] Scalar size(Scalar u) const noexcept { return by_magnitude() ? std::abs(u) : u; }
  // The limit that a row begins with.
  [[nodiscard]] Scalar lowest() const noexcept;
  [[nodiscard]] Scalar error(const SampleBounds<Scalar>& sample, Index unit) const noexcept {
    return sample.slack * slack_[unit] + sample.direct * norm_[unit] + sample.length * rest_[unit];
  }

  Rows<Scalar> units_{};
  const Scalar* bias_ = nullptr;
  GateRule<Scalar> rule_{};
  const SplitEngine* engine_ = nullptr;
  Index m_ = 0, block_ = 0;
  Scratch<Scalar> bounds_;
  Scratch<std::uint16_t> packed_room_;
  std::uint16_t* packed_ = nullptr;
  // Of the units, then the largest of each group.
  Scalar *slack_ = nullptr, *norm_ = nullptr, *rest_ = nullptr;
};

/// A guess for the next samples from the floors of N: one that few of them missed; 0: none.
/// @param work  room for N.
template <std::floating_point Scalar>
[[nodiscard]] Scalar next_hint(const Scalar* floor, Index N, Scalar* work);

}  // namespace twofold::ops
