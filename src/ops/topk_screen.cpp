#include "topk_screen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "keep_largest.hpp"
#include "lane_sum.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

constexpr Index kTile = 512;  // units of one product of the BLAS
constexpr Index kGroup = kBf16Atoms;
constexpr Index kNoRoom = 2 * kGroup;

template <typename Scalar>
constexpr double kLeast = static_cast<double>(std::numeric_limits<Scalar>::min());
template <typename Scalar>
constexpr double kEps = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
template <typename Scalar>
constexpr double kLarge = std::same_as<Scalar, float> ? 1e18 : 1e150;
template <typename Scalar>
constexpr Scalar kInfinity = std::numeric_limits<Scalar>::infinity();
// Above every number that does not fire.
template <typename Scalar>
constexpr Scalar kPositive = std::numeric_limits<Scalar>::denorm_min();

// Infinite where products might overflow.
template <typename Scalar>
Bf16Norms limited(const Bf16Norms& norms) noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return norms.norm < kLarge<Scalar> ? norms : Bf16Norms{infinity, infinity};
}

template <typename Scalar>
Bf16Norms plain_norms(const Scalar* x, Index d) noexcept {
  const auto square = [&](Index i) {
    const auto v = static_cast<double>(x[i]);
    return v * v;
  };
  return {std::sqrt(lane_sum(d, square)), 0};
}

template <typename Scalar>
Scalar round_up(double bound) noexcept {
  return std::nextafter(static_cast<Scalar>(bound), kInfinity<Scalar>);
}

template <typename Scalar>
GateRule<Scalar> largest_positive(Index k) noexcept {
  return {.kind = GateRule<Scalar>::Kind::Largest, .k = k, .positive = true};
}

}  // namespace

// A sample while its units are screened: u >= limit may be among the k largest.
template <std::floating_point Scalar>
struct TopKScreen<Scalar>::Row {
  SampleBounds<Scalar> bounds;
  Scalar guess, limit;
  Index count;  // of its candidates
  std::int32_t* index;
  Scalar* value;
  bool all;  // units have to be computed: no bound, or too many candidates
};

// The work space of a thread.
template <std::floating_point Scalar>
struct TopKScreen<Scalar>::Block {
  Row rows[kBlock];
  Index k = 0, room = 0;
  Scratch<Scalar> product, value, chosen_value, again;
  Scratch<std::int32_t> index, chosen;
  Scratch<std::uint32_t> packed;
  std::vector<Scalar> ranks;

  void resize(Index largest, Index m) {
    k = largest;
    // Candidates beyond k are few; where no more units exist none is ever refused.
    room = std::min(m, std::max<Index>(8 * k, 512)) + kNoRoom;
    std::int32_t* indices = index.get(kBlock * room);
    Scalar* values = value.get(kBlock * room);
    for (Index i = 0; i < kBlock; ++i) {
      rows[i].index = indices + i * room;
      rows[i].value = values + i * room;
    }
  }
};

template <std::floating_point Scalar>
void TopKScreen<Scalar>::prepare(const ConstView<Scalar>& encoder, const Scalar* bias,
                                 Index samples, Index k, ThreadPool& pool) {
  constexpr Index kLeastSamples = 256, kLeastSize = 64;
  const Index d = encoder.cols();
  units_ = rows_of<Scalar>(encoder);
  encoder_bias_ = bias;
  m_ = encoder.rows();
  const bool large = std::same_as<Scalar, float> && samples >= kLeastSamples && m_ >= kLeastSize &&
                     d >= kLeastSize && k <= m_ / 32;
  kind_ = large && bf16_kernel() != nullptr ? Kind::Bf16 : Kind::Plain;
  words_ = kind_ == Kind::Bf16 ? bf16_pairs(d) : 0;
  const Index padded = num_blocks(m_, kGroup) * kGroup;
  bias_ = bounds_.get(4 * padded);
  slack_ = bias_ + padded;
  norm_ = slack_ + padded;
  rest_ = norm_ + padded;
  packed_ = packed_room_.get(padded * words_);
  parallel_for(pool, padded, kGroup, [&](Index begin, Index end) {
    if constexpr (std::same_as<Scalar, float>) {
      std::uint32_t* packed = packed_ + begin * words_;
      if (kind_ == Kind::Bf16) {
        pack_bf16<kGroup>(encoder.middleRows(begin, std::min(kGroup, m_ - begin)), packed);
      }
    }
    for (Index j = begin; j < end; ++j) prepare_unit(j);
  });
}

