#include <fmt/core.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/symmetric_operator.hpp"

namespace twofold {
namespace {

constexpr int kCheckEvery = 5;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// Rows q_0, q_1, ... orthonormal with A q_k = β_{k-1} q_{k-1} + α_k q_k + β_k q_{k+1}.
class Lanczos {
 public:
  Lanczos(const SymmetricOperator& A, Index n, const LanczosOptions& options)
      : A_(A), basis_(std::min<Index>(options.max_products, n) + 1, n), image_(n, 1) {
    RandomStream(options.seed, "lanczos")
        .fill_normal(0, std::span(basis_.row(0).data(), static_cast<std::size_t>(n)));
    basis_.row(0).normalize();
  }

  [[nodiscard]] Index steps() const { return steps_; }
  [[nodiscard]] bool full() const { return steps_ + 1 == basis_.rows(); }

  // One product; false if what is left of it is rounding: the space is invariant.
  bool advance() {
    const Index k = steps_;
    const Vector direction = basis_.row(k).transpose();
    A_(Eigen::Map<const Matrix>(direction.data(), direction.size(), 1), image_);
    Vector rest = image_.col(0);
    alpha_.conservativeResize(k + 1);
    beta_.conservativeResize(k + 1);
    alpha_[k] = direction.dot(rest);
    norm_ = std::max({norm_, std::abs(alpha_[k]), rest.norm()});
    const auto known = basis_.topRows(k + 1);
    for (int pass = 0; pass < 2; ++pass) {
      const Vector overlap = known * rest;
      rest -= known.transpose() * overlap;
    }
    beta_[k] = rest.norm();
    ++steps_;
    const bool more = beta_[k] > static_cast<double>(direction.size()) * kEpsilon * norm_;
    if (more) basis_.row(k + 1) = (rest / beta_[k]).transpose();
    return more;
  }

  // Eigenvalues of the tridiagonal matrix and the residuals of their vectors.
  [[nodiscard]] ExtremeEigenvalues ends() const {
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> ritz;
    ritz.computeFromTridiagonal(alpha_, beta_.head(steps_ - 1));
    const Vector& values = ritz.eigenvalues();
    const Index last = steps_ - 1;
    const double beta = beta_[last];
    return {values[last], values[0], beta * std::abs(ritz.eigenvectors()(last, last)),
            beta * std::abs(ritz.eigenvectors()(last, 0)), static_cast<int>(steps_)};
  }

 private:
  const SymmetricOperator& A_;
  Matrix basis_;
  Matrix image_;
  Vector alpha_, beta_;
  double norm_ = 0.0;
  Index steps_ = 0;
};

bool accurate(const ExtremeEigenvalues& ends, double tolerance) {
  const double floor = 1e-10 * std::abs(ends.largest);
  return ends.largest_error <= tolerance * std::max(std::abs(ends.largest), floor) &&
         ends.smallest_error <= tolerance * std::max(std::abs(ends.smallest), floor);
}

}  // namespace

ExtremeEigenvalues extreme_eigenvalues(const SymmetricOperator& A, Index n,
                                       const LanczosOptions& options) {
  constexpr auto where = "linalg::extreme_eigenvalues";
  require(n >= 1, where, fmt::format("n must be >= 1, got {}", n));
  require(options.tolerance > 0.0 && options.max_products >= 1, where,
          fmt::format("need tolerance > 0 and max_products >= 1, got {} and {}", options.tolerance,
                      options.max_products));
  Lanczos lanczos(A, n, options);
  for (;;) {
    const bool more = lanczos.advance();
    const bool last = !more || lanczos.full();
    if (!last && lanczos.steps() % kCheckEvery != 0) continue;
    ExtremeEigenvalues ends = lanczos.ends();
    if (!std::isfinite(ends.largest) || !std::isfinite(ends.largest_error)) {
      ends.status = SolveStatus::NonFinite;
      return ends;
    }
    if (!more || lanczos.steps() == n || accurate(ends, options.tolerance)) return ends;
    if (last) {
      ends.status = SolveStatus::MaxIterations;
      return ends;
    }
  }
}

}  // namespace twofold
