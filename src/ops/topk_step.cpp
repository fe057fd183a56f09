#include "twofold/ops/topk_step.hpp"

#include <algorithm>
#include <utility>

#include "check_codes.hpp"
#include "entries_by_unit.hpp"
#include "lane_sum.hpp"
#include "topk_loops.hpp"
#include "topk_rule.hpp"
#include "topk_slots.hpp"

namespace twofold::ops {
namespace {

// Units of one parallel task of the update.
constexpr Index kStrip = 128;
constexpr Index kColumns = 64;

template <typename Scalar>
Rows<Scalar> rows_at(const Scalar* data, Index d) noexcept {
  return {data, d, d};
}

template <typename Scalar>
const Scalar* data_or_null(const VectorOf<Scalar>& v) noexcept {
  return v.size() > 0 ? v.data() : nullptr;
}

// Sums of the columns, in the order of the rows.
template <typename Scalar>
void column_sums(const Rows<Scalar>& rows, Index N, double* sums, ThreadPool& pool) {
  parallel_for(pool, rows.length, kColumns, [&](Index begin, Index end) {
    double sum[kColumns] = {};
    for (Index s = 0; s < N; ++s) {
      add_to_sums(rows[s] + begin, sum, end - begin);
    }
    std::copy_n(sum, end - begin, sums + begin);
  });
}

double sum_of(const double* numbers, Index count) noexcept {
  return lane_sum(count, [&](Index i) { return numbers[i]; });
}

}  // namespace

template <std::floating_point Scalar>
struct TopKStep<Scalar>::Work {
  TopKStepOptions options;
  // Of the last forward.
  Index N = 0, m = 0, d = 0;
  Rows<Scalar> centred{};  // x − c
  bool aux = false;        // there is an auxiliary loss
  Scalar factor = 0, aux_factor = 0;
  TopKSlots<Scalar> slots, aux_slots;
  SparseCodes<Scalar> codes;
  // What earlier batches taught; changes no bit of a result.
  Scalar hint = 0;
  CodeScreen<Scalar> screen, aux_screen;
  EntriesByUnit<Scalar> entries, aux_entries;
  Scratch<Scalar> centred_room, residual, left, back, aux_back, dead_encoder, dead_bias, hints;
  Scratch<double> squares, residual_sums, centred_sums;
  Scratch<std::int32_t> dead;
  Scratch<std::uint8_t> state_of_unit;
  Scratch<Scalar> bias_gradient, strips, gradient_room;

  enum UnitState : std::uint8_t { Silent, Fired, Dead };

  explicit Work(const TopKStepOptions& o) : options(o) {}

  [[nodiscard]] Scalar* residual_rows() { return residual.get(N * d); }

  void main_codes(const TopKState<Scalar>& state, const ConstView<Scalar>& X, ThreadPool& pool);
  Index find_dead(const TopKState<Scalar>& state);
  double aux_codes(const TopKState<Scalar>& state, Index dead_units, ThreadPool& pool);
  void sort(ThreadPool& pool);

  // Terms of the gradient of unit j.
  struct UnitTerms {
    const EntriesByUnit<Scalar>& entries;
    Rows<Scalar> residual;
    Scalar factor;
    Index first, count;
  };
  UnitTerms terms_of(Index j) {
    const bool is_dead = aux && state_of_unit.get(m)[j] == Dead;
    const EntriesByUnit<Scalar>& e = is_dead ? aux_entries : entries;
    return {e, rows_at<Scalar>(is_dead ? left.get(N * d) : residual.get(N * d), d),
            is_dead ? aux_factor : factor, e.offset[j], e.offset[j + 1] - e.offset[j]};
  }