// Bounds of a unit: bf16_error by the factors of the sample,
// and the rounding of the sums with bias and bound.
template <std::floating_point Scalar>
void TopKScreen<Scalar>::prepare_unit(Index j) {
  if (j >= m_) {
    bias_[j] = -kInfinity<Scalar>;
    slack_[j] = norm_[j] = rest_[j] = 0;
    return;
  }
  const Index d = units_.length;
  Bf16Norms w;
  if constexpr (std::same_as<Scalar, float>) {
    if (kind_ == Kind::Bf16) w = bf16_norms(units_[j], d);
  }
  if (kind_ == Kind::Plain) w = plain_norms(units_[j], d);
  w = limited<Scalar>(w);
  const double b = encoder_bias_ != nullptr ? static_cast<double>(encoder_bias_[j]) : 0.0;
  const double length = w.norm + w.rounding, terms = static_cast<double>(d);
  bias_[j] = static_cast<Scalar>(b);
  slack_[j] = round_up<Scalar>(kLeast<Scalar> * (terms * (length + 1) + 4) +
                               8 * kEps<Scalar> * std::abs(b));
  norm_[j] = round_up<Scalar>(w.norm);
  rest_[j] =
      round_up<Scalar>(w.rounding + kEps<Scalar> * (terms + 10) * length + kLeast<Scalar> * terms);
}

// Packs the samples and finds the factors of their bounds.
template <std::floating_point Scalar>
void TopKScreen<Scalar>::pack_samples(const ConstView<Scalar>& X, Block& block) const {
  const Index N = X.rows(), d = X.cols();
  if constexpr (std::same_as<Scalar, float>) {
    const Index groups = num_blocks(N, kBf16Samples);
    std::uint32_t* packed = block.packed.get(groups * kBf16Samples * words_);
    if (kind_ == Kind::Bf16) {
      for (Index g = 0; g < N; g += kBf16Samples) {
        pack_bf16<kBf16Samples>(X.middleRows(g, std::min(kBf16Samples, N - g)),
                                packed + g * words_);
      }
    }
  }
  for (Index s = 0; s < N; ++s) {
    const Scalar* x = X.row(s).data();
    Bf16Norms norms;
    if constexpr (std::same_as<Scalar, float>) {
      if (kind_ == Kind::Bf16) norms = bf16_norms(x, d);
    }
    if (kind_ == Kind::Plain) norms = plain_norms(x, d);
    norms = limited<Scalar>(norms);
    block.rows[s].bounds =
        norms.norm == 0 ? SampleBounds<Scalar>{0, 0, 0}
                        : SampleBounds<Scalar>{1, round_up<Scalar>(norms.rounding),
                                               round_up<Scalar>(norms.norm + norms.rounding)};
  }
}

template <std::floating_point Scalar>
void TopKScreen<Scalar>::exact(const Scalar* x, const std::int32_t* index, Index count,
                               Scalar* value) const {
  sparse_kernels<Scalar>().dots(x, units_, index, count, value);
  if (encoder_bias_ == nullptr) return;
  for (Index e = 0; e < count; ++e) value[e] += encoder_bias_[index[e]];
}

// What the lower bounds of k of a row's candidates reach; there are k at least.
template <std::floating_point Scalar>
Scalar TopKScreen<Scalar>::kth_floor(Index k, const Row& row, Block& block) const {
  Scalar* floors = block.again.get(block.room);
  for (Index e = 0; e < row.count; ++e) {
    const Scalar low = row.value[e] - error(row.bounds, row.index[e]);
    floors[e] = low > 0 ? low : Scalar{0};  // nor NaN
  }
  return reached_by(floors, row.count, k);
}

// Makes room: raises the limit to what k units reach for sure.
template <std::floating_point Scalar>
void TopKScreen<Scalar>::tighten(Index k, Row& row, Block& block) const {
  if (row.count >= k) row.limit = std::max(row.limit, kth_floor(k, row, block));
  Index kept = 0;
  for (Index e = 0; e < row.count; ++e) {
    const Scalar most = row.value[e] + error(row.bounds, row.index[e]);
    row.index[kept] = row.index[e];
    row.value[kept] = row.value[e];
    kept += most < row.limit ? 0 : 1;
  }
  row.count = kept;
  row.all = kept + kNoRoom > block.room;
}

