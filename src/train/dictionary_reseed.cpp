#include "dictionary_reseed.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

constexpr double kBusy = 3.0, kSame = 0.9;

}  // namespace

template <std::floating_point Scalar>
std::vector<Index> idle_units(const MatrixOf<Scalar>& W, std::span<const std::int64_t> count,
                              double expected, double least, ThreadPool& pool) {
  const Index m = W.rows();
  std::vector<bool> idle(static_cast<std::size_t>(m));
  const auto fired = [&](Index i) {
    return static_cast<double>(count[static_cast<std::size_t>(i)]);
  };
  for (Index i = 0; i < m; ++i) {
    idle[static_cast<std::size_t>(i)] = fired(i) < least || fired(i) > kBusy * expected;
  }
  MatrixOf<Scalar> unit = W;
  unit.rowwise().normalize();
  MatrixOf<Scalar> cosine(m, m);
  multiply(pool, Trans::No, Trans::Yes, Scalar{1}, unit, unit, Scalar{0}, cosine);
  for (Index i = 0; i < m; ++i) {
    for (Index j = i + 1; j < m; ++j) {
      if (std::abs(static_cast<double>(cosine(i, j))) <= kSame) continue;
      if (idle[static_cast<std::size_t>(i)] || idle[static_cast<std::size_t>(j)]) continue;
      idle[static_cast<std::size_t>(fired(i) < fired(j) ? i : j)] = true;
    }
  }
  std::vector<Index> units;
  for (Index i = 0; i < m; ++i) {
    if (idle[static_cast<std::size_t>(i)]) units.push_back(i);
  }
  return units;
}

template <std::floating_point Scalar>
Index reseed(std::span<const Index> units, const MatrixOf<Scalar>& X,
             const ops::SparseCodes<Scalar>& codes, MatrixOf<Scalar>& W, ThreadPool& pool) {
  MatrixOf<Scalar> residual(X.rows(), X.cols());
  ops::decode<Scalar>(codes, W, residual, pool);
  residual = X - residual;
  const Eigen::ArrayXd size = residual.template cast<double>().rowwise().squaredNorm();
  std::vector<Index> worst(static_cast<std::size_t>(X.rows()));
  std::iota(worst.begin(), worst.end(), Index{0});
  std::stable_sort(worst.begin(), worst.end(), [&](Index a, Index b) { return size(a) > size(b); });

  std::size_t replaced = 0;
  MatrixOf<Scalar> taken(static_cast<Index>(units.size()), X.cols());
  for (const Index s : worst) {
    if (replaced == units.size()) break;
    const auto norm = X.row(s).norm();
    if (!(norm > 0)) continue;
    const VectorOf<Scalar> direction = X.row(s).transpose() / norm;
    const auto before = taken.topRows(static_cast<Index>(replaced));
    if (replaced > 0 && (before * direction).cwiseAbs().maxCoeff() >= static_cast<Scalar>(kSame)) {
      continue;
    }
    taken.row(static_cast<Index>(replaced)) = direction.transpose();
    W.row(units[replaced++]) = direction.transpose();
  }
  return static_cast<Index>(replaced);
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                              \
  template std::vector<Index> idle_units(const MatrixOf<Scalar>&, std::span<const std::int64_t>, \
                                         double, double, ThreadPool&);                           \
  template Index reseed(std::span<const Index>, const MatrixOf<Scalar>&,                         \
                        const ops::SparseCodes<Scalar>&, MatrixOf<Scalar>&, ThreadPool&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::train
