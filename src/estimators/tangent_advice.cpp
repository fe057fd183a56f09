#include "twofold/estimators/tangent_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "coincident_rows.hpp"
#include "tangent_spectra.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/npy_matrix_writer.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"
#include "twofold/theory/tangent_kernel_stopping.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::tangent_advice";
constexpr std::array<double, 7> kRatios{0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0};
constexpr double kShare = 0.8;  // of the memory that is left, for what is written at once
constexpr double kErrorOfFlips = 2.0;
constexpr double kMostNeurons = 1e15;
constexpr double kAffordable = 1.1;  // steps that a larger rate of the decoder may cost

void check_options(const TangentAdviceOptions& o) {
  require(o.target > 0.0 && o.target < 1.0, kWhere,
          fmt::format("target must be in (0, 1), got {}", o.target));
  require(o.tolerance > 0.0 && o.tolerance <= 1.0, kWhere,
          fmt::format("tolerance must be in (0, 1], got {}", o.tolerance));
  require(
      o.whole_rows >= 0 && o.closest >= 0, kWhere,
      fmt::format("whole_rows and closest must be >= 0, got {} and {}", o.whole_rows, o.closest));
  require(o.study_rows >= 2 && o.folds >= 2, kWhere,
          fmt::format("study_rows and folds must be >= 2, got {} and {}", o.study_rows, o.folds));
  require(o.products == 0 || o.products >= 2, kWhere,
          fmt::format("products must be 0 or >= 2, got {}", o.products));
  require(o.memory_limit > 0.0, kWhere,
          fmt::format("memory_limit must be > 0, got {}", o.memory_limit));
}

std::string size_word(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", 1e-9 * bytes);
  return fmt::format("{:.3g} MB", 1e-6 * bytes);
}

enum class Way { Whole, Stored, Streamed };

// What the memory allows for; throws if for none.
Way choose_way(Index n, Index d, const TangentAdviceOptions& o) {
  if (n <= o.whole_rows && whole_memory(n, n <= o.study_rows) <= o.memory_limit) return Way::Whole;
  if (stored_memory(n, d, o.float_products) <= o.memory_limit) return Way::Stored;
  const double needed = streamed_memory(n, d, o.float_products);
  if (needed <= o.memory_limit) return Way::Streamed;
  throw InvalidArgument(
      kWhere, fmt::format("{} rows need {} of memory, and {} are allowed: allow more "
                          "(--memory-limit) or look at fewer rows (--rows)",
                          n, size_word(std::min(needed, stored_memory(n, d, o.float_products))),
                          size_word(o.memory_limit)));
}

// Reserves the disk space; empty if no file is wanted.
std::unique_ptr<data::NpyMatrixWriter<float>> open_gram(Index n, Index d,
                                                        const TangentAdviceOptions& o,
                                                        int threads) {
  if (o.gram.empty()) return nullptr;
  const double size = static_cast<double>(n) * static_cast<double>(d);
  const double needed =
      4.0 * size + theory::written_gram_memory<float>(n, d, threads, o.float_products) / kShare;
  require(needed <= o.memory_limit, kWhere,
          fmt::format("the kernel of {} rows needs {} of memory to be written, and {} are allowed: "
                      "allow more (--memory-limit), look at fewer rows (--rows) or leave out "
                      "the file (--gram)",
                      n, size_word(needed), size_word(o.memory_limit)));
  return std::make_unique<data::NpyMatrixWriter<float>>(o.gram, n, n);
}

std::vector<Index> zero_rows(const Matrix& X, Index most) {
  std::vector<Index> rows;
  for (Index i = 0; i < X.rows() && static_cast<Index>(rows.size()) < most; ++i) {
    if (X.row(i).isZero(0.0)) rows.push_back(i);
  }
  return rows;
}

void add_widths(TangentAdvice& advice, double tolerance) {
  for (TangentModeAdvice& mode : advice.modes) {
    mode.structural_width = theory::structural_width(advice.rows, mode.rates);
    mode.width = theory::practical_width(advice.rows, mode.rates, tolerance);
  }
}

// The rule behind practical_width is of random rows; `miss`, of the kernel at the start, is of
// these. Images turn many more neurons to the other side on the way than random rows do; as long as
// few of them turn, the error is one to two times their fraction.
void widen(TangentAdvice& advice, const TangentModeAdvice& studied, double flips,
           std::optional<double> miss, double tolerance) {
  const auto found = std::ranges::find(advice.modes, studied.name, &TangentModeAdvice::name);
  if (miss) found->width = found->structural_width;
  const double error = std::max(kErrorOfFlips * flips, miss.value_or(0.0));
  const double neurons = std::ceil(std::pow(error / tolerance, 2.0));
  found->width = std::max(found->width, static_cast<Index>(std::min(neurons, kMostNeurons)));
  found->width_bound = advice.studied < advice.rows;
}