template <std::floating_point Scalar>
void TopKScreen<Scalar>::consider(const Scalar* z, Index first, Index count, Index k, Row& row,
                                  Block& block) const {
  const TopKBounds<Scalar> bounds{bias_, slack_, norm_, rest_};
  for (Index begin = 0; begin < count && !row.all; begin += kGroup) {
    if (row.count + kNoRoom > block.room) tighten(k, row, block);
    if (row.all) return;
    row.count +=
        keep_possible(z + begin, bounds, row.bounds, first + begin, std::min(kGroup, count - begin),
                      row.limit, row.index + row.count, row.value + row.count);
  }
}

template <std::floating_point Scalar>
void TopKScreen<Scalar>::screen(const ConstView<Scalar>& X, Block& block) const {
  const Index N = X.rows(), k = block.k;
  if constexpr (std::same_as<Scalar, float>) {
    if (kind_ != Kind::Plain) {
      const std::uint32_t* samples = block.packed.get(0);
      float* z = block.product.get(kBf16Samples * kGroup);
      for (Index j = 0; j < m_; j += kGroup) {
        const std::uint32_t* units = packed_ + j * words_;
        for (Index g = 0; g < N; g += kBf16Samples) {
          bf16_kernel()(samples + g * words_, units, words_, z, kGroup);
          for (Index s = g; s < std::min(g + kBf16Samples, N); ++s) {
            consider(z + (s - g) * kGroup, j, std::min(kGroup, m_ - j), k, block.rows[s], block);
          }
        }
      }
      return;
    }
  }
  Scalar* room = block.product.get(N * kTile + kGroup);
  for (Index j = 0; j < m_; j += kTile) {
    const Index count = std::min(kTile, m_ - j);
    Eigen::Map<MatrixOf<Scalar>> Z(room, N, count);
    const Eigen::Map<const MatrixOf<Scalar>, 0, Eigen::OuterStride<>> units(
        units_[j], count, units_.length, Eigen::OuterStride<>(units_.stride));
    gemm<Scalar>(Trans::No, Trans::Yes, 1, X, units, 0, Z);
    for (Index s = 0; s < N; ++s) {
      consider(Z.row(s).data(), j, count, k, block.rows[s], block);
    }
  }
}

// Every unit of a sample.
template <std::floating_point Scalar>
void TopKScreen<Scalar>::all_units(const Scalar* x, Index slot, Block& block,
                                   TopKSlots<Scalar>& out) const {
  std::int32_t* index = block.chosen.get(m_);
  Scalar* value = block.chosen_value.get(m_);
  for (Index j = 0; j < m_; ++j) index[j] = static_cast<std::int32_t>(j);
  exact(x, index, m_, value);
  const auto rule = largest_positive<Scalar>(out.width);
  Index fires = 0;
  for (Index j = 0; j < m_; ++j) {
    index[fires] = static_cast<std::int32_t>(j);
    value[fires] = value[j];
    fires += rule.rank(value[j]) < 0 ? 0 : 1;
  }
  const Index kept = keep_best(fires, rule, block.ranks, index, value);
  std::copy_n(index, kept, out.index + slot * out.width);
  std::copy_n(value, kept, out.value + slot * out.width);
  out.count[slot] = kept;
  out.floor[slot] = 0;
}

