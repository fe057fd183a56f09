#include "experiment/dictionary_recovery_measurement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiment/dictionary_recovery_training.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::experiment {
namespace {

Matrix unit_rows(const Matrix& W) {
  Matrix unit = W;
  for (Index i = 0; i < W.rows(); ++i) {
    const double norm = W.row(i).norm();
    if (norm > 0.0) unit.row(i) /= norm;
  }
  return unit;
}

std::vector<Index> partners(const RecoverySetting& setting, const Matrix& W, const Matrix& A) {
  if (setting.spec.train.start != "near") {
    return estimators::match_atoms(W, A, setting.signed_codes()).partner;
  }
  std::vector<Index> same(static_cast<std::size_t>(A.rows()));
  std::iota(same.begin(), same.end(), Index{0});
  return same;
}

// Share of a count among independent trials, with its binomial standard error.
numerics::MeanAndError share(double count, double trials) {
  const double p = count / trials;
  return {p, std::sqrt(p * (1.0 - p) / trials)};
}

}  // namespace

void score_atoms(const RecoverySetting& setting, const data::Dataset& dataset, const Matrix& W,
                 const std::string& prefix, RecoveryMeasured& measured) {
  const Matrix unit = unit_rows(W);
  const auto distinct = static_cast<double>(W.rows() - estimators::duplicate_atoms(unit));
  measured.values[prefix + "distinct"] = {distinct / static_cast<double>(W.rows()), 0.0};
  if (!dataset.truth) return;
  const estimators::AtomMatch match =
      estimators::match_atoms(unit, unit_atoms(dataset.truth->model()), setting.signed_codes());
  measured.values[prefix + "error"] = {match.squared_distance, 0.0};
  measured.values[prefix + "recovered"] = {match.recovered, 0.0};
  measured.values[prefix + "mean_cosine"] = {match.mean_cosine, 0.0};
}

void score_codes(const RecoverySetting& setting, const data::Dataset& dataset, const Matrix& X,
                 const Matrix& W, const ops::Gate& gate, const std::string& prefix,
                 RecoveryMeasured& measured, ThreadPool& pool) {
  const Index rows = X.rows();
  const ops::SparseCodes<double> truth = true_codes<double>(*dataset.truth, rows);
  ops::SparseCodes<double> codes;
  ops::encode<double>(X, W, gate, codes, pool);
  const estimators::SupportScore score = estimators::support_score(
      codes, truth, partners(setting, W, unit_atoms(dataset.truth->model())));
  const auto samples = static_cast<double>(rows);
  const double missed = (1.0 - score.recall) * static_cast<double>(truth.size());
  const double false_alarms = (1.0 - score.precision) * static_cast<double>(codes.size());
  measured.values[prefix + "consistency"] = share(score.consistent * samples, samples);
  measured.values[prefix + "label_error"] =
      share(missed + false_alarms, samples * static_cast<double>(W.rows()));
}

double mean_off_diagonal(const data::DictionaryModel& truth, const Matrix& W) {
  const Matrix products = W * unit_atoms(truth).transpose();
  const auto m = static_cast<double>(W.rows());
  return (products.sum() - products.trace()) / (m * (m - 1.0));
}

Matrix held_out_rows(const data::Dataset& dataset, Index count) {
  const data::Source& source = dataset.test ? *dataset.test : *dataset.train;
  const auto rows = std::min(static_cast<std::uint64_t>(count), source.size());
  Matrix X(static_cast<Index>(rows), source.dimension());
  source.read(0, View<double>(X));
  return X;
}

double explained_by_gate(const Matrix& X, const Matrix& W, const ops::Gate& gate,
                         ThreadPool& pool) {
  ops::SparseCodes<double> codes;
  ops::encode<double>(X, W, gate, codes, pool);
  Matrix Xhat(X.rows(), X.cols());
  ops::decode<double>(codes, W, Xhat, pool);
  return estimators::explained_variance(X, Xhat);
}

double explained_by_pursuit(const Matrix& X, const Matrix& W, Index active, ThreadPool& pool) {
  const Matrix unit = unit_rows(W);
  ops::SparseCodes<double> codes;
  ops::orthogonal_matching_pursuit<double>(X, unit, {.sparsity = active}, codes, pool);
  Matrix Xhat(X.rows(), X.cols());
  ops::decode<double>(codes, unit, Xhat, pool);
  return estimators::explained_variance(X, Xhat);
}

}  // namespace twofold::experiment
