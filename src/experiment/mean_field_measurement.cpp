#include "experiment/mean_field_measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <system_error>

#include "twofold/core/error.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/model/gaussian_moments.hpp"
#include "twofold/ops/forward.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::Measurement";

// Columns of a row of measurements.
constexpr Index kStep = 0, kLoss = 1, kTrainLoss = 2, kDenoising = 3, kAsymmetry = 4,
                kLinearLoss = 5, kScale = 6;

// mean_i <w_i, v_j>² for every j: the diagonal of Vᵀ C V with C = WᵀW/N.
Vector along_axes(const Matrix& C, const Matrix& basis) {
  if (basis.size() == 0) return C.diagonal();
  return (C * basis).cwiseProduct(basis).colwise().sum().transpose();
}

// ‖mean_i w_i‖ over the root mean square of ‖w_i‖.
template <typename Scalar>
double cloud_asymmetry(const MatrixOf<Scalar>& neurons, const Matrix& C) {
  return neurons.template cast<double>().colwise().mean().norm() / std::sqrt(C.trace());
}

// Loss of the linear part alone: ½ tr((I − slope C) S (I − slope C)).
double linear_loss(const Matrix& C, double slope, const Matrix& S) {
  const Matrix rest = Matrix::Identity(C.rows(), C.cols()) - slope * C;
  return 0.5 * (rest * S).cwiseProduct(rest).sum();
}

// m(q) with q = Σ u_j s_j; c where the odd part is linear.
double mean_slope_of(const MeanFieldSetting& setting, const Vector& scale) {
  if (setting.odd_slope) return *setting.odd_slope;
  const double q = scale.dot(setting.spectrum);
  return std::isfinite(q) ? model::mean_slope(setting.activation, std::clamp(q, 0.0, 1e8)) : q;
}

}  // namespace

template <typename Scalar>
Measurement<Scalar>::Measurement(const MeanFieldSetting& setting, ThreadPool& pool)
    : setting_(setting),
      pool_(pool),
      test_(setting.test.cast<Scalar>()),
      train_(setting.train_rows.cast<Scalar>()),
      clean_(setting.clean_test.cast<Scalar>()),
      reconstruction_(test_.rows(), test_.cols()),
      test_second_moment_(second_moment(pool, ConstView<float>(setting.test))),
      workspace_(std::max<Index>(test_.rows(), train_.rows()), test_.cols(),
                 static_cast<Index>(setting.spec.model.neurons)),
      rows_(static_cast<Index>(setting.record_steps.size()),
            kScale + test_.cols() + setting.leading()) {}

template <typename Scalar>
double Measurement<Scalar>::loss_on(const MatrixOf<Scalar>& rows, bool both_signs,
                                    const model::Weights<Scalar>& weights) {
  const double plus = ops::loss<Scalar>(rows, weights, setting_.activation, workspace_, pool_);
  if (!both_signs) return plus;
  const MatrixOf<Scalar> mirrored = -rows;
  return 0.5 *
         (plus + ops::loss<Scalar>(mirrored, weights, setting_.activation, workspace_, pool_));
}

template <typename Scalar>
void Measurement<Scalar>::take(std::int64_t step, const model::Weights<Scalar>& weights) {
  const Index d = test_.cols(), p = setting_.leading();
  auto row = rows_.row(taken_);
  row.setZero();
  row(kStep) = static_cast<double>(step);
  ops::reconstruct<Scalar>(test_, weights, setting_.activation, reconstruction_, workspace_, pool_);
  const auto n = static_cast<double>(test_.rows());
  row(kLoss) = 0.5 * (test_ - reconstruction_).template cast<double>().squaredNorm() / n;
  if (train_.size() > 0) row(kTrainLoss) = loss_on(train_, true, weights);
  if (clean_.size() > 0) {
    row(kDenoising) = (clean_ - reconstruction_).template cast<double>().squaredNorm() / n;
  }
  const Matrix C = second_moment(pool_, ConstView<Scalar>(weights.encoder));
  const Vector scale = along_axes(C, setting_.basis);
  row(kAsymmetry) = cloud_asymmetry<Scalar>(weights.encoder, C);
  row(kLinearLoss) = linear_loss(C, mean_slope_of(setting_, scale), test_second_moment_);
  row.segment(kScale, d) = scale.transpose();
  const Matrix x = principal_coordinates(setting_, test_.template cast<double>()).leftCols(p);
  const Matrix xhat =
      principal_coordinates(setting_, reconstruction_.template cast<double>()).leftCols(p);
  row.segment(kScale + d, p) = x.cwiseProduct(xhat).colwise().sum().array() /
                               x.cwiseAbs2().colwise().sum().array().max(1e-300);
  ++taken_;
}

template <typename Scalar>
void Measurement<Scalar>::save(const std::filesystem::path& file) const {
  const Matrix part = rows_.topRows(taken_);
  data::write_npy(file, ConstView<double>(part));
}

template <typename Scalar>
void Measurement<Scalar>::load(const std::filesystem::path& file) {
  const auto saved = data::open_npy(file);
  if (saved->dimension() != rows_.cols() ||
      saved->size() != static_cast<std::uint64_t>(rows_.rows())) {
    throw DataError(kWhere, file.string() + " belongs to another run; start over with --force");
  }
  saved->read(0, View<double>(rows_));
  taken_ = rows_.rows();
}

template <typename Scalar>
std::string Measurement<Scalar>::text() const {
  // The shortest form that reads back to the same bits.
  const std::span<const double> values(rows_.data(),
                                       static_cast<std::size_t>(taken_ * rows_.cols()));
  return fmt::format("{}", fmt::join(values, " "));
}

template <typename Scalar>
void Measurement<Scalar>::restore(const std::string& text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  Index count = 0;
  for (; at != end && count < rows_.size(); ++count) {
    const auto [next, error] = std::from_chars(at, end, rows_.data()[count]);
    if (error != std::errc()) break;
    at = next != end ? next + 1 : next;
  }
  if (at != end || count % rows_.cols() != 0) {
    throw DataError(kWhere, "the records in the checkpoint are damaged; start over with --force");
  }
  taken_ = count / rows_.cols();
}

template <typename Scalar>
Path Measurement<Scalar>::path() const {
  const Index d = test_.cols();
  const auto part = rows_.topRows(taken_);
  Path path;
  path.time = part.col(kStep).unaryExpr(
      [&](double step) { return setting_.time_of(static_cast<std::int64_t>(step)); });
  path.loss = part.col(kLoss);
  if (train_.size() > 0) path.train_loss = part.col(kTrainLoss);
  if (clean_.size() > 0) path.denoising = part.col(kDenoising);
  path.cloud_asymmetry = part.col(kAsymmetry);
  path.linear_loss = part.col(kLinearLoss);
  path.scale = part.middleCols(kScale, d);
  path.slope = part.rightCols(setting_.leading());
  path.gain = path.scale;
  for (Index k = 0; k < taken_; ++k) {
    path.gain.row(k) *= mean_slope_of(setting_, path.scale.row(k).transpose());
  }
  return path;
}

template class Measurement<float>;
template class Measurement<double>;

}  // namespace twofold::experiment