// The k best of a row's candidates; false if the guess was too high for the row.
template <std::floating_point Scalar>
bool TopKScreen<Scalar>::finish(const Scalar* x, Index slot, Row& row, Block& block,
                                TopKSlots<Scalar>& out) const {
  const Index k = out.width;
  const Scalar floor = row.count >= k ? kth_floor(k, row, block) : Scalar{0};
  if (row.guess > kPositive<Scalar> && floor < row.guess) return false;
  std::int32_t* chosen = block.chosen.get(block.room);
  Scalar* value = block.chosen_value.get(block.room);
  Scalar* again = block.again.get(block.room);
  // Those that look largest are computed first: the least of them is a better limit.
  Scalar cut = -kInfinity<Scalar>;
  if (row.count > k) {
    for (Index e = 0; e < row.count; ++e) {
      again[e] = std::isnan(row.value[e]) ? kInfinity<Scalar> : std::max(row.value[e], Scalar{0});
    }
    cut = reached_by(again, row.count, k);
  }
  const auto first = [&](Index e) { return !(row.value[e] < cut); };
  Index count = 0;
  for (Index e = 0; e < row.count; ++e) {
    chosen[count] = row.index[e];
    count += first(e) ? 1 : 0;
  }
  exact(x, chosen, count, again);
  const auto rule = largest_positive<Scalar>(k);
  Scalar limit = kPositive<Scalar>;
  if (count >= k) {
    for (Index e = 0; e < count; ++e) value[e] = std::max(rule.rank(again[e]), Scalar{0});
    limit = std::max(limit, reached_by(value, count, k));
  }
  // Then those that may still reach it; both lists are in the order of the units.
  Index late = 0;
  for (Index e = 0; e < row.count; ++e) {
    if (first(e) || row.value[e] + error(row.bounds, row.index[e]) < limit) continue;
    chosen[count + late++] = row.index[e];
  }
  exact(x, chosen + count, late, again + count);
  Index kept = 0;
  for (Index i = 0, j = count; i < count || j < count + late;) {
    Index& next = j == count + late || (i < count && chosen[i] < chosen[j]) ? i : j;
    row.index[kept] = chosen[next];
    value[kept] = again[next];
    kept += rule.rank(value[kept]) < 0 ? 0 : 1;
    ++next;
  }
  kept = keep_best(kept, rule, block.ranks, row.index, value);
  std::copy_n(row.index, kept, out.index + slot * k);
  std::copy_n(value, kept, out.value + slot * k);
  out.count[slot] = kept;
  out.floor[slot] = row.bounds.length > 0 ? floor / row.bounds.length : Scalar{0};
  return true;
}

template <std::floating_point Scalar>
void TopKScreen<Scalar>::codes(const ConstView<Scalar>& X, Index first, Scalar hint,
                               TopKSlots<Scalar>& out) const {
  Index slots[kBlock];
  std::iota(slots, slots + X.rows(), first);
  codes_at(X, slots, hint, out);
}

template <std::floating_point Scalar>
void TopKScreen<Scalar>::codes_at(const ConstView<Scalar>& X, const Index* slots, Scalar hint,
                                  TopKSlots<Scalar>& out) const {
  static thread_local Block block_of_thread;
  static thread_local Scratch<Scalar> rows_of_thread;
  Block& block = block_of_thread;
  block.resize(out.width, m_);
  pack_samples(X, block);
  for (Index s = 0; s < X.rows(); ++s) {
    Row& row = block.rows[s];
    row.guess = row.limit = std::max(kPositive<Scalar>, hint * row.bounds.length);
    row.count = 0;
    row.all = !(row.bounds.length < kInfinity<Scalar>);
  }
  screen(X, block);
  Index missed[kBlock], again[kBlock], misses = 0;
  for (Index s = 0; s < X.rows(); ++s) {
    const Scalar* x = X.row(s).data();
    if (block.rows[s].all) {
      all_units(x, slots[s], block, out);
    } else if (!finish(x, slots[s], block.rows[s], block, out)) {
      again[misses] = slots[s];
      missed[misses++] = s;
    }
  }
  if (misses == 0) return;
  const Index d = X.cols();
  Scalar* copies = rows_of_thread.get(kBlock * d);
  for (Index i = 0; i < misses; ++i) std::copy_n(X.row(missed[i]).data(), d, copies + i * d);
  codes_at(Eigen::Map<const MatrixOf<Scalar>>(copies, misses, d), again, 0, out);
}

template <std::floating_point Scalar>
Scalar next_hint(const Scalar* floor, Index N, Scalar* work) {
  constexpr Index kOneOf = 1000;    // samples may miss it
  constexpr double kMargin = 0.97;  // for what a step changes
  std::copy_n(floor, N, work);
  const Index at = N / kOneOf;
  std::nth_element(work, work + at, work + N);
  return static_cast<Scalar>(kMargin) * work[at];
}

template class TopKScreen<float>;
template class TopKScreen<double>;
template float next_hint(const float*, Index, float*);
template double next_hint(const double*, Index, double*);

}  // namespace twofold::ops
