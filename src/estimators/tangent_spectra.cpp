#include "tangent_spectra.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/linalg/qr.hpp"
#include "twofold/theory/tangent_kernel_fluctuation.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"
#include "twofold/theory/tangent_kernel_movement.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::tangent_advice";
constexpr Index kLeading = 6, kMixtures = 2;  // columns that the quadrature starts from
// Of an entry of the kernel, per ‖x‖².
constexpr double kFloatAccuracy = 1e-6, kSplitAccuracy = 1e-5;
constexpr Index kRowBlock = 512;
constexpr int kRounds = 4;         // of orthogonal iteration
constexpr int kProducts = 150;     // with a kernel in memory
constexpr int kLookEvery = 5;      // products
constexpr double kSettled = 5e-3;  // relative change of the steps between two looks

[[noreturn]] void refuse_scale() {
  throw DataError(kWhere,
                  "the kernel of these rows overflows or cannot be decomposed; rescale them "
                  "(--transform unit_norm or unit_trace)");
}

// n×8 (fewer for small d): columns whose B Bᵀ is XXᵀ on average over the random signs, and exactly
// along the leading directions.
Matrix start_columns(const MatrixF& X, std::uint64_t seed, ThreadPool& pool) {
  Matrix directions = leading_directions(pool, X, kLeading, seed);
  const Index d = X.cols(), leading = directions.cols();
  if (d > leading) {
    const RandomStream signs(seed, "advice mixtures");
    Matrix mixtures(d, kMixtures);
    for (Index k = 0; k < mixtures.size(); ++k) {
      mixtures.data()[k] = signs.sign(static_cast<std::uint64_t>(k));
    }
    mixtures -= directions * (directions.transpose() * mixtures);
    directions.conservativeResize(d, leading + kMixtures);
    directions.rightCols(kMixtures) = mixtures / std::sqrt(static_cast<double>(kMixtures));
  }
  return images(pool, X, directions);
}

// What theory::LossCurve needs of a spectrum, with a node in the place of each eigenvalue.
theory::LossCurve curve_of(const SpectralQuadrature& quadrature, double dimension, double step) {
  const Index size = quadrature.nodes.size();
  theory::TangentSpectrum spectrum{quadrature.nodes / dimension, Matrix::Identity(size, size)};
  const double cut = theory::kNullShare * spectrum.values[0];
  spectrum.rank = (spectrum.values.array() > cut).count();
  spectrum.values.tail(size - spectrum.rank).setZero();
  return {spectrum, quadrature.weights.asDiagonal().toDenseMatrix(), step};
}

struct Problem {
  std::string name;
  theory::KernelRates rates;
};

// The last column is random and serves λ_max alone; all others add up to the loss.
TangentModeAdvice stored_mode(const Problem& problem, const SymmetricOperator& kernel,
                              const MatrixF& X, const Matrix& starts,
                              const TangentAdviceOptions& options, Observer& observer) {
  const std::string stage = fmt::format("{}: products with the kernel", problem.name);
  const int most = options.products > 0 ? options.products : kProducts;
  const Index seen = starts.cols() - 1;
  ColumnLanczos lanczos(starts);
  double before = 0.0;
  for (;;) {
    check_stop(observer);
    const bool more = lanczos.advance(kernel) && lanczos.steps() < most;
    observer.progress({.stage = stage, .done = lanczos.steps(), .total = most});
    if (more && lanczos.steps() % kLookEvery != 0) continue;
    const SpectrumEnds ends = lanczos.ends(0, starts.cols());
    TangentModeAdvice mode = mode_of_ends(problem.name, problem.rates, X, options.float_products,
                                          ends, lanczos.ends(0, seen));
    const theory::LossCurve curve =
        curve_of(lanczos.quadrature(0, seen), static_cast<double>(X.cols()), mode.steps.practical);
    mode.steps_to_target = curve.steps_to(options.target * curve.loss(0.0));
    mode.products = lanczos.steps();
    const double now = mode.steps_to_target.value_or(0.0);
    const bool settled = std::abs(now - before) <= kSettled * now + 1.0;
    if (!more || (settled && ends.largest_error <= kLanczosTolerance * ends.largest)) {
      mode.steps_kind = settled ? StepsKind::Computed : StepsKind::LowerBound;
      return mode;
    }
    before = now;
  }
}

}  // namespace

void check_stop(const Observer& observer) {
  if (const StopRequest request = observer.stop_requested(); request != StopRequest::None) {
    throw Stopped{request};
  }
}

WholeMode whole_mode(const std::string& name, const theory::KernelRates& rates,
                     const ConstView<double>& X, const theory::TangentKernels& kernels,
                     double target) {
  theory::TangentSpectrum spectrum =
      theory::tangent_spectrum(theory::combine(kernels, rates), X.cols());
  if (spectrum.status != SolveStatus::Converged || !(spectrum.largest() > 0.0)) refuse_scale();
  TangentModeAdvice mode{.name = name, .rates = rates};
  mode.largest = spectrum.largest();
  mode.smallest = spectrum.smallest();
  mode.rank = spectrum.rank;
  mode.steps = theory::tangent_step_limits(mode.largest, mode.smallest);
  const theory::LossCurve curve(spectrum, theory::silent_start(X), mode.steps.practical);
  mode.steps_to_target = curve.steps_to(target * curve.loss(0.0));
  return {std::move(mode), std::move(spectrum)};
}