  template <typename UseUnit>
  void for_each_unit(const model::TopKAutoencoder<Scalar>& w, ThreadPool& pool, UseUnit&& use);
  void decoder_bias_gradient(Index strips_used, Scalar* out);
};

// Codes, residuals and ⟨d_j, e⟩ of the batch.
template <std::floating_point Scalar>
void TopKStep<Scalar>::Work::main_codes(const TopKState<Scalar>& state, const ConstView<Scalar>& X,
                                        ThreadPool& pool) {
  const auto& w = state.weights;
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Rows<Scalar> D = rows_of<Scalar>(w.decoder_rows());
  slots.resize(N, std::min(options.k, m));
  Scalar* room = w.decoder_bias.size() > 0 ? centred_room.get(N * d) : nullptr;
  centred = room != nullptr ? rows_at<Scalar>(room, d) : rows_of<Scalar>(X);
  Scalar* R = residual_rows();
  Scalar* back_of = back.get(N * slots.width);
  double* squares_of = squares.get(2 * N);
  screen.prepare(w.encoder, data_or_null(w.encoder_bias), largest_positive<Scalar>(slots.width), N,
                 topk_products<Scalar>(N, m, d, slots.width), pool);
  parallel_for(pool, N, screen.block(), [&](Index begin, Index end) {
    const auto decode_row = [&](Index row_of_block, const RowCodes<Scalar>& row) {
      const Index s = begin + row_of_block;
      slots.set(s, row);
      const Index at = s * slots.width;
      const Terms<Scalar> terms{slots.index + at, slots.value + at, nullptr, slots.count[s]};
      const Scalar* x = centred[s];
      squares_of[s] = kernels.residual(x, D, terms, R + s * d);
      squares_of[N + s] = sum_of_squares(x, d);
      kernels.dots(R + s * d, D, terms.row, terms.count, back_of + at);
    };
    // While the rows that were rescored are in the cache.
    screen.codes(centre<Scalar>(X, w.decoder_bias, begin, end, room), hint, decode_row);
  });
  hint = next_hint(slots.floor, N, hints.get(N));
  codes.offset.assign(1, 0);
  codes.index.clear();
  codes.value.clear();
  codes.atoms = m;
  append(slots, N, codes);
}

// Which units are dead after this batch, ascending; returns how many.
template <std::floating_point Scalar>
Index TopKStep<Scalar>::Work::find_dead(const TopKState<Scalar>& state) {
  std::uint8_t* unit = state_of_unit.get(m);
  std::fill(unit, unit + m, Silent);
  for (const std::int32_t j : codes.index) unit[j] = Fired;
  std::int32_t* list = dead.get(m);
  Index count = 0;
  for (Index j = 0; j < m; ++j) {
    if (unit[j] == Fired) continue;
    if (state.silent[static_cast<std::size_t>(j)] + N <= options.dead_after) continue;
    unit[j] = Dead;
    list[count++] = static_cast<std::int32_t>(j);
  }
  return count;
}

// Codes of the dead units, what they leave of the residuals, and ⟨d_j, e − ê⟩. Returns Σ‖e − ê‖².
template <std::floating_point Scalar>
double TopKStep<Scalar>::Work::aux_codes(const TopKState<Scalar>& state, Index dead_units,
                                         ThreadPool& pool) {
  const auto& w = state.weights;
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Rows<Scalar> D = rows_of<Scalar>(w.decoder_rows());
  const std::int32_t* units = dead.get(m);
  Scalar* encoder = dead_encoder.get(m * d);
  const bool has_bias = w.encoder_bias.size() > 0;
  Scalar* bias = has_bias ? dead_bias.get(m) : nullptr;
  parallel_for(pool, dead_units, kStrip, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      std::copy_n(w.encoder.row(units[i]).data(), d, encoder + i * d);
      if (has_bias) bias[i] = w.encoder_bias[units[i]];
    }
  });
  const Index k = std::min(aux_units(options, d), dead_units);
  aux_slots.resize(N, k);
  const Eigen::Map<const MatrixOf<Scalar>> rows(encoder, dead_units, d);
  aux_screen.prepare(rows, bias, largest_positive<Scalar>(k), N,
                     topk_products<Scalar>(N, dead_units, d, k), pool);
  Scalar* R = residual_rows();
  Scalar* L = left.get(N * d);
  Scalar* back_of = aux_back.get(N * k);
  double* squares_of = squares.get(2 * N);
  parallel_for(pool, N, aux_screen.block(), [&](Index begin, Index end) {
    const Eigen::Map<const MatrixOf<Scalar>, 0, Eigen::OuterStride<>> x(
        centred[begin], end - begin, d, Eigen::OuterStride<>(centred.stride));
    aux_screen.codes(x, 0, [&](Index row_of_block, const RowCodes<Scalar>& row) {
      const Index s = begin + row_of_block, at = s * k;
      for (Index e = 0; e < row.count; ++e) row.index[e] = units[row.index[e]];
      aux_slots.set(s, row);
      const Terms<Scalar> terms{aux_slots.index + at, aux_slots.value + at, nullptr,
                                aux_slots.count[s]};
      squares_of[s] = kernels.residual(R + s * d, D, terms, L + s * d);
      kernels.dots(L + s * d, D, terms.row, terms.count, back_of + at);
    });
  });
  return sum_of(squares_of, N);
}

template <std::floating_point Scalar>
void TopKStep<Scalar>::Work::sort(ThreadPool& pool) {
  entries.sort(slots, N, back.get(N * slots.width), m, pool);
  if (aux) aux_entries.sort(aux_slots, N, aux_back.get(N * aux_slots.width), m, pool);
}

