#include <fmt/core.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/linalg/symmetric_operator.hpp"

namespace twofold {
namespace {

using Row = Eigen::Array<double, 1, Eigen::Dynamic>;

Row column_dots(const Matrix& a, const Matrix& b) {
  return a.cwiseProduct(b).colwise().sum().array();
}

// numerator/denominator where the column still runs, else 0.
Row quotient(const Row& numerator, const Row& denominator, const Eigen::Array<bool, 1, -1>& runs) {
  return runs.select(numerator / denominator, 0.0);
}

}  // namespace

LinearSolution conjugate_gradient(const SymmetricOperator& A, const ConstView<double>& B,
                                  const ConjugateGradientOptions& options) {
  constexpr auto where = "linalg::conjugate_gradient";
  require(B.size() > 0, where, fmt::format("B is empty, {}x{}", B.rows(), B.cols()));
  require(options.tolerance > 0.0 && options.max_iterations >= 1, where,
          fmt::format("need tolerance > 0 and max_iterations >= 1, got {} and {}",
                      options.tolerance, options.max_iterations));
  LinearSolution solution{Matrix::Zero(B.rows(), B.cols())};
  Matrix residual = B, direction = B, image(B.rows(), B.cols());
  Row squares = column_dots(residual, residual);
  const Row scale = (squares > 0.0).select(squares, 1.0);
  for (;;) {
    const Row relative = (squares / scale).sqrt();
    solution.residual = relative.maxCoeff();
    if (!squares.allFinite()) solution.status = SolveStatus::NonFinite;
    if (!squares.allFinite() || solution.residual <= options.tolerance) return solution;
    if (solution.iterations == options.max_iterations) {
      solution.status = SolveStatus::MaxIterations;
      return solution;
    }
    // A finished column stands still; the others go on.
    const Eigen::Array<bool, 1, -1> runs = relative > options.tolerance;
    A(direction, image);
    ++solution.iterations;
    const Row curvature = column_dots(direction, image);
    if ((runs && !(curvature > 0.0)).any()) {
      const bool finite = curvature.allFinite();
      solution.status = finite ? SolveStatus::Diverged : SolveStatus::NonFinite;
      return solution;
    }
    const Row step = quotient(squares, curvature, runs);
    solution.x += direction * step.matrix().asDiagonal();
    residual -= image * step.matrix().asDiagonal();
    const Row next = column_dots(residual, residual);
    direction = residual + direction * quotient(next, squares, runs).matrix().asDiagonal();
    squares = next;
  }
}

}  // namespace twofold
