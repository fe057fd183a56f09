#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/train/dictionary_start.hpp"

namespace twofold::train {
namespace {

constexpr std::string_view kWhere = "train::kmeans_start";
constexpr Index kSamples = 1024;  // per block

// Squared distances of the samples to the nearest centre so far, and how the next one is drawn.
class Seeding {
 public:
  // `usable`: 1 where a row may become a centre, else 0; the others count for nothing.
  Seeding(const Matrix& P, Vector usable, const RandomStream& stream, ThreadPool& pool)
      : P_(P), weight_(std::move(usable)), usable_(weight_), stream_(stream), pool_(pool) {}

  // The first centre: uniform.
  Index first() {
    const Index row = draw();
    weight_.setConstant(std::numeric_limits<double>::infinity());
    weight_ = distances_with(row);
    return row;
  }

  // The best of `candidates` draws with probability proportional to the squared distance.
  Index next(Index candidates) {
    // Fewer distinct rows than centres: every distance is 0, and any row is as good.
    if (weight_.maxCoeff() <= 0) {
      weight_ = usable_;
      const Index row = draw();
      weight_.setZero();
      return row;
    }
    Index best = -1;
    double least = 0;
    Vector best_weight;
    for (Index c = 0; c < candidates; ++c) {
      const Index row = draw();
      Vector weight = distances_with(row);
      const double potential = sum(weight);
      if (best >= 0 && potential >= least) continue;
      best = row;
      least = potential;
      best_weight = std::move(weight);
    }
    weight_ = std::move(best_weight);
    return best;
  }

 private:
  double sum(const Vector& values) const {
    return parallel_sum<double>(pool_, values.size(), kSamples, [&](Index begin, Index end) {
      return values.segment(begin, end - begin).sum();
    });
  }

  Vector distances_with(Index centre) const {
    Vector nearest(P_.rows());
    parallel_for(pool_, P_.rows(), kSamples, [&](Index begin, Index end) {
      for (Index s = begin; s < end; ++s) {
        const double distance = (P_.row(s) - P_.row(centre)).squaredNorm();
        nearest(s) = usable_(s) > 0 ? std::min(weight_(s), distance) : 0.0;
      }
    });
    return nearest;
  }

  Index draw() {
    const double target = stream_.uniform(draws_++) * weight_.sum();
    double sum = 0;
    Index last = 0;  // rounding may leave the target beyond the last row
    for (Index s = 0; s < weight_.size(); ++s) {
      if (weight_(s) <= 0) continue;
      last = s;
      sum += weight_(s);
      if (sum >= target) break;
    }
    return last;
  }

  const Matrix& P_;
  Vector weight_;
  Vector usable_;
  const RandomStream& stream_;
  ThreadPool& pool_;
  std::uint64_t draws_ = 0;
};

// Top-m right singular vectors of X as columns; empty if that is the whole space.
Matrix subspace(const Matrix& X, Index m, ThreadPool& pool) {
  if (m >= X.cols()) return {};
  const auto eigen = symmetric_eigen(second_moment(pool, X));
  require(eigen.status == SolveStatus::Converged, kWhere, "the samples are not finite");
  return eigen.vectors.leftCols(m);
}

}  // namespace

Matrix kmeans_start(const Matrix& X, Index m, Index candidates, std::uint64_t seed,
                    ThreadPool& pool, bool unit) {
  require(m >= 1 && candidates >= 1, kWhere,
          fmt::format("centres and candidates must be >= 1, got {} and {}", m, candidates));
  const Matrix basis = subspace(X, m, pool);
  Matrix projected;
  if (basis.size() > 0) {
    projected.resize(X.rows(), m);
    multiply(pool, Trans::No, Trans::No, 1.0, X, basis, 0.0, projected);
  }
  const Matrix& P = basis.size() > 0 ? projected : X;

  Vector usable = Vector::Ones(X.rows());
  if (unit) usable = (P.rowwise().squaredNorm().array() > 0).cast<double>();
  const auto count = static_cast<Index>(usable.sum());
  require(count >= m, kWhere,
          fmt::format("{} centres need as many samples{}, there are {}", m,
                      unit ? " that are not 0" : "", count));
  const RandomStream stream(seed, "dictionary/kmeans");
  Seeding seeding(P, std::move(usable), stream, pool);
  Matrix start(m, X.cols());
  for (Index i = 0; i < m; ++i) {
    const auto centre = P.row(i == 0 ? seeding.first() : seeding.next(candidates));
    if (basis.size() > 0) {
      start.row(i) = centre * basis.transpose();
    } else {
      start.row(i) = centre;
    }
  }
  if (unit) start.rowwise().normalize();
  return start;
}

}  // namespace twofold::train