double flips_of(const WholeMode& mode, const ConstView<double>& X,
                const theory::TangentKernels& kernels) {
  const double last = mode.advice.steps_to_target.value_or(std::numeric_limits<double>::infinity());
  const Matrix drive =
      theory::drive(mode.spectrum, theory::silent_start(X), mode.advice.steps.practical, last);
  return theory::flip_fraction(X, kernels, mode.advice.rates, drive, 1);
}

std::optional<double> miss_of(const WholeMode& mode, const ConstView<double>& X, ThreadPool& pool) {
  constexpr Index kMostRows = 300;  // more would take longer than everything else
  constexpr Index kDraws = 32;      // a standard error of 9 %
  constexpr double kMostSteps = 1e5;
  if (X.rows() > kMostRows) return std::nullopt;
  const TangentModeAdvice& advice = mode.advice;
  theory::FluctuationProblem problem{
      .rates = advice.rates, .step = advice.steps.practical, .steps = {}, .neurons = 1};
  const double last = std::min(advice.steps_to_target.value_or(kMostSteps), kMostSteps);
  for (double t = 1.0; t < 2.0 * last; t *= 2.0) problem.steps.push_back(t);
  const std::vector<double> misses = theory::trajectory_fluctuation(
      pool, X, mode.spectrum, theory::silent_start(X), problem, {.draws = kDraws});
  return misses.empty() ? std::nullopt : std::optional(*std::ranges::max_element(misses));
}

double whole_memory(Index n, bool kept) {
  const auto rows = static_cast<double>(n);
  return (kept ? 88.0 : 64.0) * rows * rows;
}

// Beside the kernel: the rows and their directions in floats, and four vectors per column. Before
// that: the rows in double and, while they are compared, in floats.
double stored_memory(Index n, Index d, FloatProducts products) {
  const double rows = static_cast<double>(n), size = rows * static_cast<double>(d);
  const double unit = theory::unit_rows_memory<float>(n, d, products);
  const double vectors = 8.0 * rows * 4.0 * static_cast<double>(kLeading + kMixtures + 1);
  return std::max(12.0 * size, 4.0 * rows * rows + 4.0 * size + unit + vectors);
}

// Orthogonal iteration; nothing but the speed of Lanczos depends on how well it has converged.
Matrix leading_directions(ThreadPool& pool, const MatrixF& X, Index count, std::uint64_t seed) {
  Matrix directions(X.cols(), std::min(count, X.cols()));
  RandomStream(seed, "advice directions")
      .fill_normal(0, std::span(directions.data(), static_cast<std::size_t>(directions.size())));
  for (int round = 0; round < kRounds; ++round) {
    const Matrix columns = images(pool, X, directions);
    directions = thin_q(
        parallel_sum<Matrix>(pool, X.rows(), kRowBlock, [&](Index begin, Index end) -> Matrix {
          const Matrix rows = X.middleRows(begin, end - begin).cast<double>();
          return rows.transpose() * columns.middleRows(begin, end - begin);
        }));
  }
  return directions;
}

Matrix images(ThreadPool& pool, const MatrixF& X, const Matrix& directions) {
  Matrix columns(X.rows(), directions.cols());
  parallel_for(pool, X.rows(), kRowBlock, [&](Index begin, Index end) {
    columns.middleRows(begin, end - begin) =
        X.middleRows(begin, end - begin).cast<double>() * directions;
  });
  return columns;
}

Vector random_column(Index n, std::uint64_t seed) {
  Vector column(n);
  RandomStream(seed, "lanczos")
      .fill_normal(0, std::span(column.data(), static_cast<std::size_t>(n)));
  return column / column.norm();
}

TangentModeAdvice mode_of_ends(const std::string& name, const theory::KernelRates& rates,
                               const MatrixF& X, FloatProducts products, const SpectrumEnds& all,
                               const SpectrumEnds& seen) {
  if (!std::isfinite(all.largest + seen.largest) || !(all.largest > 0.0)) refuse_scale();
  const auto d = static_cast<double>(X.cols());
  const double accuracy = products == FloatProducts::Float ? kFloatAccuracy : kSplitAccuracy;
  const double resolved = accuracy * X.rowwise().squaredNorm().cast<double>().maxCoeff();
  TangentModeAdvice mode{.name = name, .rates = rates};
  mode.largest = all.largest / d;
  mode.largest_error = all.largest_error / d;
  mode.smallest = std::min(std::max(seen.smallest, resolved), all.largest) / d;
  mode.bound_only = true;
  mode.steps = theory::tangent_step_limits(mode.largest, mode.smallest);
  return mode;
}

std::vector<TangentModeAdvice> stored_modes(const MatrixF& X, const TangentAdviceOptions& options,
                                            ThreadPool& pool, Observer& observer) {
  Matrix starts = start_columns(X, options.seed, pool);
  starts.conservativeResize(X.rows(), starts.cols() + 1);
  starts.rightCols(1) = random_column(X.rows(), options.seed);
  MatrixF gram(X.rows(), X.rows());
  const SymmetricOperator kernel = theory::matrix_operator(pool, gram);
  std::vector<TangentModeAdvice> modes;
  for (const Problem& problem : {Problem{"weak", theory::kWeak}, {"joint", theory::kJoint}}) {
    check_stop(observer);
    observer.message(Severity::Info,
                     fmt::format("computing the kernel of {} rows, {}", X.rows(), problem.name));
    theory::tangent_gram<float>(pool, X, problem.rates, gram, options.float_products);
    modes.push_back(stored_mode(problem, kernel, X, starts, options, observer));
  }
  return modes;
}

}  // namespace twofold::estimators
