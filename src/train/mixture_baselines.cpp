// The one file that includes Armadillo: headers alone, without its BLAS wrappers, threads and
// messages, and under a name of its own so that another Armadillo in the program stays itself.
#define ARMA_DONT_USE_WRAPPER
#define ARMA_DONT_USE_BLAS
#define ARMA_DONT_USE_LAPACK
#define ARMA_DONT_USE_ARPACK
#define ARMA_DONT_USE_SUPERLU
#define ARMA_DONT_USE_HDF5
#define ARMA_DONT_USE_OPENMP
#define ARMA_WARN_LEVEL 0
#define arma twofold_arma
#include "twofold/train/mixture_baselines.hpp"

#include <armadillo>

#include "baseline_checks.hpp"

namespace twofold::train {
namespace {

constexpr double kStill = 1e-9;          // of the deviation: a mean that does not move
constexpr double kLeastVariance = 1e-9;  // of the start's

// Rows here are columns there: the same memory.
arma::mat shared(const Matrix& rows) {
  return {const_cast<double*>(rows.data()), static_cast<arma::uword>(rows.cols()),
          static_cast<arma::uword>(rows.rows()), false, true};
}

Matrix rows_of(const arma::mat& columns) {
  return Eigen::Map<const Matrix>(columns.memptr(), static_cast<Index>(columns.n_cols),
                                  static_cast<Index>(columns.n_rows));
}

struct Clusters {
  std::vector<Index> label;
  double variance = 0.0;  // mean square of a coordinate of x − (nearest mean)
};

// gmm_diag::assign by Euclidean distance: weights and variances play no part.
Clusters nearest(const Matrix& X, const Matrix& means) {
  arma::gmm_diag model;
  const arma::mat centres = shared(means);
  model.set_params(centres, arma::mat(centres.n_rows, centres.n_cols, arma::fill::ones),
                   arma::rowvec(centres.n_cols).fill(1.0 / static_cast<double>(centres.n_cols)));
  const arma::urowvec label = model.assign(shared(X), arma::eucl_dist);
  Clusters clusters{{label.begin(), label.end()}, 0.0};
  for (Index s = 0; s < X.rows(); ++s) {
    clusters.variance +=
        (X.row(s) - means.row(clusters.label[static_cast<std::size_t>(s)])).squaredNorm();
  }
  clusters.variance /= static_cast<double>(X.size());
  return clusters;
}

bool still(const Matrix& before, const Matrix& after, const Matrix& X) {
  const Eigen::RowVectorXd centre = X.colwise().mean();
  const double deviation =
      std::sqrt((X.rowwise() - centre).squaredNorm() / static_cast<double>(X.size()));
  return (after - before).cwiseAbs().maxCoeff() <= kStill * deviation;
}

void check(const ConstView<double>& X, const Matrix& start, std::int64_t iterations,
           std::string_view where) {
  check_baseline(X, start, iterations, where);
  require(X.rows() >= start.rows(), where,
          fmt::format("{} components need as many samples, got {}", start.rows(), X.rows()));
}

// Weights, and variances about the clusters' own averages.
void describe(const Matrix& X, const std::vector<Index>& label, MixtureFit& fit) {
  const Index m = fit.means.rows();
  Matrix sum = Matrix::Zero(m, X.cols()), square = sum;
  fit.weights = Vector::Zero(m);
  for (Index s = 0; s < X.rows(); ++s) {
    const Index j = label[static_cast<std::size_t>(s)];
    const Eigen::RowVectorXd apart = X.row(s) - fit.means.row(j);
    fit.weights[j] += 1.0;
    sum.row(j) += apart;
    square.row(j) += apart.cwiseAbs2();
  }
  const Vector count = fit.weights.cwiseMax(1.0);
  sum.array().colwise() /= count.array();
  square.array().colwise() /= count.array();
  fit.variances = (square - sum.cwiseAbs2()).cwiseMax(0.0);
  fit.weights /= static_cast<double>(X.rows());
}

// advance(t) makes t iterations on fit.means; the last one alone, to see whether it moves anything.
template <typename Advance>
void iterate(const Matrix& X, std::int64_t iterations, MixtureFit& fit, Advance&& advance) {
  if (iterations == 0) return;
  const Matrix start = fit.means;
  bool fitted = iterations == 1 || advance(iterations - 1);
  const Matrix before = fit.means;
  fitted = fitted && advance(1);
  if (!fitted) {
    fit.means = start;
    fit.status = SolveStatus::Diverged;
  } else if (still(before, fit.means, X)) {
    fit.status = SolveStatus::Converged;
  }
}

}  // namespace

MixtureFit lloyd(const ConstView<double>& samples, const Matrix& start, std::int64_t iterations) {
  check(samples, start, iterations, "train::lloyd");
  const Matrix X = samples;
  MixtureFit fit;
  fit.means = start;
  // Used where no cluster has a sample to spare for an empty one.
  arma::arma_rng::set_seed(1);
  iterate(X, iterations, fit, [&](std::int64_t t) {
    arma::mat means = shared(fit.means);
    const bool done = arma::kmeans(means, shared(X), means.n_cols, arma::keep_existing,
                                   static_cast<arma::uword>(t), false);
    if (done) fit.means = rows_of(means);
    return done;
  });
  describe(X, nearest(X, fit.means).label, fit);
  return fit;
}

MixtureFit expectation_maximisation(const ConstView<double>& samples, const Matrix& start,
                                    std::int64_t iterations) {
  check(samples, start, iterations, "train::expectation_maximisation");
  const Matrix X = samples;
  MixtureFit fit;
  fit.means = start;
  const auto m = static_cast<double>(start.rows());
  const double variance = nearest(X, start).variance;
  fit.weights = Vector::Constant(start.rows(), 1.0 / m);
  fit.variances = Matrix::Constant(start.rows(), start.cols(), variance);
  if (variance == 0.0) {  // every sample is a mean
    fit.status = SolveStatus::Converged;
    return fit;
  }
  arma::gmm_diag model;
  model.set_params(shared(fit.means), shared(fit.variances),
                   arma::rowvec(fit.weights.data(), static_cast<arma::uword>(start.rows())));
  iterate(X, iterations, fit, [&](std::int64_t t) {
    const bool done = model.learn(shared(X), static_cast<arma::uword>(start.rows()),
                                  arma::eucl_dist, arma::keep_existing, 0,
                                  static_cast<arma::uword>(t), kLeastVariance * variance, false);
    if (done) fit.means = rows_of(model.means);
    return done;
  });
  if (fit.status != SolveStatus::Diverged) {
    fit.variances = rows_of(model.dcovs);
    fit.weights = Eigen::Map<const Vector>(model.hefts.memptr(), start.rows());
  }
  return fit;
}

}  // namespace twofold::train
