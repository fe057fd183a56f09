#include "dictionary_subspace.hpp"

#include <algorithm>

#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::estimators {
namespace {

constexpr double kSame = 0.95;

SymmetricEigen eigen_of(const Matrix& moment) {
  SymmetricEigen eigen = symmetric_eigen(moment);
  require(eigen.status == SolveStatus::Converged, "estimators::DictionaryLearner",
          "the eigenvectors of the covariance were not found; are the rows of reasonable size?");
  return eigen;
}

}  // namespace

PrincipalDirections principal_directions(const NormalisedRows& rows, Index count, ThreadPool& pool,
                                         DeadlineObserver& observer) {
  const data::Source& source = rows.source();
  SecondMoment even(source.dimension()), odd(source.dimension());
  bool first_half = false;
  const auto add = [&](std::uint64_t, const ConstView<float>& X) {
    // A chunk alone is cut in two, so that there are two halves however few the rows.
    const Index half = X.rows() / 2;
    first_half = !first_half;
    (first_half ? even : odd).add(pool, ConstView<float>(X.topRows(half)));
    (first_half ? odd : even).add(pool, ConstView<float>(X.bottomRows(X.rows() - half)));
  };
  for_each_chunk<float>(source, SpacedRows(source.size(), source.size()), pool, "covariance",
                        observer.inner(), add);
  const auto n = static_cast<double>(even.count() + odd.count());
  Matrix moment = Matrix::Zero(source.dimension(), source.dimension());
  for (const SecondMoment* part : {&even, &odd}) {
    if (part->count() > 0) moment += part->value() * (static_cast<double>(part->count()) / n);
  }
  const SymmetricEigen eigen = eigen_of(moment);
  PrincipalDirections found;
  found.directions = eigen.vectors.leftCols(count).transpose();
  found.explained = eigen.values.head(count).sum() / eigen.values.sum();
  if (std::min(even.count(), odd.count()) == 0) return found;
  const Matrix one = eigen_of(even.value()).vectors.leftCols(count).transpose();
  const Matrix two = eigen_of(odd.value()).vectors.leftCols(count).transpose();
  for (const double cosine : match_atoms(one, two, true).cosine) found.agreed += cosine > kSame;
  return found;
}

}  // namespace twofold::estimators
