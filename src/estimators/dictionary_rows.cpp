#include "dictionary_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::estimators {
namespace {

constexpr Index kPilotRows = 20'000;
constexpr Index kPilotNumbers = Index{1} << 24;
constexpr Index kLargestSpectrum = 1024;

// x -> (x − mean)/scale, rounded to single precision after the arithmetic in double.
class Normalised final : public data::Source {
 public:
  Normalised(std::shared_ptr<const data::Source> base, const Vector& mean, double scale)
      : base_(std::move(base)), mean_(mean.transpose()), scale_(scale) {}
  [[nodiscard]] Index dimension() const override { return base_->dimension(); }
  [[nodiscard]] std::uint64_t size() const override { return base_->size(); }
  [[nodiscard]] std::string description() const override { return base_->description(); }
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
    base_->gather(index, rows);
    rows = (rows.rowwise() - mean_) / scale_;
  }
  using data::Source::gather;

 private:
  std::shared_ptr<const data::Source> base_;
  Eigen::RowVectorXd mean_;
  double scale_;
};

// Rows at evenly spaced places, all if there are no more.
MatrixF spaced_rows(const data::Source& source, std::uint64_t count, ThreadPool& pool,
                    Observer& observer) {
  const SpacedRows chosen(source.size(), count);
  MatrixF rows(static_cast<Index>(chosen.count()), source.dimension());
  for_each_chunk<float>(source, chosen, pool, "read", observer,
                        [&](std::uint64_t first, const ConstView<float>& chunk) {
                          rows.middleRows(static_cast<Index>(first), chunk.rows()) = chunk;
                        });
  return rows;
}

}  // namespace

DictionarySurvey survey_rows(const data::Source& rows, bool centre, ThreadPool& pool,
                             Observer& observer, std::uint64_t most) {
  const SpacedRows chosen(rows.size(), most);
  DictionarySurvey survey{
      .rows = rows.size(), .surveyed = chosen.count(), .dimension = rows.dimension()};
  // Squares around the first row: a large mean must not drown the variance.
  Eigen::RowVectorXd origin;
  double least = 0.0;
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(rows.dimension()), squares = sum;
  for_each_chunk<double>(rows, chosen, pool, "survey", observer,
                         [&](std::uint64_t, const ConstView<double>& X) {
                           if (origin.size() == 0) origin = X.row(0);
                           const Matrix shifted = X.rowwise() - origin;
                           sum += shifted.colwise().sum();
                           squares += shifted.colwise().squaredNorm();
                           least = std::min(least, X.minCoeff());
                           for (Index i = 0; i < X.rows(); ++i) {
                             if (X.row(i).cwiseAbs().maxCoeff() == 0.0) ++survey.zero_rows;
                           }
                         });
  if (!squares.allFinite()) {
    throw DataError("estimators::DictionaryLearner",
                    rows.description() +
                        ": the squares of these numbers overflow; scale them (--transform "
                        "scale:1e-100)");
  }
  const auto n = static_cast<double>(chosen.count());
  const Eigen::RowVectorXd shift = sum / n;
  const Eigen::RowVectorXd variances = (squares / n - shift.cwiseAbs2()).cwiseMax(0.0);
  survey.constant_columns = (squares.array() == 0.0).count();
  survey.variance = variances.sum();
  survey.one_sign = least == 0.0;
  if (survey.constant_columns == rows.dimension() || !(survey.variance > 0.0)) {
    throw DataError("estimators::DictionaryLearner",
                    rows.description() +
                        ": all rows are equal, there is nothing to learn; check "
                        "the file");
  }
  const Vector mean = (origin + shift).transpose();
  survey.mean = centre ? mean : Vector(Vector::Zero(rows.dimension()));
  survey.energy = survey.variance + (centre ? 0.0 : mean.squaredNorm());
  return survey;
}

NormalisedRows::NormalisedRows(std::shared_ptr<const data::Source> rows, const Vector& mean,
                               double scale, std::uint64_t memory, ThreadPool& pool,
                               Observer& observer)
    : source_(std::make_shared<Normalised>(std::move(rows), mean, scale)) {
  const Index d = source_->dimension();
  const std::uint64_t size = source_->size();
  if (size <= memory / (static_cast<std::uint64_t>(d) * sizeof(float))) {
    auto kept = std::make_shared<data::ArraySource<float>>(
        spaced_rows(*source_, size, pool, observer), source_->description());
    memory_ = &kept->rows();
    source_ = std::move(kept);
  }
  const auto most = static_cast<std::uint64_t>(std::clamp<Index>(kPilotNumbers / d, 1, kPilotRows));
  pilot_ = spaced_rows(*source_, most, pool, observer);
}

Vector pilot_spectrum(const MatrixF& pilot, ThreadPool& pool) {
  if (pilot.cols() > kLargestSpectrum) return {};
  const SymmetricEigen eigen = symmetric_eigenvalues(second_moment(pool, ConstView<float>(pilot)));
  return eigen.status == SolveStatus::Converged ? eigen.values : Vector();
}

}  // namespace twofold::estimators
