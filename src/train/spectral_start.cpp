#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "distinct_atoms.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::train {
namespace {

constexpr std::string_view kWhere = "train::spectral_start";
constexpr Index kPairs = 32;      // treated together, so that products are matrix products
constexpr Index kSamples = 1024;  // per block of the weights
constexpr Index kMostPairs = 20'000;
constexpr Index kLanczosSteps = 24;

struct TopPair {
  Vector vector;
  double gap = 0;  // |λ₁| − |λ₂|
};

// M v = (1/N) Xᵀ (w ∘ X v) of some pairs at once; M itself is never formed.
class PairMoments {
 public:
  PairMoments(const Matrix& X, const Matrix& U, const Matrix& V, ThreadPool& pool)
      : X_(X), pool_(pool), weight_(X.rows(), U.rows()), product_(X.rows(), U.rows()) {
    multiply(pool, Trans::No, Trans::Yes, 1.0, X, U, 0.0, weight_);
    multiply(pool, Trans::No, Trans::Yes, 1.0, X, V, 0.0, product_);
    weigh(weight_, product_);
  }

  /// Leaves sample s out of the moment of a pair: u and v themselves would weigh most.
  void leave_out(Index pair, Index s) { weight_(s, pair) = 0; }

  /// Row p of the result is M_p times row p of Q.
  void apply(const Matrix& Q, Matrix& MQ) {
    multiply(pool_, Trans::No, Trans::Yes, 1.0, X_, Q, 0.0, product_);
    weigh(product_, weight_);
    multiply(pool_, Trans::Yes, Trans::No, 1.0 / static_cast<double>(X_.rows()), product_, X_, 0.0,
             MQ);
  }

 private:
  void weigh(Matrix& target, const Matrix& factor) {
    parallel_for(pool_, target.rows(), kSamples, [&](Index begin, Index end) {
      target.middleRows(begin, end - begin).array() *=
          factor.middleRows(begin, end - begin).array();
    });
  }

  const Matrix& X_;
  ThreadPool& pool_;
  Matrix weight_, product_;
};

// The Krylov space of one pair: Lanczos with full orthogonalisation. Unlike power iteration it does
// not stall at two eigenvalues of equal size and opposite sign.
class Lanczos {
 public:
  explicit Lanczos(const Vector& start)
      : basis_(std::min(kLanczosSteps, start.size()), start.size()),
        projected_(Matrix::Zero(basis_.rows(), basis_.rows())) {
    basis_.row(0) = start.normalized();
    size_ = 1;
  }

  [[nodiscard]] auto last() const { return basis_.row(size_ - 1); }

  /// Takes M times last().
  void extend(Vector Mq) {
    if (closed_) return;
    const double scale = Mq.norm();
    const Index i = size_ - 1;
    for (int pass = 0; pass < 2; ++pass) {
      const Vector along = basis_.topRows(size_) * Mq;
      Mq -= basis_.topRows(size_).transpose() * along;
      if (pass == 0) projected_(i, i) = along(i);
    }
    const double beta = Mq.norm();
    // The space is invariant: nothing but rounding is left.
    closed_ = size_ == basis_.rows() || beta <= 1e-12 * scale;
    if (closed_) return;
    projected_(i + 1, i) = projected_(i, i + 1) = beta;
    basis_.row(size_++) = Mq.transpose() / beta;
  }

  [[nodiscard]] TopPair top() const {
    const auto eigen = symmetric_eigen(projected_.topLeftCorner(size_, size_));
    require(eigen.status == SolveStatus::Converged, kWhere, "the samples are not finite");
    // Descending, so the largest in size is the first or the last.
    const Index n = size_;
    const bool positive = eigen.values(0) >= -eigen.values(n - 1);
    const Index first = positive ? 0 : n - 1;
    double second = 0;
    for (Index i = 0; i < n; ++i) {
      if (i != first) second = std::max(second, std::abs(eigen.values(i)));
    }
    const Vector vector = basis_.topRows(n).transpose() * eigen.vectors.col(first);
    return {vector.normalized(), std::abs(eigen.values(first)) - second};
  }

 private:
  Matrix basis_, projected_;
  Index size_ = 0;
  bool closed_ = false;
};

// Candidates of the pairs (u[p], v[p]) of rows of X.
std::vector<TopPair> candidates(const Matrix& X, std::span<const Index> u, std::span<const Index> v,
                                ThreadPool& pool) {
  const auto count = static_cast<Index>(u.size());
  Matrix U(count, X.cols()), V(count, X.cols());
  for (Index p = 0; p < count; ++p) {
    U.row(p) = X.row(u[static_cast<std::size_t>(p)]);
    V.row(p) = X.row(v[static_cast<std::size_t>(p)]);
  }
  PairMoments moments(X, U, V, pool);
  std::vector<Lanczos> spaces;
  for (Index p = 0; p < count; ++p) {
    moments.leave_out(p, u[static_cast<std::size_t>(p)]);
    moments.leave_out(p, v[static_cast<std::size_t>(p)]);
    spaces.emplace_back(U.row(p).transpose());  // holds the atom that is looked for
  }
  Matrix Q(count, X.cols()), MQ(count, X.cols());
  for (Index step = 0; step < std::min(kLanczosSteps, X.cols()); ++step) {
    for (Index p = 0; p < count; ++p) Q.row(p) = spaces[static_cast<std::size_t>(p)].last();
    moments.apply(Q, MQ);
    parallel_for(pool, count, 1, [&](Index p, Index) {
      spaces[static_cast<std::size_t>(p)].extend(MQ.row(p).transpose());
    });
  }
  std::vector<TopPair> found(u.size());
  parallel_for(pool, count, 1, [&](Index p, Index) {
    found[static_cast<std::size_t>(p)] = spaces[static_cast<std::size_t>(p)].top();
  });
  return found;
}

}  // namespace

MomentStart spectral_start(const Matrix& X, Index m, Index sparsity, Index pairs,
                           std::uint64_t seed, ThreadPool& pool) {
  require(m >= 1 && sparsity >= 1 && pairs >= 0, kWhere,
          fmt::format("atoms and sparsity must be >= 1 and pairs >= 0, got {}, {} and {}", m,
                      sparsity, pairs));
  require(X.rows() >= 2 && X.allFinite(), kWhere, "there must be two samples, all finite");
  if (pairs == 0) {
    pairs = std::clamp(6 * m * m / (sparsity * sparsity), Index{1}, kMostPairs);
  }
  const RandomStream stream(seed, "dictionary/pairs");
  const auto rows = static_cast<std::uint64_t>(X.rows());
  Matrix vectors(pairs, X.cols());
  std::vector<double> gaps(static_cast<std::size_t>(pairs));
  for (Index begin = 0; begin < pairs; begin += kPairs) {
    const Index count = std::min(kPairs, pairs - begin);
    std::vector<Index> u, v;
    for (Index p = begin; p < begin + count; ++p) {
      const auto number = static_cast<std::uint64_t>(2 * p);
      const auto a = stream.below(rows, number), b = stream.below(rows - 1, number + 1);
      u.push_back(static_cast<Index>(a));
      v.push_back(static_cast<Index>(b < a ? b : b + 1));
    }
    const auto found = candidates(X, u, v, pool);
    for (Index p = 0; p < count; ++p) {
      vectors.row(begin + p) = found[static_cast<std::size_t>(p)].vector.transpose();
      gaps[static_cast<std::size_t>(begin + p)] = found[static_cast<std::size_t>(p)].gap;
    }
  }
  return distinct_atoms(vectors, gaps, m, X, seed);
}

}  // namespace twofold::train
