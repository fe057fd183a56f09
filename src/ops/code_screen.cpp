#include "code_screen.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "keep_largest.hpp"
#include "lane_sum.hpp"
#include "topk_loops.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

constexpr Index kTile = 512;   // units of one product of the BLAS
constexpr Index kGroup = 128;  // units that share a bound, and one product in bfloat16
constexpr Index kNoRoom = 2 * kGroup;

template <typename Scalar>
constexpr double kLeast = static_cast<double>(std::numeric_limits<Scalar>::min());
template <typename Scalar>
constexpr double kEps = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
template <typename Scalar>
constexpr double kLarge = std::same_as<Scalar, float> ? 1e18 : 1e150;
template <typename Scalar>
constexpr Scalar kInfinity = std::numeric_limits<Scalar>::infinity();

// Infinite where products might overflow.
template <typename Scalar>
Bf16Norms limited(const Bf16Norms& norms) noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return norms.norm < kLarge<Scalar> ? norms : Bf16Norms{infinity, infinity};
}

template <typename Scalar>
Bf16Norms norms_of(const Scalar* x, Index d, bool rounded) noexcept {
  if constexpr (std::same_as<Scalar, float>) {
    if (rounded) return limited<Scalar>(bf16_norms(x, d));
  }
  return limited<Scalar>({std::sqrt(sum_of_squares(x, d)), 0});
}

template <typename Scalar>
Scalar round_up(double bound) noexcept {
  return std::nextafter(static_cast<Scalar>(bound), kInfinity<Scalar>);
}

// A limit that lets through what the number does, and everything if that is infinite: no comparison
// with NaN excludes.
template <typename Scalar>
Scalar below(Scalar limit) noexcept {
  if (!std::isfinite(limit)) return std::numeric_limits<Scalar>::quiet_NaN();
  constexpr Scalar eps = std::numeric_limits<Scalar>::epsilon();
  return limit - eps * std::abs(limit) - std::numeric_limits<Scalar>::min();
}

}  // namespace

// A sample while its units are screened: a size >= limit may belong to one that fires.
template <std::floating_point Scalar>
struct CodeScreen<Scalar>::Row {
  SampleBounds<Scalar> bounds;
  Scalar guess, limit;
  Index count;  // of its candidates, in the end of its codes
  Index tight;  // of those, when the limit was raised
  std::int32_t* index;
  Scalar *value, *error;
  Scalar floor;
  bool all;  // units have to be computed: no bound, or too many candidates
};

// The work space of a thread.
template <std::floating_point Scalar>
struct CodeScreen<Scalar>::Block {
  Row rows[kMostRows];
  Index room = 0;
  Scratch<Scalar> product, value, error, chosen_value, again;
  Scratch<std::int32_t> index, chosen;
  Scratch<std::uint16_t> packed;
  std::vector<Scalar> ranks;

  void resize(Index most) {
    room = most;
    std::int32_t* indices = index.get(kMostRows * room);
    Scalar* values = value.get(kMostRows * room);
    Scalar* errors = error.get(kMostRows * room);
    for (Index i = 0; i < kMostRows; ++i) {
      rows[i].index = indices + i * room;
      rows[i].value = values + i * room;
      rows[i].error = errors + i * room;
    }
  }
};

const SplitEngine* screen_products(Index samples, Index m, Index d, Index k) noexcept {
  constexpr Index kLeastSamples = 256, kLeastSize = 64;
  const bool pays = samples >= kLeastSamples && m >= kLeastSize && d >= kLeastSize && k <= m / 32;
  return pays ? bf16_products() : nullptr;
}

template <std::floating_point Scalar>
Scalar CodeScreen<Scalar>::lowest() const noexcept {
  if (!largest()) return rule_.threshold;
  // Above every number that does not fire.
  return rule_.positive ? std::numeric_limits<Scalar>::denorm_min() : Scalar{0};
}

