#include "twofold/theory/tangent_kernel.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "tangent_geometry.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

constexpr Index kBlock = 64;  // rows whose cosines are computed at once

TangentKernels empty_kernels(Index rows, Index columns) {
  return {Matrix(rows, columns), Matrix(rows, columns), Matrix(rows, columns)};
}

void set_entry(TangentKernels& kernels, Index i, Index j, const PairAngle& angle, double norms) {
  constexpr double over_two_pi = 0.5 / std::numbers::pi;
  if (norms == 0.0) {
    kernels.encoder(i, j) = kernels.decoder(i, j) = kernels.active(i, j) = 0.0;
    return;
  }
  const double active = angle.supplement * over_two_pi;
  kernels.active(i, j) = active;
  kernels.encoder(i, j) = norms * angle.cosine * active;
  kernels.decoder(i, j) = norms * (angle.sine * over_two_pi + angle.cosine * active);
}

// θ = 0 exactly: what a rounded cosine would give here is wrong by √eps.
void set_diagonal(TangentKernels& kernels, const Vector& norms) {
  for (Index i = 0; i < norms.size(); ++i) {
    const double half_square = 0.5 * norms[i] * norms[i];
    kernels.encoder(i, i) = kernels.decoder(i, i) = half_square;
    kernels.active(i, i) = norms[i] > 0.0 ? 0.5 : 0.0;
  }
}

void mirror_lower(Matrix& matrix) {
  matrix.triangularView<Eigen::StrictlyUpper>() = matrix.transpose();
}

}  // namespace

double angle(const Vector& x, const Vector& y) {
  constexpr auto where = "theory::angle";
  require(x.size() == y.size(), where,
          fmt::format("vectors must have equal lengths, got {} and {}", x.size(), y.size()));
  const UnitRows a = unit_rows(x.transpose(), where), b = unit_rows(y.transpose(), where);
  require(a.norms[0] > 0.0 && b.norms[0] > 0.0, where, "a vector of zeros has no angle");
  // atan2 with the arguments exchanged: near θ = 0 it is θ, not π − θ, that must be accurate.
  const Vector difference = (a.rows - b.rows).transpose(), sum = (a.rows + b.rows).transpose();
  return 2.0 * std::atan2(difference.norm(), sum.norm());
}

TangentKernels tangent_kernels(ThreadPool& pool, const ConstView<double>& X) {
  const UnitRows unit = unit_rows(X, "theory::tangent_kernels");
  const Index n = X.rows(), d = X.cols();
  TangentKernels kernels = empty_kernels(n, n);
  parallel_for(pool, n, kBlock, [&](Index begin, Index end) {
    Matrix cosines(end - begin, end);
    gemm(Trans::No, Trans::Yes, 1.0, unit.rows.middleRows(begin, end - begin),
         unit.rows.topRows(end), 0.0, cosines);
    for (Index i = begin; i < end; ++i) {
      for (Index j = 0; j < i; ++j) {
        const PairAngle angle =
            pair_angle(cosines(i - begin, j), unit.rows.row(i).data(), unit.rows.row(j).data(), d);
        set_entry(kernels, i, j, angle, unit.norms[i] * unit.norms[j]);
      }
    }
  });
  set_diagonal(kernels, unit.norms);
  for (Matrix* matrix : {&kernels.encoder, &kernels.decoder, &kernels.active}) {
    mirror_lower(*matrix);
  }
  return kernels;
}

TangentKernels tangent_kernels(ThreadPool& pool, const ConstView<double>& Q,
                               const ConstView<double>& X) {
  constexpr auto where = "theory::tangent_kernels";
  require(Q.cols() == X.cols(), where,
          fmt::format("queries have dimension {}, samples {}", Q.cols(), X.cols()));
  const UnitRows queries = unit_rows(Q, where), samples = unit_rows(X, where);
  const Index p = Q.rows(), n = X.rows(), d = X.cols();
  TangentKernels kernels = empty_kernels(p, n);
  parallel_for(pool, p, kBlock, [&](Index begin, Index end) {
    Matrix cosines(end - begin, n);
    gemm(Trans::No, Trans::Yes, 1.0, queries.rows.middleRows(begin, end - begin), samples.rows, 0.0,
         cosines);
    for (Index i = begin; i < end; ++i) {
      for (Index j = 0; j < n; ++j) {
        const PairAngle angle = pair_angle(cosines(i - begin, j), queries.rows.row(i).data(),
                                           samples.rows.row(j).data(), d);
        set_entry(kernels, i, j, angle, queries.norms[i] * samples.norms[j]);
      }
    }
  });
  return kernels;
}

Matrix combine(const TangentKernels& kernels, const KernelRates& rates) {
  check_rates(rates, "theory::combine");
  return rates.encoder * kernels.encoder + rates.decoder * kernels.decoder;
}

}  // namespace twofold::theory
