#include "fit_maps.hpp"

#include <cmath>

#include "data_error.hpp"
#include "stream.hpp"
#include "twofold/data/moments.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::fit_transforms";

}  // namespace

std::shared_ptr<const RowMap> fit_center(const Source& train, ThreadPool& pool) {
  Vector sum = Vector::Zero(train.dimension());
  for_each_chunk<double>(
      train, pool, [&](const ConstView<double>& rows) { sum += column_sums<double>(pool, rows); });
  return std::make_shared<Center>(sum / static_cast<double>(train.size()));
}

std::shared_ptr<const RowMap> fit_scale(const std::string& name, double total, const Source& train,
                                        ThreadPool& pool) {
  double sum = 0.0;
  for_each_chunk<double>(train, pool, [&](const ConstView<double>& rows) {
    sum += parallel_sum<double>(pool, rows.rows(), 256, [&](Index begin, Index end) {
      return rows.middleRows(begin, end - begin).squaredNorm();
    });
  });
  if (!(sum > 0.0)) {
    fail(kWhere, train.description(), "all numbers are 0, which no factor changes",
         fmt::format("leave out '{}' or check the data", name));
  }
  if (!std::isfinite(sum)) {
    fail(kWhere, train.description(), "the sum of the squares overflows",
         "scale the data, as with 'scale:1e-100'");
  }
  return std::make_shared<Scale>(name, std::sqrt(total * static_cast<double>(train.size()) / sum));
}

std::shared_ptr<const RowMap> fit_whiten(const Source& train, double floor, ThreadPool& pool) {
  Moments fitted = moments(train, pool);
  const SymmetricEigen eigen = symmetric_eigen(fitted.covariance());
  const double mean = eigen.values.mean();
  if (eigen.status != SolveStatus::Converged || !(mean > 0.0)) {
    fail(kWhere, train.description(), "the covariance cannot be inverted: nothing varies",
         "leave out 'whiten' or check the data");
  }
  const Vector inverse_root = eigen.values.cwiseMax(floor * mean).cwiseSqrt().cwiseInverse();
  const Matrix scaled = eigen.vectors * inverse_root.asDiagonal();
  return std::make_shared<Whiten>(std::move(fitted.mean), scaled * eigen.vectors.transpose());
}

}  // namespace twofold::data