template <std::floating_point Scalar>
void CodeScreen<Scalar>::prepare(const ConstView<Scalar>& units, const Scalar* bias,
                                 const GateRule<Scalar>& rule, Index samples,
                                 const SplitEngine* engine, ThreadPool& pool) {
  // Large weights come from memory for every block: there should be few.
  constexpr Index kLargeWeights = Index{512} * 1024, kManyBlocks = 16;
  const Index d = units.cols();
  units_ = rows_of<Scalar>(units);
  bias_ = bias;
  rule_ = rule;
  engine_ = engine;
  m_ = units.rows();
  block_ = engine == nullptr ? 48 : 64;
  if (engine != nullptr && m_ * d > kLargeWeights && samples >= kManyBlocks * kMostRows) {
    block_ = kMostRows;
  }
  const Index padded = num_blocks(m_, kGroup) * kGroup, groups = padded / kGroup;
  slack_ = bounds_.get(3 * (padded + groups));
  norm_ = slack_ + padded + groups;
  rest_ = norm_ + padded + groups;
  packed_ = packed_room_.get(engine == nullptr ? 0 : bf16_size(padded, d));
  parallel_for(pool, m_, kGroup, [&](Index begin, Index end) {
    if constexpr (std::same_as<Scalar, float>) {
      if (engine != nullptr) {
        pack_bf16(*engine, false, units.middleRows(begin, end - begin),
                  packed_ + bf16_size(begin, d));
      }
    }
    prepare_group(begin, end);
  });
}

template <std::floating_point Scalar>
void CodeScreen<Scalar>::prepare_group(Index begin, Index end) {
  const Index group = num_blocks(m_, kGroup) * kGroup + begin / kGroup;
  for (Index j = begin; j < end; ++j) prepare_unit(j);
  for (Scalar* bound : {slack_, norm_, rest_}) {
    bound[group] = *std::max_element(bound + begin, bound + end);
  }
}

// Bounds of a unit: bf16_error by the factors of the sample,
// and the rounding of the sums with bias and bound.
template <std::floating_point Scalar>
void CodeScreen<Scalar>::prepare_unit(Index j) {
  const Index d = units_.length;
  const Bf16Norms w = norms_of(units_[j], d, engine_ != nullptr);
  const auto b = static_cast<double>(bias_ != nullptr ? bias_[j] : rule_.shift);
  const double length = w.norm + w.rounding, terms = static_cast<double>(d);
  slack_[j] = round_up<Scalar>(kLeast<Scalar> * (terms * (length + 3) + 4) +
                               8 * kEps<Scalar> * std::abs(b));
  norm_[j] = round_up<Scalar>(w.norm);
  rest_[j] =
      round_up<Scalar>(w.rounding + kEps<Scalar> * (terms + 10) * length + kLeast<Scalar> * terms);
}

// Packs the samples and finds the factors of their bounds.
template <std::floating_point Scalar>
void CodeScreen<Scalar>::pack_samples(const ConstView<Scalar>& X, Block& block) const {
  if constexpr (std::same_as<Scalar, float>) {
    if (engine_ != nullptr) {
      pack_bf16(*engine_, true, X, block.packed.get(bf16_size(kMostRows, X.cols())));
    }
  }
  for (Index s = 0; s < X.rows(); ++s) {
    const Bf16Norms norms = norms_of(X.row(s).data(), X.cols(), engine_ != nullptr);
    block.rows[s].bounds =
        norms.norm == 0 ? SampleBounds<Scalar>{0, 0, 0}
                        : SampleBounds<Scalar>{1, round_up<Scalar>(norms.rounding),
                                               round_up<Scalar>(norms.norm + norms.rounding)};
  }
}

template <std::floating_point Scalar>
void CodeScreen<Scalar>::screen(const ConstView<Scalar>& X, Block& block) const {
  const Index N = X.rows(), d = X.cols(), tile = engine_ != nullptr ? kGroup : kTile;
  Scalar* z = block.product.get(N * tile);
  for (Index j = 0; j < m_; j += tile) {
    const Index count = std::min(tile, m_ - j);
    if constexpr (std::same_as<Scalar, float>) {
      if (engine_ != nullptr) {
        multiply_bf16(*engine_, {block.packed.get(0), N, d}, {packed_ + bf16_size(j, d), count, d},
                      z, count);
      }
    }
    if (engine_ == nullptr) {
      Eigen::Map<MatrixOf<Scalar>> Z(z, N, count);
      const Eigen::Map<const MatrixOf<Scalar>, 0, Eigen::OuterStride<>> units(
          units_[j], count, d, Eigen::OuterStride<>(units_.stride));
      gemm<Scalar>(Trans::No, Trans::Yes, 1, X, units, 0, Z);
    }
    for (Index s = 0; s < N; ++s) consider(z + s * count, j, count, block.rows[s], block);
  }
}