// Gradients of all units: use(j, of E or of both if tied, of D). Also db, and Eᵀ db in strips, from
// the weights before they are used.
template <std::floating_point Scalar>
template <typename UseUnit>
void TopKStep<Scalar>::Work::for_each_unit(const model::TopKAutoencoder<Scalar>& w,
                                           ThreadPool& pool, UseUnit&& use) {
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Rows<Scalar> E = rows_of<Scalar>(w.encoder);
  const Index count = num_blocks(m, kStrip);
  Scalar* db = bias_gradient.get(m);
  Scalar* strip_rows = strips.get(count * d);
  Scalar* rooms = gradient_room.get(count * 2 * d);
  parallel_for(pool, m, kStrip, [&](Index begin, Index end) {
    std::int32_t unit[kStrip];
    for (Index j = begin; j < end; ++j) {
      const UnitTerms t = terms_of(j);
      double sum = 0.0;
      for (Index e = t.first; e < t.first + t.count; ++e) {
        sum += static_cast<double>(t.entries.back[e]);
      }
      db[j] = static_cast<Scalar>(static_cast<double>(t.factor) * sum);
      unit[j - begin] = static_cast<std::int32_t>(j);
    }
    if (w.decoder_bias.size() > 0) {
      const Terms<Scalar> all{unit, db + begin, nullptr, end - begin};
      kernels.combine(E, E, all, Scalar{1}, false, strip_rows + begin / kStrip * d);
    }
    Scalar* gE = rooms + begin / kStrip * 2 * d;
    Scalar* gD = gE + d;
    for (Index j = begin; j < end; ++j) {
      const UnitTerms t = terms_of(j);
      const std::int32_t* sample = t.entries.sample + t.first;
      const Scalar *value = t.entries.value + t.first, *g = t.entries.back + t.first;
      if (w.tied()) {
        kernels.combine(t.residual, centred, {sample, value, g, t.count}, t.factor, false, gE);
      } else {
        kernels.combine(centred, centred, {sample, g, nullptr, t.count}, t.factor, false, gE);
        kernels.combine(t.residual, t.residual, {sample, value, nullptr, t.count}, t.factor, false,
                        gD);
      }
      use(j, gE, gD);
    }
  });
}

// −(1/N) Σ e − Eᵀ db.
template <std::floating_point Scalar>
void TopKStep<Scalar>::Work::decoder_bias_gradient(Index strips_used, Scalar* out) {
  const double* sums = residual_sums.get(d);
  const Scalar* rows = strips.get(strips_used * d);
  for (Index i = 0; i < d; ++i) {
    double sum = sums[i] / static_cast<double>(N);
    for (Index strip = 0; strip < strips_used; ++strip) {
      sum += static_cast<double>(rows[strip * d + i]);
    }
    out[i] = static_cast<Scalar>(-sum);
  }
}

template <std::floating_point Scalar>
TopKState<Scalar> topk_state(model::TopKAutoencoder<Scalar> start, const TopKStepOptions& options) {
  constexpr std::string_view where = "ops::topk_state";
  check_options(options, where);
  model::check_shapes(start, where);
  TopKState<Scalar> state;
  if (options.unit_decoder) {
    const bool same = !start.tied() && start.encoder == start.decoder;
    auto& D = start.tied() ? start.encoder : start.decoder;
    for (Index j = 0; j < D.rows(); ++j) {
      const Scalar norm = D.row(j).norm();
      if (norm > 0 && std::isfinite(norm)) D.row(j) /= norm;
    }
    if (same) start.encoder = start.decoder;
  }
  state.silent.assign(static_cast<std::size_t>(start.units()), 0);
  if (options.optimizer == TopKOptimizer::Adam) {
    state.first = zeros_like(start);
    state.second = zeros_like(start);
  }
  state.weights = std::move(start);
  return state;
}

template <std::floating_point Scalar>
TopKStep<Scalar>::TopKStep(const TopKStepOptions& options)
    : work_(std::make_unique<Work>(options)) {
  check_options(options, "ops::TopKStep");
}

template <std::floating_point Scalar>
TopKStep<Scalar>::~TopKStep() = default;
template <std::floating_point Scalar>
TopKStep<Scalar>::TopKStep(TopKStep&&) noexcept = default;
template <std::floating_point Scalar>
TopKStep<Scalar>& TopKStep<Scalar>::operator=(TopKStep&&) noexcept = default;

template <std::floating_point Scalar>
const SparseCodes<Scalar>& TopKStep<Scalar>::codes() const noexcept {
  return work_->codes;
}

