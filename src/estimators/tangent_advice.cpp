#include "twofold/estimators/tangent_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "coincident_rows.hpp"
#include "tangent_spectra.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_stopping.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::tangent_advice";
constexpr std::array<double, 7> kRatios{0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0};
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

// Whether all of the spectrum is computed; throws if not even a part of it can be.
bool choose_whole(Index n, Index d, const TangentAdviceOptions& o) {
  const auto rows = static_cast<double>(n);
  if (o.gram.empty() && n <= o.whole_rows && 64.0 * rows * rows <= o.memory_limit) return true;
  if (!o.gram.empty()) return false;
  const double needed = memory_of_many(n, d, many_products(o));
  if (needed <= o.memory_limit) return false;
  throw InvalidArgument(
      kWhere,
      fmt::format("{} rows need {} of memory, and {} are allowed: name a file for the "
                  "kernel (--gram FILE.npy, {} of disk), allow more (--memory-limit), or "
                  "look at fewer rows (--rows)",
                  n, size_word(needed), size_word(o.memory_limit), size_word(4.0 * rows * rows)));
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

StoppingAdvice stopping_of(const TangentModeAdvice& mode, const Matrix& X,
                           const theory::TangentKernels& kernels,
                           const TangentAdviceOptions& options, ThreadPool& pool) {
  const theory::StoppingTime time =
      theory::stopping_time(pool, X, theory::combine(kernels, mode.rates), mode.steps.practical,
                            {.folds = std::min(options.folds, X.rows())});
  const double energy = X.squaredNorm() / static_cast<double>(X.rows());
  return {mode.name, mode.steps.practical, time.steps, time.error / energy,
          time.interpolation / energy};
}

// Early stopping and rates, on the first rows alone.
void study(TangentAdvice& advice, const Matrix& X, const TangentAdviceOptions& options,
           ThreadPool& pool, Observer& observer) {
  if (!(X.squaredNorm() > 0.0)) return;
  advice.studied = X.rows();
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, X);
  for (const double ratio : kRatios) {
    check_stop(observer);
    const auto done = static_cast<std::int64_t>(advice.rates.size());
    observer.progress({.stage = "early stopping, rates", .done = done, .total = kRatios.size()});
    const std::string name = ratio == 0.0 ? "weak" : "joint";
    const TangentModeAdvice mode = whole_mode(name, {1.0, ratio}, X, kernels, options.target);
    advice.rates.push_back({ratio, mode.largest / mode.smallest, mode.steps_to_target});
    if ((ratio == 0.0 || ratio == 1.0) && X.rows() >= 2) {
      advice.stopping.push_back(stopping_of(mode, X, kernels, options, pool));
    }
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
  advice.identity_width = std::ceil(2.0 * advice.tying.back().start.loss * neurons / target);
}

std::vector<TangentModeAdvice> whole_modes(const Matrix& X, const TangentAdviceOptions& options,
                                           ThreadPool& pool, Observer& observer) {
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, X);
  std::vector<TangentModeAdvice> modes;
  for (const auto& [name, rates] : {std::pair{"weak", theory::kWeak},
                                    {"decoder", theory::kDecoderOnly},
                                    {"joint", theory::kJoint}}) {
    check_stop(observer);
    observer.progress({.stage = "spectra", .done = std::ssize(modes), .total = 3});
    modes.push_back(whole_mode(name, rates, X, kernels, options.target));
  }
  return modes;
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
  advice.whole_spectrum = choose_whole(advice.rows, advice.dimension, options);
  Matrix X(advice.rows, advice.dimension);
  rows.read(0, View<double>(X));
  check_stop(observer);
  if (!advice.whole_spectrum) {  // else it takes no time
    observer.message(Severity::Info, fmt::format("comparing {} rows with each other", advice.rows));
  }
  advice.start_loss = 0.5 * X.squaredNorm();
  advice.zero_rows = zero_rows(X, options.closest);
  if (!(advice.start_loss > 0.0)) {
    throw DataError(kWhere, fmt::format("{}: all {} rows are 0; nothing can be learned from them",
                                        rows.description(), advice.rows));
  }
  advice.samples = theory::sample_report(pool, X, {.closest = options.closest});
  advice.coincident = coincident_rows(X, options.closest, options.seed);
  const Matrix head = X.topRows(std::min(advice.rows, options.study_rows));
  const auto n = static_cast<double>(advice.rows);
  if (advice.whole_spectrum) {
    advice.gram_bytes = 8.0 * n * n;
    advice.modes = whole_modes(X, options, pool, observer);
  } else {
    advice.gram_bytes = 4.0 * n * n;
    advice.products = many_products(options);
    const MatrixF single = X.cast<float>();
    X.resize(0, 0);
    advice.modes = modes_of_many(single, options, pool, observer);
  }
  add_widths(advice, options.tolerance);
  study(advice, head, options, pool, observer);
  add_tying(advice, options.target);
  return advice;
}

}  // namespace twofold::estimators