StoppingAdvice stopping_of(const TangentModeAdvice& mode, const Matrix& X,
                           const theory::TangentKernels& kernels,
                           const TangentAdviceOptions& options, ThreadPool& pool) {
  const theory::StoppingTime time = theory::stopping_time(
      pool, X, theory::combine(kernels, mode.rates), mode.steps.practical,
      {.folds = std::min(options.folds, X.rows()), .smallest = mode.smallest});
  const double energy = X.squaredNorm() / static_cast<double>(X.rows());
  return {mode.name, mode.steps.practical, time.steps, time.error / energy,
          time.interpolation / energy};
}

const WholeMode* find_mode(const std::vector<WholeMode>& modes, const std::string& name) {
  const auto found =
      std::ranges::find_if(modes, [&](const WholeMode& m) { return m.advice.name == name; });
  return found == modes.end() ? nullptr : &*found;
}

// Early stopping and rates, on the first rows alone; `known` are modes of all of these.
void study(TangentAdvice& advice, const Matrix& X, const std::vector<WholeMode>& known,
           const TangentAdviceOptions& options, ThreadPool& pool, Observer& observer) {
  if (!(X.squaredNorm() > 0.0)) return;
  advice.studied = X.rows();
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, X);
  for (const double ratio : kRatios) {
    check_stop(observer);
    const auto done = static_cast<std::int64_t>(advice.rates.size());
    observer.progress({.stage = "early stopping, rates", .done = done, .total = kRatios.size()});
    const std::string name = ratio == 0.0 ? "weak" : "joint";
    const bool named = ratio == 0.0 || ratio == 1.0;
    const WholeMode* const before = named ? find_mode(known, name) : nullptr;
    std::optional<WholeMode> computed;
    const WholeMode& mode =
        before ? *before
               : computed.emplace(whole_mode(name, {1.0, ratio}, X, kernels, options.target));
    const TangentModeAdvice& found = mode.advice;
    advice.rates.push_back({ratio, found.largest / found.smallest, found.steps_to_target});
    if (!named) continue;
    widen(advice, found, flips_of(mode, X, kernels), miss_of(mode, X, pool), options.tolerance);
    if (X.rows() >= 2) {
      advice.stopping.push_back(stopping_of(found, X, kernels, options, pool));
    }
  }
  if (const WholeMode* const decoder = find_mode(known, "decoder")) {
    // Without an encoder that moves, no neuron changes side.
    widen(advice, decoder->advice, 0.0, miss_of(*decoder, X, pool), options.tolerance);
  }
  const std::optional<double> fewest = advice.rates.front().steps_to_target;
  for (const RateAdvice& rate : advice.rates) {
    if (fewest && rate.steps_to_target && *rate.steps_to_target <= kAffordable * *fewest) {
      advice.best_ratio = rate.ratio;
    }
  }
}

void add_tying(TangentAdvice& advice, double target) {
  const Index N = advice.mode("joint").width, d = advice.dimension;
  const auto neurons = static_cast<double>(N);
  const double root = std::sqrt(neurons * static_cast<double>(d));
  for (const auto& [name, divisor, variance] :
       {std::tuple{"mean_field, init_scale 1", neurons, 1.0},
        {"standard, init_scale 1", root, 1.0},
        {"mean_field, init_scale √2", neurons, 2.0}}) {
    const theory::TiedScaling scaling{N, d, divisor, variance};
    advice.tying.push_back({name, scaling, theory::tied_start(scaling)});
  }
  // At v = 2 the mean output is the input; what is left falls like 1/N.
  const double width = 2.0 * advice.tying.back().start.loss * neurons / target;
  advice.identity_width = std::ceil(width * (1.0 - 1e-12));  // not one more by rounding
}

std::vector<WholeMode> whole_modes(const Matrix& X, const TangentAdviceOptions& options,
                                   ThreadPool& pool, Observer& observer) {
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, X);
  std::vector<WholeMode> modes;
  for (const auto& [name, rates] : {std::pair{"weak", theory::kWeak},
                                    {"decoder", theory::kDecoderOnly},
                                    {"joint", theory::kJoint}}) {
    check_stop(observer);
    observer.progress({.stage = "spectra", .done = std::ssize(modes), .total = 3});
    modes.push_back(whole_mode(name, rates, X, kernels, options.target));
    if (X.rows() > options.study_rows) modes.back().spectrum = {};  // of no further use
  }
  return modes;
}

