// Kernels of more rows than fit in memory: few products, each computing them anew.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <tuple>

#include "tangent_spectra.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

namespace twofold::estimators {
namespace {

constexpr int kProducts = 20;
constexpr Index kDirections = 2, kStarts = kDirections + 2;
constexpr Index kKernels = 2;
constexpr Index kMostSampled = 15'000, kLeastSampled = 500;  // rows that steps are computed for

// Directions of the rows, where weak training is fastest; their norms, the constant mode of the
// decoder; and a random column for what neither of them sees.
Matrix ends_columns(const MatrixF& X, std::uint64_t seed, ThreadPool& pool) {
  const Matrix seen = images(pool, X, leading_directions(pool, X, kDirections, seed));
  Matrix starts = Matrix::Zero(X.rows(), kStarts);
  starts.leftCols(seen.cols()) = seen;
  starts.col(kDirections) = X.rowwise().norm().cast<double>();
  starts.col(kDirections + 1) = random_column(X.rows(), seed);
  return starts;
}

std::vector<TangentModeAdvice> ends_of(const MatrixF& X, const TangentAdviceOptions& options,
                                       ThreadPool& pool, Observer& observer) {
  const int most = options.products > 0 ? options.products : kProducts;
  const std::int64_t pieces = most * num_blocks(X.rows(), theory::kOperatorRows);
  std::int64_t done = 0;
  const SymmetricOperator kernels = theory::tangent_operator<float>(
      pool, X, {theory::kWeak, theory::kJoint},
      [&] {
        check_stop(observer);
        observer.progress({.stage = "λ_max: products with both kernels, at most",
                           .done = done++,
                           .total = pieces});
      },
      options.float_products);
  const Matrix starts = ends_columns(X, options.seed, pool);
  Matrix both(X.rows(), kKernels * kStarts);
  both << starts, starts;
  ColumnLanczos lanczos(std::move(both));
  for (;;) {
    const bool more = lanczos.advance(kernels) && lanczos.steps() < most;
    std::vector<TangentModeAdvice> modes;
    bool accurate = true;
    for (const auto& [name, rates, first] :
         {std::tuple{"weak", theory::kWeak, Index{0}}, {"joint", theory::kJoint, kStarts}}) {
      const SpectrumEnds all = lanczos.ends(first, kStarts);
      modes.push_back(mode_of_ends(name, rates, X, options.float_products, all,
                                   lanczos.ends(first, kDirections)));
      modes.back().products = lanczos.steps();
      accurate = accurate && all.largest_error <= kLanczosTolerance * all.largest;
    }
    if (accurate || !more) return modes;
  }
}

// Taken evenly, because files are often sorted.
MatrixF every_so_many(const MatrixF& X, Index count) {
  MatrixF rows(count, X.cols());
  for (Index k = 0; k < count; ++k) rows.row(k) = X.row(k * X.rows() / count);
  return rows;
}

// Steps of one mode for a few sizes, the largest last.
struct Growth {
  double largest = 0.0;
  std::array<std::optional<double>, 3> steps;
};

// ln(steps) against ln(rows), through three sizes that double: steps grow with the number of rows,
// the slower the more there are. The parabola through all three, up to its top, and the straight
// line from the larger two are taken for the extremes; the answer is half way between.
void extrapolate(const Growth& growth, double n, TangentModeAdvice& mode) {
  mode.steps_kind = StepsKind::Extrapolated;
  const auto& [a, b, c] = growth.steps;
  if (!a || !b || !c || !(*a > 0.0)) return;
  const double before = std::log2(*b / *a), slope = std::max(std::log2(*c / *b), 0.0);
  const double bend = std::max(before - slope, 0.0);
  const double doublings = std::log2(n / growth.largest);
  const double top = bend > 0.0 ? std::max(slope / bend - 0.5, 0.0) : doublings;
  const double reach = std::min(doublings, top);
  const double least = slope * reach - 0.5 * bend * reach * (reach + 1.0);
  const double most = slope * doublings;
  mode.steps_to_target = std::ceil(*c * std::exp2(0.5 * (least + most)));
  mode.steps_error = std::exp2(0.5 * (most - least)) - 1.0;
}

// What all rows take while none of them is in use: they are kept in floats.
double kept_memory(Index n, Index d) {
  return 4.0 * static_cast<double>(n) * static_cast<double>(d);
}

}  // namespace

Index sampled_rows(Index n, Index d, const TangentAdviceOptions& options) {
  const double limit = options.memory_limit - kept_memory(n, d);
  Index rows = std::min(kMostSampled, n);
  while (rows > kLeastSampled && stored_memory(rows, d, options.float_products) > limit) {
    rows = std::max(rows / 2, kLeastSampled);
  }
  return rows;
}

double streamed_memory(Index n, Index d, FloatProducts products) {
  const auto rows = static_cast<double>(n);
  const double vectors = 8.0 * rows * static_cast<double>(kKernels * kStarts) * 5.0;
  const double kept = kept_memory(n, d);
  return std::max({3.0 * kept, kept + theory::unit_rows_memory<float>(n, d, products) + vectors,
                   kept + stored_memory(std::min(n, kLeastSampled), d, products)});
}

std::vector<TangentModeAdvice> streamed_modes(const MatrixF& X, const TangentAdviceOptions& options,
                                              ThreadPool& pool, Observer& observer) {
  observer.message(Severity::Info,
                   fmt::format("λ_max of {} rows; the kernel does not fit in memory", X.rows()));
  std::vector<TangentModeAdvice> modes = ends_of(X, options, pool, observer);
  std::array<Growth, kKernels> growth;
  Index size = sampled_rows(X.rows(), X.cols(), options);
  for (Growth& mode : growth) mode.largest = static_cast<double>(size);
  for (std::size_t k = 3; k-- > 0; size /= 2) {
    const auto sample = stored_modes(every_so_many(X, size), options, pool, observer);
    for (std::size_t m = 0; m < growth.size(); ++m) growth[m].steps[k] = sample[m].steps_to_target;
  }
  for (std::size_t m = 0; m < growth.size(); ++m) {
    extrapolate(growth[m], static_cast<double>(X.rows()), modes[m]);
  }
  return modes;
}

}  // namespace twofold::estimators
