#include "twofold/linalg/lanczos_quadrature.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "twofold/core/error.hpp"

namespace twofold {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// One column of B: its tridiagonal matrix grows by a row a step.
struct Column {
  std::vector<double> alpha, beta;
  double energy = 0.0;  // squared norm of the column
  double scale = 0.0;   // largest entry so far
  bool open = true;
};

void append_nodes(const Column& column, std::vector<std::pair<double, double>>& nodes) {
  const auto size = static_cast<Index>(column.alpha.size());
  if (size == 0) return;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> ritz;
  ritz.computeFromTridiagonal(Eigen::Map<const Vector>(column.alpha.data(), size),
                              Eigen::Map<const Vector>(column.beta.data(), size - 1));
  for (Index k = 0; k < size; ++k) {
    const double first = ritz.eigenvectors()(0, k);
    nodes.emplace_back(ritz.eigenvalues()[k], column.energy * first * first);
  }
}

// Turns the image A v into the next direction: (A v − α v − β v_before)/β_next.
void advance(Column& column, Index j, Matrix& image, Matrix& direction, Matrix& before) {
  auto rest = image.col(j);
  if (!column.open) {
    rest.setZero();
    return;
  }
  const double alpha = direction.col(j).dot(rest);
  rest -= alpha * direction.col(j);
  if (!column.beta.empty()) rest -= column.beta.back() * before.col(j);
  const double beta = rest.norm();
  column.scale = std::max({column.scale, std::abs(alpha), beta});
  column.alpha.push_back(alpha);
  column.beta.push_back(beta);
  column.open = beta > static_cast<double>(image.rows()) * kEpsilon * column.scale;
  if (column.open) rest /= beta;
}

}  // namespace

SpectralQuadrature lanczos_quadrature(const SymmetricOperator& A, const ConstView<double>& B,
                                      int steps) {
  constexpr auto where = "linalg::lanczos_quadrature";
  require(B.rows() >= 1 && B.cols() >= 1, where,
          fmt::format("B must not be empty, got {}x{}", B.rows(), B.cols()));
  require(steps >= 1, where, fmt::format("steps must be >= 1, got {}", steps));
  std::vector<Column> columns(static_cast<std::size_t>(B.cols()));
  Matrix direction = B, before = Matrix::Zero(B.rows(), B.cols()), image(B.rows(), B.cols());
  for (Index j = 0; j < B.cols(); ++j) {
    Column& column = columns[static_cast<std::size_t>(j)];
    column.energy = B.col(j).squaredNorm();
    column.open = column.energy > 0.0;
    if (column.open) direction.col(j) /= direction.col(j).norm();
  }
  const auto open = [](const Column& column) { return column.open; };
  for (int step = 0; step < steps && std::ranges::any_of(columns, open); ++step) {
    A(direction, image);
    for (Index j = 0; j < B.cols(); ++j) {
      advance(columns[static_cast<std::size_t>(j)], j, image, direction, before);
    }
    std::swap(before, direction);
    std::swap(direction, image);
  }
  std::vector<std::pair<double, double>> nodes;
  for (const Column& column : columns) append_nodes(column, nodes);
  std::ranges::sort(nodes, std::greater{});
  SpectralQuadrature result{Vector(static_cast<Index>(nodes.size())),
                            Vector(static_cast<Index>(nodes.size()))};
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    result.nodes[static_cast<Index>(k)] = nodes[k].first;
    result.weights[static_cast<Index>(k)] = nodes[k].second;
  }
  return result;
}

}  // namespace twofold
