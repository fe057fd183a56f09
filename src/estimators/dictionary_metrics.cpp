#include "twofold/estimators/dictionary_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/numerics/assignment.hpp"

namespace twofold::estimators {
namespace {

Matrix unit_rows(const Matrix& W) {
  Matrix unit = W;
  for (Index i = 0; i < unit.rows(); ++i) {
    if (const double norm = unit.row(i).norm(); norm > 0.0) unit.row(i) /= norm;
  }
  return unit;
}

// Entries of one sample that are in both supports, `truth` translated to the atoms of `codes`.
std::int64_t hits(const ops::SparseCodes<double>& codes, const ops::SparseCodes<double>& truth,
                  const std::vector<Index>& partner, std::size_t sample) {
  const auto begin = codes.index.begin() + codes.offset[sample];
  const auto end = codes.index.begin() + codes.offset[sample + 1];
  std::int64_t count = 0;
  for (std::int64_t k = truth.offset[sample]; k < truth.offset[sample + 1]; ++k) {
    const auto atom = static_cast<std::size_t>(truth.index[static_cast<std::size_t>(k)]);
    const Index found = partner[atom];
    if (found >= 0 && std::binary_search(begin, end, static_cast<std::int32_t>(found))) ++count;
  }
  return count;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

AtomMatch match_atoms(const Matrix& W, const Matrix& A, bool signed_codes, double threshold) {
  require(W.cols() == A.cols() && A.rows() > 0, "estimators::match_atoms",
          fmt::format("{} atoms of length {} cannot be matched with {} of length {}", W.rows(),
                      W.cols(), A.rows(), A.cols()));
  const Matrix cosines = unit_rows(A) * unit_rows(W).transpose();
  const Matrix score = signed_codes ? Matrix(cosines.cwiseAbs()) : cosines;
  AtomMatch match;
  match.partner = numerics::maximal_assignment(score);
  for (Index j = 0; j < A.rows(); ++j) {
    const Index i = match.partner[static_cast<std::size_t>(j)];
    const double cosine = i < 0 ? 0.0 : score(j, i);
    match.cosine.push_back(cosine);
    match.mean_cosine += cosine;
    if (cosine > threshold) match.recovered += 1.0;
    if (i < 0) continue;
    const double sign = signed_codes && cosines(j, i) < 0.0 ? -1.0 : 1.0;
    match.squared_distance += (sign * W.row(i) - A.row(j)).squaredNorm();
  }
  match.mean_cosine /= static_cast<double>(A.rows());
  match.recovered /= static_cast<double>(A.rows());
  match.unique = W.rows() - duplicate_atoms(W);
  return match;
}

SupportScore support_score(const ops::SparseCodes<double>& codes,
                           const ops::SparseCodes<double>& truth,
                           const std::vector<Index>& partner) {
  constexpr auto where = "estimators::support_score";
  require(
      codes.rows() == truth.rows(), where,
      fmt::format("{} samples have codes, but {} have a true support", codes.rows(), truth.rows()));
  require(static_cast<Index>(partner.size()) == truth.atoms &&
              std::ranges::all_of(partner, [&](Index i) { return i >= -1 && i < codes.atoms; }),
          where,
          fmt::format("the partners of {} atoms do not fit {} true and {} learned ones",
                      partner.size(), truth.atoms, codes.atoms));
  std::int64_t found = 0, consistent = 0;
  for (Index s = 0; s < codes.rows(); ++s) {
    const auto i = static_cast<std::size_t>(s);
    const std::int64_t here = hits(codes, truth, partner, i);
    found += here;
    if (here == codes.offset[i + 1] - codes.offset[i] &&
        here == truth.offset[i + 1] - truth.offset[i]) {
      ++consistent;
    }
  }
  return {.precision = share(found, codes.size()),
          .recall = share(found, truth.size()),
          .f1 = share(2 * found, codes.size() + truth.size()),
          .consistent = share(consistent, codes.rows())};
}

double explained_variance(const ConstView<double>& X, const ConstView<double>& Xhat) {
  ExplainedVariance explained;
  explained.add(X, Xhat);
  return explained.value();
}

void ExplainedVariance::add(const ConstView<double>& X, const ConstView<double>& Xhat) {
  require(X.rows() == Xhat.rows() && X.cols() == Xhat.cols() &&
              (rows_ == 0 || X.cols() == mean_.size()),
          "estimators::ExplainedVariance",
          fmt::format("samples {} x {} and reconstructions {} x {} do not fit", X.rows(), X.cols(),
                      Xhat.rows(), Xhat.cols()));
  if (X.rows() == 0) return;
  residual_ += (X - Xhat).squaredNorm();
  const Vector block_mean = X.colwise().mean().transpose();
  scatter_ += (X.rowwise() - block_mean.transpose()).squaredNorm();
  // Two groups have their scatters and that of their means (Chan, Golub and LeVeque 1983).
  const auto before = static_cast<double>(rows_), now = static_cast<double>(X.rows());
  if (rows_ == 0) mean_ = Vector::Zero(X.cols());
  const Vector shift = block_mean - mean_;
  scatter_ += shift.squaredNorm() * before * now / (before + now);
  mean_ += shift * (now / (before + now));
  rows_ += static_cast<std::uint64_t>(X.rows());
}

double ExplainedVariance::value() const {
  require(scatter_ > 0.0, "estimators::ExplainedVariance",
          fmt::format("{} equal samples have no variance that could be explained", rows_));
  return 1.0 - residual_ / scatter_;
}

double ExplainedVariance::mean_square_error() const {
  const auto numbers = static_cast<double>(rows_) * static_cast<double>(mean_.size());
  return numbers > 0.0 ? residual_ / numbers : 0.0;
}

Index duplicate_atoms(const Matrix& W, double limit, bool either_sign) {
  const Matrix unit = unit_rows(W);
  const Matrix cosines = unit * unit.transpose();
  Index count = 0;
  for (Index i = 1; i < W.rows(); ++i) {
    const auto earlier = cosines.row(i).head(i);
    const double most = either_sign ? earlier.cwiseAbs().maxCoeff() : earlier.maxCoeff();
    if (most > limit) ++count;
  }
  return count;
}

}  // namespace twofold::estimators