// Notes the units first ... of a tile that may fire.
template <std::floating_point Scalar>
void CodeScreen<Scalar>::consider(Scalar* z, Index first, Index count, Row& row,
                                  Block& block) const {
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Index groups = num_blocks(m_, kGroup) * kGroup;
  if (bias_ != nullptr) add_numbers(bias_ + first, z, count);
  for (Index begin = 0; begin < count && !row.all; begin += kGroup) {
    const bool many = largest() && row.count - row.tight > 3 * rule_.k;
    if (many || row.count + kNoRoom > block.room) tighten(row, block);
    if (row.all) return;
    const Index at = first + begin, units = std::min(kGroup, count - begin);
    const Scalar limit = below(row.limit - error(row.bounds, groups + at / kGroup));
    std::int32_t* index = row.index + row.count;
    Scalar* value = row.value + row.count;
    const Index kept =
        by_magnitude() ? kernels.keep_magnitude(z + begin, units, at, limit, index, value)
                       : kernels.keep_above(z + begin, units, at, rule_.shift, limit, index, value);
    // While the bounds of the group are in the cache.
    Scalar* errors = row.error + row.count;
    for (Index e = 0; e < kept; ++e) errors[e] = error(row.bounds, index[e]);
    row.count += kept;
  }
}

// What the lower bounds of k of a row's candidates reach; there are k at least.
template <std::floating_point Scalar>
Scalar CodeScreen<Scalar>::kth_floor(const Row& row, Block& block) const {
  Scalar* floors = block.again.get(block.room);
  for (Index e = 0; e < row.count; ++e) {
    const Scalar low = size(row.value[e]) - row.error[e];
    floors[e] = low > 0 ? low : Scalar{0};  // nor NaN
  }
  return reached_by(floors, row.count, rule_.k);
}

// Raises the limit to what k units reach for sure, which also makes room.
template <std::floating_point Scalar>
void CodeScreen<Scalar>::tighten(Row& row, Block& block) const {
  if (largest() && row.count >= rule_.k) row.limit = std::max(row.limit, kth_floor(row, block));
  Index kept = 0;
  for (Index e = 0; e < row.count; ++e) {
    const Scalar most = size(row.value[e]) + row.error[e];
    row.index[kept] = row.index[e];
    row.error[kept] = row.error[e];
    row.value[kept] = row.value[e];
    kept += most < row.limit ? 0 : 1;
  }
  row.count = row.tight = kept;
  row.all = kept + kNoRoom > block.room;
}

template <std::floating_point Scalar>
void CodeScreen<Scalar>::exact(const Scalar* x, const std::int32_t* index, Index count,
                               Scalar* value) const {
  sparse_kernels<Scalar>().dots(x, units_, index, count, value);
  for (Index e = 0; e < count; ++e) value[e] += bias_ != nullptr ? bias_[index[e]] : rule_.shift;
}

// Keeps what fires, by exact values.
template <std::floating_point Scalar>
Index CodeScreen<Scalar>::keep_active(Index count, Block& block, std::int32_t* index,
                                      Scalar* value) const {
  using Kind = typename GateRule<Scalar>::Kind;
  Index kept = 0;
  for (Index e = 0; e < count; ++e) {
    const Scalar v = value[e];
    const bool out = rule_.kind == Kind::Above       ? v <= rule_.threshold
                     : rule_.kind == Kind::Magnitude ? std::abs(v) < rule_.threshold
                                                     : rule_.rank(v) < 0;
    index[kept] = index[e];
    value[kept] = v;
    kept += out ? 0 : 1;
  }
  return largest() ? keep_best(kept, rule_, block.ranks, index, value) : kept;
}

template <std::floating_point Scalar>
void CodeScreen<Scalar>::all_units(const Scalar* x, Row& row, Block& block) const {
  std::int32_t* index = block.chosen.get(m_);
  Scalar* value = block.chosen_value.get(m_);
  for (Index j = 0; j < m_; ++j) index[j] = static_cast<std::int32_t>(j);
  exact(x, index, m_, value);
  row.count = keep_active(m_, block, index, value);
  std::copy_n(index, row.count, row.index);
  std::copy_n(value, row.count, row.value);
  row.floor = 0;
}

// The codes of a row from its candidates; false if the guess was too high for the row.
template <std::floating_point Scalar>
bool CodeScreen<Scalar>::finish(const Scalar* x, Row& row, Block& block) const {
  if (largest()) return finish_largest(x, row, block);
  exact(x, row.index, row.count, row.value);
  row.count = keep_active(row.count, block, row.index, row.value);
  row.floor = 0;
  return true;
}