void describe_rows(TangentAdvice& advice, const Matrix& X, const data::Source& rows,
                   const TangentAdviceOptions& options, ThreadPool& pool, Observer& observer) {
  advice.start_loss = 0.5 * X.squaredNorm();
  advice.zero_rows = zero_rows(X, options.closest);
  if (!(advice.start_loss > 0.0)) {
    throw DataError(kWhere, fmt::format("{}: all {} rows are 0; nothing can be learned from them",
                                        rows.description(), advice.rows));
  }
  const Vector sum = X.colwise().sum().transpose();
  advice.mean_share =
      sum.squaredNorm() / (2.0 * static_cast<double>(advice.rows) * advice.start_loss);
  if (advice.rows > options.whole_rows) {  // else it takes no time
    observer.message(Severity::Info, fmt::format("comparing {} rows with each other", advice.rows));
  }
  advice.samples = theory::sample_report(pool, X, {.closest = std::max<Index>(options.closest, 1)},
                                         [&] { check_stop(observer); });
  advice.coincident = coincident_rows(X, options.closest, options.seed);
}

// Two rows whose kernel is part of the whole: its λ_min is an upper bound. Empty where rows
// coincide or are 0: the least eigenvalue is 0 then, and the least above it bounded by no pair.
Matrix closest_pair(const Matrix& X, const theory::SampleReport& samples) {
  if (samples.copies + samples.scaled + samples.opposites + samples.zero_rows > 0) return {};
  if (samples.closest.empty()) return {};
  Matrix pair(2, X.cols());
  pair << X.row(samples.closest.front().first), X.row(samples.closest.front().second);
  return pair;
}

void bound_by_pair(TangentAdvice& advice, const Matrix& pair, double target, ThreadPool& pool) {
  if (pair.size() == 0) return;
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, pair);
  for (TangentModeAdvice& mode : advice.modes) {
    if (!mode.bound_only) continue;
    const double bound = whole_mode(mode.name, mode.rates, pair, kernels, target).advice.smallest;
    mode.smallest = std::min(mode.smallest, bound);
    mode.steps = theory::tangent_step_limits(mode.largest, mode.smallest);
  }
}

void describe_way(TangentAdvice& advice, Way way, const TangentAdviceOptions& options) {
  const auto n = static_cast<double>(advice.rows);
  advice.whole_spectrum = way == Way::Whole;
  if (way == Way::Whole) advice.gram_bytes = 8.0 * n * n;
  if (way == Way::Stored) advice.gram_bytes = 4.0 * n * n;
  if (way == Way::Streamed) {
    advice.sampled = sampled_rows(advice.rows, advice.dimension, options);
  }
}

void write_gram(const MatrixF& X, data::NpyMatrixWriter<float>& writer,
                const TangentAdviceOptions& options, ThreadPool& pool, Observer& observer) {
  observer.message(Severity::Info, fmt::format("writing the kernel of {} rows to {}", X.rows(),
                                               options.gram.string()));
  const double room = options.memory_limit - 4.0 * static_cast<double>(X.size());
  theory::write_tangent_gram<float>(
      pool, X, theory::kJoint, writer, kShare * room,
      [&](Index done) {
        check_stop(observer);
        observer.progress({.stage = "rows of the kernel", .done = done, .total = X.rows()});
      },
      options.float_products);
  writer.commit();
}

}  // namespace

const TangentModeAdvice& TangentAdvice::mode(const std::string& name) const {
  const auto found = std::ranges::find(modes, name, &TangentModeAdvice::name);
  require(found != modes.end(), "estimators::TangentAdvice::mode",
          fmt::format("there is no mode '{}' in this advice", name));
  return *found;
}

TangentAdvice tangent_advice(const data::Source& rows, const TangentAdviceOptions& options,
                             ThreadPool& pool, Observer& observer) {
  check_options(options);
  require(rows.size() != data::kUnlimited && rows.size() >= 1, kWhere,
          "needs a finite number of rows");
  TangentAdvice advice{.rows = static_cast<Index>(rows.size()), .dimension = rows.dimension()};
  const Way way = choose_way(advice.rows, advice.dimension, options);
  const auto gram = open_gram(advice.rows, advice.dimension, options, pool.size());
  Matrix X(advice.rows, advice.dimension);
  rows.read(0, View<double>(X));
  check_stop(observer);
  describe_rows(advice, X, rows, options, pool, observer);
  const Matrix head = X.topRows(std::min(advice.rows, options.study_rows));
  const Matrix pair = closest_pair(X, advice.samples);
  const MatrixF single = X.cast<float>();
  std::vector<WholeMode> whole;
  if (way == Way::Whole) whole = whole_modes(X, options, pool, observer);
  for (const WholeMode& mode : whole) advice.modes.push_back(mode.advice);
  if (advice.rows > options.study_rows) whole.clear();
  X.resize(0, 0);
  if (way == Way::Stored) advice.modes = stored_modes(single, options, pool, observer);
  if (way == Way::Streamed) advice.modes = streamed_modes(single, options, pool, observer);
  describe_way(advice, way, options);
  bound_by_pair(advice, pair, options.target, pool);
  add_widths(advice, options.tolerance);
  study(advice, head, whole, options, pool, observer);
  add_tying(advice, options.target);
  if (gram) write_gram(single, *gram, options, pool, observer);
  return advice;
}

}  // namespace twofold::estimators