template <std::floating_point Scalar>
TopKBatch TopKStep<Scalar>::forward(const TopKState<Scalar>& state,
                                    std::type_identity_t<ConstView<Scalar>> X, ThreadPool& pool) {
  constexpr std::string_view where = "ops::TopKStep::forward";
  Work& work = *work_;
  check_state(state, work.options, where);
  check_samples<Scalar>(X, state.weights, where);
  check_atoms<Scalar>(X, state.weights.encoder, where);
  require(X.rows() >= 1, where, "the batch is empty");
  const Index N = X.rows(), d = X.cols();
  work.N = N;
  work.d = d;
  work.m = state.weights.units();
  work.main_codes(state, X, pool);
  const auto n = static_cast<double>(N);
  const double squares = sum_of(work.squares.get(2 * N), N);
  double* sums = work.centred_sums.get(d);
  column_sums(work.centred, N, sums, pool);
  const double S_x = scatter(sum_of(work.squares.get(2 * N) + N, N), sum_of_squares(sums, d), N);
  sums = work.residual_sums.get(d);
  column_sums(rows_at<Scalar>(work.residual_rows(), d), N, sums, pool);
  const double S_e = scatter(squares, sum_of_squares(sums, d), N);

  TopKBatch batch{.loss = squares / (2 * n),
                  .explained_variance = S_x > 0 ? 1 - squares / S_x : 0,
                  .active = static_cast<double>(work.codes.size()) / n,
                  .dead = work.find_dead(state)};
  work.factor = static_cast<Scalar>(-1 / n);
  work.aux = work.options.aux_weight > 0 && batch.dead > 0 && S_e > 0;
  if (work.aux) {
    batch.aux_loss = S_x / S_e * work.aux_codes(state, batch.dead, pool) / (2 * n);
    work.aux_factor = static_cast<Scalar>(-work.options.aux_weight * S_x / S_e / n);
  }
  return batch;
}

template <std::floating_point Scalar>
void TopKStep<Scalar>::update(TopKState<Scalar>& state, double step, ThreadPool& pool) {
  constexpr std::string_view where = "ops::TopKStep::update";
  Work& work = *work_;
  check_state(state, work.options, where);
  require(work.m == state.weights.units() && work.d == state.weights.dimension(), where,
          "forward must come before, with this state");
  require(step >= 0 && std::isfinite(step), where,
          fmt::format("step must be finite and >= 0, got {}", step));
  const Index m = work.m, d = work.d;
  const TopKRates<Scalar> rates(work.options, step, state.steps + 1);
  const auto row = [&](MatrixOf<Scalar>& rows, Index j) {
    return rows.size() > 0 ? rows.data() + j * d : nullptr;
  };
  auto &w = state.weights, &p = state.first, &q = state.second;
  work.sort(pool);
  work.for_each_unit(w, pool, [&](Index j, Scalar* gE, Scalar* gD) {
    Scalar* e = row(w.encoder, j);
    Scalar* D = w.tied() ? e : row(w.decoder, j);
    if (work.options.unit_decoder) remove_along(D, w.tied() ? gE : gD, d);
    move_weights(rates, gE, row(p.encoder, j), row(q.encoder, j), e, d);
    if (!w.tied()) move_weights(rates, gD, row(p.decoder, j), row(q.decoder, j), D, d);
    if (work.options.unit_decoder) normalise(D, d);
  });
  if (w.encoder_bias.size() > 0) {
    move_weights(rates, work.bias_gradient.get(m), p.encoder_bias.data(), q.encoder_bias.data(),
                 w.encoder_bias.data(), m);
  }
  if (w.decoder_bias.size() > 0) {
    Scalar* gradient = work.gradient_room.get(d);
    work.decoder_bias_gradient(num_blocks(m, kStrip), gradient);
    move_weights(rates, gradient, p.decoder_bias.data(), q.decoder_bias.data(),
                 w.decoder_bias.data(), d);
  }
  ++state.steps;
  const std::uint8_t* unit = work.state_of_unit.get(m);
  for (Index j = 0; j < m; ++j) {
    std::int64_t& silent = state.silent[static_cast<std::size_t>(j)];
    silent = unit[j] == Work::Fired ? 0 : silent + work.N;
  }
}

template <std::floating_point Scalar>
void TopKStep<Scalar>::gradient(const TopKState<Scalar>& state, model::TopKAutoencoder<Scalar>& out,
                                ThreadPool& pool) {
  Work& work = *work_;
  const auto& w = state.weights;
  require(work.m == w.units() && work.d == w.dimension(), "ops::TopKStep::gradient",
          "forward must come before, with this state");
  const Index m = work.m, d = work.d;
  out = zeros_like(w);
  work.sort(pool);
  work.for_each_unit(w, pool, [&](Index j, const Scalar* gE, const Scalar* gD) {
    std::copy_n(gE, d, out.encoder.row(j).data());
    if (!w.tied()) std::copy_n(gD, d, out.decoder.row(j).data());
  });
  if (w.encoder_bias.size() > 0) std::copy_n(work.bias_gradient.get(m), m, out.encoder_bias.data());
  if (w.decoder_bias.size() > 0) {
    work.decoder_bias_gradient(num_blocks(m, kStrip), out.decoder_bias.data());
  }
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                              \
  template TopKState<Scalar> topk_state(model::TopKAutoencoder<Scalar>, const TopKStepOptions&); \
  template class TopKStep<Scalar>;
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
