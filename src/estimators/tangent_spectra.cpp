#include "tangent_spectra.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/linalg/lanczos_quadrature.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

namespace twofold::estimators {
namespace {

namespace fs = std::filesystem;

constexpr Index kLeading = 6, kMixtures = 2;  // columns that the quadrature starts from
constexpr double kLanczosTolerance = 1e-6;    // of eigenvalues; they are printed to four digits
constexpr double kFloatAccuracy = 1e-6;       // of an entry of the kernel, per ‖x‖²

/// A .npy file that is opened anew for each piece, so that no more than the pieces in use is ever
/// mapped: a map of the whole file would count as memory.
class PieceSource final : public data::Source {
 public:
  explicit PieceSource(fs::path path) : path_(std::move(path)) {}
  [[nodiscard]] Index dimension() const override { return open()->dimension(); }
  [[nodiscard]] std::uint64_t size() const override { return open()->size(); }
  [[nodiscard]] std::string description() const override { return open()->description(); }
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
    open()->gather(index, rows);
  }
  void read(std::uint64_t first, View<double> rows) const override { open()->read(first, rows); }

 private:
  [[nodiscard]] std::shared_ptr<const data::Source> open() const { return data::open_npy(path_); }
  fs::path path_;
};

/// Deletes a file that nobody shall find, unless told to keep it.
class TemporaryFile {
 public:
  explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
  ~TemporaryFile() { remove(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  void remove() const {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

// n×8 (fewer for small d): columns whose B Bᵀ is XXᵀ on average over the random signs, and exactly
// along the leading directions.
Matrix start_columns(const MatrixF& X, std::uint64_t seed, ThreadPool& pool) {
  const Index d = X.cols(), leading = std::min(kLeading, d);
  const SymmetricEigen eigen = symmetric_eigen(second_moment(pool, ConstView<float>(X)));
  if (eigen.status != SolveStatus::Converged) {
    throw DataError("estimators::tangent_advice",
                    "the second moment of the rows cannot be decomposed; rescale them");
  }
  Matrix directions = eigen.vectors.leftCols(leading);
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
  Matrix columns(X.rows(), directions.cols());
  parallel_for(pool, X.rows(), 512, [&](Index begin, Index end) {
    columns.middleRows(begin, end - begin) =
        X.middleRows(begin, end - begin).cast<double>() * directions;
  });
  return columns;
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

TangentModeAdvice mode_of(const Problem& problem, const SymmetricOperator& kernel, const MatrixF& X,
                          const Matrix& starts, const TangentAdviceOptions& options,
                          Observer& observer) {
  const std::string stage = fmt::format("{}: products with the kernel", problem.name);
  const int most = many_products(options);
  std::int64_t products = 0;
  const SymmetricOperator watched = [&](const ConstView<double>& in, View<double> out) {
    check_stop(observer);
    kernel(in, out);
    observer.progress({.stage = stage, .done = ++products, .total = 2 * most});
  };
  const ExtremeEigenvalues ends = extreme_eigenvalues(
      watched, X.rows(),
      {.tolerance = kLanczosTolerance, .max_products = most, .seed = options.seed});
  if (ends.status == SolveStatus::NonFinite) {
    throw DataError("estimators::tangent_advice",
                    "the kernel of these rows overflows a float; rescale them (--transform "
                    "unit_norm or unit_trace)");
  }
  const auto d = static_cast<double>(X.cols());
  const double resolved = kFloatAccuracy * X.rowwise().squaredNorm().cast<double>().maxCoeff();
  TangentModeAdvice mode{.name = problem.name, .rates = problem.rates};
  mode.largest = ends.largest / d;
  mode.smallest = std::min(std::max(ends.smallest, resolved), ends.largest) / d;
  mode.bound_only = ends.status != SolveStatus::Converged || ends.smallest < resolved;
  mode.steps = theory::tangent_step_limits(mode.largest, mode.smallest);
  const SpectralQuadrature quadrature = lanczos_quadrature(watched, starts, most);
  const theory::LossCurve curve = curve_of(quadrature, d, mode.steps.practical);
  mode.steps_to_target = curve.steps_to(options.target * curve.loss(0.0));
  return mode;
}

}  // namespace

void check_stop(const Observer& observer) {
  if (const StopRequest request = observer.stop_requested(); request != StopRequest::None) {
    throw Stopped{request};
  }
}

TangentModeAdvice whole_mode(const std::string& name, const theory::KernelRates& rates,
                             const ConstView<double>& X, const theory::TangentKernels& kernels,
                             double target) {
  const theory::TangentSpectrum spectrum =
      theory::tangent_spectrum(theory::combine(kernels, rates), X.cols());
  if (spectrum.status != SolveStatus::Converged || !(spectrum.largest() > 0.0)) {
    throw DataError("estimators::tangent_advice",
                    "the kernel of these rows cannot be decomposed; rescale them (--transform "
                    "unit_norm or unit_trace)");
  }
  TangentModeAdvice mode{.name = name, .rates = rates};
  mode.largest = spectrum.largest();
  mode.smallest = spectrum.smallest();
  mode.rank = spectrum.rank;
  mode.steps = theory::tangent_step_limits(mode.largest, mode.smallest);
  const theory::LossCurve curve(spectrum, theory::silent_start(X), mode.steps.practical);
  mode.steps_to_target = curve.steps_to(target * curve.loss(0.0));
  return mode;
}

int many_products(const TangentAdviceOptions& options) {
  if (options.products > 0) return options.products;
  return options.gram.empty() ? 150 : 20;
}

double memory_of_many(Index n, Index d, int products) {
  const auto rows = static_cast<double>(n);
  const double vectors = 8.0 * rows * (static_cast<double>(products) + 40.0);
  return 4.0 * rows * rows + 8.0 * rows * static_cast<double>(d) + vectors;
}

std::vector<TangentModeAdvice> modes_of_many(const MatrixF& X, const TangentAdviceOptions& options,
                                             ThreadPool& pool, Observer& observer) {
  const Matrix starts = start_columns(X, options.seed, pool);
  MatrixF gram;
  if (options.gram.empty()) gram.resize(X.rows(), X.rows());
  TemporaryFile file(options.gram);
  std::vector<TangentModeAdvice> modes;
  for (const Problem& problem : {Problem{"weak", theory::kWeak}, {"joint", theory::kJoint}}) {
    check_stop(observer);
    observer.message(Severity::Info,
                     fmt::format("computing the kernel of {} rows, {}", X.rows(), problem.name));
    SymmetricOperator kernel;
    if (options.gram.empty()) {
      theory::tangent_gram<float>(pool, X, problem.rates, gram);
      kernel = theory::matrix_operator(pool, gram);
    } else {
      file.remove();  // two of them need not fit
      const double room = options.memory_limit - 4.0 * static_cast<double>(X.size());
      theory::write_tangent_gram<float>(pool, X, problem.rates, options.gram, 0.8 * room);
      kernel = theory::source_operator(pool, std::make_shared<PieceSource>(options.gram));
    }
    modes.push_back(mode_of(problem, kernel, X, starts, options, observer));
  }
  file.keep();
  return modes;
}

}  // namespace twofold::estimators
