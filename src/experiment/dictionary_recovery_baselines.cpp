#include "experiment/dictionary_recovery_baselines.hpp"

#include <algorithm>

#include "experiment/dictionary_recovery_measurement.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/train/ksvd.hpp"
#include "twofold/train/mixture_baselines.hpp"
#include "twofold/train/nmf.hpp"

namespace twofold::experiment {
namespace {

constexpr int kCodeSweeps = 100;  // of the codes of unseen samples on the parts of an NMF

/// What a method made of the training samples: atoms, and unseen samples as it reconstructs them.
struct Fitted {
  Matrix atoms;
  Matrix reconstructed;
};

// Every sample is the mean that is nearest to it.
Matrix nearest_means(const Matrix& X, const Matrix& means, ThreadPool& pool) {
  Matrix score(X.rows(), means.rows());
  multiply<double>(pool, Trans::No, Trans::Yes, 1.0, X, means, 0.0, score);
  score.rowwise() -= 0.5 * means.rowwise().squaredNorm().transpose();
  Matrix Xhat(X.rows(), X.cols());
  for (Index i = 0; i < X.rows(); ++i) {
    Index nearest = 0;
    score.row(i).maxCoeff(&nearest);
    Xhat.row(i) = means.row(nearest);
  }
  return Xhat;
}

// C W of the non-negative codes C of X on fixed parts W, by multiplicative updates.
Matrix on_parts(const Matrix& X, const Matrix& W, ThreadPool& pool) {
  Matrix drive(X.rows(), W.rows()), gram(W.rows(), W.rows()), pull(X.rows(), W.rows());
  multiply<double>(pool, Trans::No, Trans::Yes, 1.0, X, W, 0.0, drive);
  multiply<double>(pool, Trans::No, Trans::Yes, 1.0, W, W, 0.0, gram);
  drive = drive.cwiseMax(0.0);
  Matrix codes = drive;
  for (int sweep = 0; sweep < kCodeSweeps; ++sweep) {
    multiply<double>(pool, Trans::No, Trans::No, 1.0, codes, gram, 0.0, pull);
    codes.array() *= drive.array() / pull.array().max(1e-300);
  }
  Matrix Xhat(X.rows(), X.cols());
  multiply<double>(pool, Trans::No, Trans::No, 1.0, codes, W, 0.0, Xhat);
  return Xhat;
}

Fitted principal_components(const Matrix& X, const Matrix& unseen, Index count, ThreadPool& pool) {
  const Eigen::RowVectorXd mean = X.colwise().mean();
  const SymmetricEigen axes =
      symmetric_eigen(second_moment(pool, ConstView<double>(Matrix(X.rowwise() - mean))));
  const Matrix leading = axes.vectors.leftCols(std::min(count, X.cols())).transpose();
  const Matrix codes = (unseen.rowwise() - mean) * leading.transpose();
  return {leading, (codes * leading).rowwise() + mean};
}

Fitted fit(const std::string& name, const RecoverySetting& setting, const Matrix& X,
           const Matrix& unseen, const Matrix& start, ThreadPool& pool) {
  const RecoveryCompare& spec = setting.spec.compare;
  if (name == "pca") return principal_components(X, unseen, setting.active, pool);
  if (name == "ksvd") {
    const Index rows = spec.samples > 0 ? std::min<Index>(spec.samples, X.rows()) : X.rows();
    train::KsvdResult ksvd = train::ksvd(
        X.topRows(rows), start, {.sparsity = setting.active, .iterations = spec.iterations}, pool);
    return {std::move(ksvd.atoms), {}};
  }
  if (name == "nmf") {
    train::NmfResult nmf = train::multiplicative_nmf(X, start, spec.iterations, pool);
    Matrix Xhat = on_parts(unseen, nmf.atoms, pool);
    return {std::move(nmf.atoms), std::move(Xhat)};
  }
  train::MixtureFit mixture = name == "lloyd"
                                  ? train::lloyd(X, start, spec.iterations)
                                  : train::expectation_maximisation(X, start, spec.iterations);
  Matrix Xhat = nearest_means(unseen, mixture.means, pool);
  return {std::move(mixture.means), std::move(Xhat)};
}

}  // namespace

void measure_baselines(const RecoverySetting& setting, const data::Dataset& dataset,
                       const Matrix& X, const Matrix& unseen, const Matrix& start,
                       RecoveryMeasured& measured, ThreadPool& pool) {
  for (const std::string& name : setting.spec.compare.baselines) {
    const Fitted fitted = fit(name, setting, X, unseen, start, pool);
    if (name != "pca") {
      score_atoms(setting, dataset, fitted.atoms, name + " ", measured);
      measured.values[name + " pursuit"] = {
          explained_by_pursuit(unseen, fitted.atoms, setting.active, pool), 0.0};
    }
    // The codes of K-SVD are those of the pursuit.
    measured.values[name + " explained"] =
        name == "ksvd" ? measured.values[name + " pursuit"]
                       : numerics::MeanAndError{
                             estimators::explained_variance(unseen, fitted.reconstructed), 0.0};
  }
}

}  // namespace twofold::experiment