template <std::floating_point Scalar>
bool CodeScreen<Scalar>::finish_largest(const Scalar* x, Row& row, Block& block) const {
  const Index k = rule_.k;
  const Scalar floor = row.count >= k ? kth_floor(row, block) : Scalar{0};
  if (row.guess > lowest() && floor < row.guess) return false;
  std::int32_t* chosen = block.chosen.get(block.room);
  Scalar* value = block.chosen_value.get(block.room);
  Scalar* again = block.again.get(block.room);
  // Those that look largest are computed first: the least of them is a better limit.
  Scalar cut = -kInfinity<Scalar>;
  if (row.count > k) {
    for (Index e = 0; e < row.count; ++e) {
      again[e] =
          std::isnan(row.value[e]) ? kInfinity<Scalar> : std::max(size(row.value[e]), Scalar{0});
    }
    cut = reached_by(again, row.count, k);
  }
  const auto first = [&](Index e) { return !(size(row.value[e]) < cut); };
  Index count = 0;
  for (Index e = 0; e < row.count; ++e) {
    chosen[count] = row.index[e];
    count += first(e) ? 1 : 0;
  }
  exact(x, chosen, count, again);
  Scalar limit = lowest();
  if (count >= k) {
    for (Index e = 0; e < count; ++e) value[e] = std::max(rule_.rank(again[e]), Scalar{0});
    limit = std::max(limit, reached_by(value, count, k));
  }
  // Then those that may still reach it; both lists are in the order of the units.
  Index late = 0;
  for (Index e = 0; e < row.count; ++e) {
    if (first(e) || size(row.value[e]) + row.error[e] < limit) continue;
    chosen[count + late++] = row.index[e];
  }
  exact(x, chosen + count, late, again + count);
  Index all = 0;
  for (Index i = 0, j = count; i < count || j < count + late;) {
    Index& next = j == count + late || (i < count && chosen[i] < chosen[j]) ? i : j;
    row.index[all] = chosen[next];
    row.value[all++] = again[next++];
  }
  row.count = keep_active(all, block, row.index, row.value);
  row.floor = row.bounds.length > 0 ? floor / row.bounds.length : Scalar{0};
  return true;
}

template <std::floating_point Scalar>
void CodeScreen<Scalar>::codes_of(const ConstView<Scalar>& X, const Index* names, Scalar hint,
                                  TakeRow take, void* taker) const {
  static thread_local Block block_of_thread;
  static thread_local Scratch<Scalar> rows_of_thread;
  Block& block = block_of_thread;
  // Of the largest, candidates beyond k are few; where no more units exist none is ever refused.
  const Index few = largest() ? std::max<Index>(8 * rule_.k, 512) : m_;
  block.resize(std::min(m_, few) + kNoRoom);
  pack_samples(X, block);
  for (Index s = 0; s < X.rows(); ++s) {
    Row& row = block.rows[s];
    row.guess = row.limit = hint > 0 ? std::max(lowest(), hint * row.bounds.length) : lowest();
    row.count = row.tight = 0;
    row.all = !(row.bounds.length < kInfinity<Scalar>);
  }
  screen(X, block);
  Index missed[kMostRows], again[kMostRows], misses = 0;
  for (Index s = 0; s < X.rows(); ++s) {
    Row& row = block.rows[s];
    const Index name = names != nullptr ? names[s] : s;
    if (row.all) {
      all_units(X.row(s).data(), row, block);
    } else if (!finish(X.row(s).data(), row, block)) {
      again[misses] = name;
      missed[misses++] = s;
      continue;
    }
    take(taker, name, {row.index, row.value, row.count, row.floor});
  }
  if (misses == 0) return;
  const Index d = X.cols();
  Scalar* copies = rows_of_thread.get(kMostRows * d);
  for (Index i = 0; i < misses; ++i) std::copy_n(X.row(missed[i]).data(), d, copies + i * d);
  codes_of(Eigen::Map<const MatrixOf<Scalar>>(copies, misses, d), again, 0, take, taker);
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

template class CodeScreen<float>;
template class CodeScreen<double>;
template float next_hint(const float*, Index, float*);
template double next_hint(const double*, Index, double*);

}  // namespace twofold::ops
