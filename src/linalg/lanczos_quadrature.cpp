#include "twofold/linalg/lanczos_quadrature.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <tuple>
#include <utility>

#include "twofold/core/error.hpp"

namespace twofold {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

using Ritz = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

// Of the tridiagonal matrix that a column has grown to; ascending.
Ritz decompose(std::span<const double> alpha, std::span<const double> beta) {
  const auto size = static_cast<Index>(alpha.size());
  Ritz ritz;
  ritz.computeFromTridiagonal(Eigen::Map<const Vector>(alpha.data(), size),
                              Eigen::Map<const Vector>(beta.data(), size - 1));
  return ritz;
}

}  // namespace

ColumnLanczos::ColumnLanczos(Matrix B)
    : columns_(static_cast<std::size_t>(B.cols())), direction_(std::move(B)) {
  require(direction_.rows() >= 1 && direction_.cols() >= 1, "linalg::ColumnLanczos",
          fmt::format("B must not be empty, got {}x{}", direction_.rows(), direction_.cols()));
  before_ = Matrix::Zero(direction_.rows(), direction_.cols());
  image_.resize(direction_.rows(), direction_.cols());
  for (Index j = 0; j < direction_.cols(); ++j) {
    Column& column = columns_[static_cast<std::size_t>(j)];
    column.energy = direction_.col(j).squaredNorm();
    column.open = column.energy > 0.0;
    if (column.open) direction_.col(j) /= direction_.col(j).norm();
  }
}

// Turns the image A v into the next direction: (A v − α v − β v_before)/β_next.
void ColumnLanczos::advance_column(Index j) {
  Column& column = columns_[static_cast<std::size_t>(j)];
  auto rest = image_.col(j);
  if (!column.open) {
    rest.setZero();
    return;
  }
  const double alpha = direction_.col(j).dot(rest);
  rest -= alpha * direction_.col(j);
  if (!column.beta.empty()) rest -= column.beta.back() * before_.col(j);
  const double beta = rest.norm();
  column.scale = std::max({column.scale, std::abs(alpha), beta});
  column.alpha.push_back(alpha);
  column.beta.push_back(beta);
  column.open = beta > static_cast<double>(image_.rows()) * kEpsilon * column.scale;
  if (column.open) rest /= beta;
}

bool ColumnLanczos::advance(const SymmetricOperator& A) {
  const auto open = [](const Column& column) { return column.open; };
  if (!std::ranges::any_of(columns_, open)) return false;
  A(direction_, image_);
  for (Index j = 0; j < direction_.cols(); ++j) advance_column(j);
  std::swap(before_, direction_);
  std::swap(direction_, image_);
  ++steps_;
  return std::ranges::any_of(columns_, open);
}

SpectralQuadrature ColumnLanczos::quadrature(Index first, Index count) const {
  std::vector<std::pair<double, double>> nodes;
  for (Index j = first; j < first + count; ++j) {
    const Column& column = columns_.at(static_cast<std::size_t>(j));
    if (column.alpha.empty()) continue;
    const Ritz ritz = decompose(column.alpha, column.beta);
    for (Index k = 0; k < ritz.eigenvalues().size(); ++k) {
      const double share = ritz.eigenvectors()(0, k);
      nodes.emplace_back(ritz.eigenvalues()[k], column.energy * share * share);
    }
  }
  std::ranges::sort(nodes, std::greater{});
  const auto size = static_cast<Index>(nodes.size());
  SpectralQuadrature result{Vector(size), Vector(size)};
  for (Index k = 0; k < size; ++k) {
    std::tie(result.nodes[k], result.weights[k]) = nodes[static_cast<std::size_t>(k)];
  }
  return result;
}

SpectrumEnds ColumnLanczos::ends(Index first, Index count) const {
  SpectrumEnds ends;
  bool any = false;
  for (Index j = first; j < first + count; ++j) {
    const Column& column = columns_.at(static_cast<std::size_t>(j));
    if (column.alpha.empty()) continue;
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    if (!std::isfinite(column.alpha.back() + column.beta.back())) return {kNone, kNone, kNone};
    const Ritz ritz = decompose(column.alpha, column.beta);
    const Index last = ritz.eigenvalues().size() - 1;
    if (!any || ritz.eigenvalues()[last] > ends.largest) {
      ends.largest = ritz.eigenvalues()[last];
      ends.largest_error = column.beta.back() * std::abs(ritz.eigenvectors()(last, last));
    }
    ends.smallest = any ? std::min(ends.smallest, ritz.eigenvalues()[0]) : ritz.eigenvalues()[0];
    any = true;
  }
  return ends;
}

SpectralQuadrature lanczos_quadrature(const SymmetricOperator& A, const ConstView<double>& B,
                                      int steps) {
  require(steps >= 1, "linalg::lanczos_quadrature",
          fmt::format("steps must be >= 1, got {}", steps));
  ColumnLanczos columns(B);
  while (columns.steps() < steps && columns.advance(A)) {
  }
  return columns.quadrature(0, B.cols());
}

}  // namespace twofold
