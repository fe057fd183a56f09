#include "twofold/train/nmf.hpp"

#include "baseline_checks.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

constexpr Index kBlock = 128;         // rows of one parallel task
constexpr double kSmallest = 1e-150;  // smaller entries are 0, before they become subnormal: slow

Matrix product(ThreadPool& pool, Trans a, Trans b, const Matrix& A, const Matrix& B) {
  Matrix C(a == Trans::No ? A.rows() : A.cols(), b == Trans::No ? B.cols() : B.rows());
  multiply<double>(pool, a, b, 1.0, A, B, 0.0, C);
  return C;
}

// Entries that are not positive become 1e-3 of the mean size.
void make_positive(Matrix& A) {
  const double small = 1e-3 * A.cwiseAbs().mean();
  A = (A.array() > 0.0).select(A, small);
}

// A <- A ∘ B / C. Where C is 0, so is A.
void scale(ThreadPool& pool, Matrix& A, const Matrix& B, const Matrix& C) {
  parallel_for(pool, A.size(), kBlock * 64, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      double& a = A.data()[i];
      a = a * B.data()[i];
      a = a > kSmallest ? a / C.data()[i] : 0.0;
    }
  });
}

double loss_of(ThreadPool& pool, const Matrix& X, const Matrix& C, const Matrix& W) {
  const Matrix Xhat = product(pool, Trans::No, Trans::No, C, W);
  const double sum = parallel_sum<double>(pool, X.rows(), kBlock, [&](Index begin, Index end) {
    return (X.middleRows(begin, end - begin) - Xhat.middleRows(begin, end - begin)).squaredNorm();
  });
  return sum / (2.0 * static_cast<double>(X.rows()));
}

// Moves the norms of the atoms into the codes.
void normalise(Matrix& W, Matrix& C) {
  const Vector norms = W.rowwise().norm();
  for (Index j = 0; j < W.rows(); ++j) {
    if (norms[j] > 0.0) W.row(j) /= norms[j];
  }
  C.array().rowwise() *= norms.transpose().array();
}

}  // namespace

NmfResult multiplicative_nmf(const ConstView<double>& X, Matrix start, std::int64_t iterations,
                             ThreadPool& pool, Observer& observer) {
  constexpr std::string_view where = "train::multiplicative_nmf";
  check_baseline(X, start, iterations, where);
  require(start.cwiseAbs().maxCoeff() > 0.0, where, "the start is all 0");
  NmfResult result;
  const Matrix positive = X.cwiseMax(0.0);
  const double energy = X.squaredNorm();
  if (energy > 0.0) result.negative = X.cwiseMin(0.0).squaredNorm() / energy;
  Matrix &W = result.atoms, &C = result.codes;
  W = std::move(start);
  make_positive(W);
  C = product(pool, Trans::No, Trans::Yes, positive, W);
  make_positive(C);
  result.loss.push_back(loss_of(pool, positive, C, W));
  for (std::int64_t t = 0; t < iterations; ++t) {
    result.stop = observer.stop_requested();
    if (result.stop != StopRequest::None) break;
    const Matrix atoms = product(pool, Trans::No, Trans::Yes, W, W);
    scale(pool, C, product(pool, Trans::No, Trans::Yes, positive, W),
          product(pool, Trans::No, Trans::No, C, atoms));
    const Matrix codes = product(pool, Trans::Yes, Trans::No, C, C);
    scale(pool, W, product(pool, Trans::Yes, Trans::No, C, positive),
          product(pool, Trans::No, Trans::No, codes, W));
    result.loss.push_back(loss_of(pool, positive, C, W));
    observer.progress({"nmf", t + 1, iterations, result.loss.back()});
  }
  normalise(W, C);
  return result;
}

}  // namespace twofold::train
