#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "tangent_geometry.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/tangent_kernel_movement.hpp"

namespace twofold::theory {
namespace {

// Rows closer to the line of x_i than this flip together with it.
constexpr double kParallel = 1.0 - 1e-14;

// Lengths ‖Σ_j α_j M_j‖ = √(α MMᵀ αᵀ) of the rows α.
Vector lengths(const Matrix& alpha, const Matrix& drive) {
  Matrix images(alpha.rows(), drive.cols());
  gemm(Trans::No, Trans::No, 1.0, alpha, drive, 0.0, images);
  return images.cwiseProduct(alpha).rowwise().sum().cwiseMax(0.0).cwiseSqrt();
}

struct Boundary {
  const UnitRows& unit;
  const Matrix& drive;
  const BoundaryOptions& options;

  // Mean over both sides of the coin, per draw, of E‖.‖/ρ_i for sample i.
  [[nodiscard]] Vector draws(Index i) const {
    const Matrix w = neurons_on_boundary(i);
    Matrix signs(w.rows(), unit.rows.rows());
    gemm(Trans::No, Trans::Yes, 1.0, w, unit.rows, 0.0, signs);
    const Vector cosines = unit.rows * unit.rows.row(i).transpose();
    Matrix alpha = signs.unaryExpr([](double z) { return z >= 0.0 ? 1.0 : 0.0; });
    Vector sum = Vector::Zero(w.rows());
    for (const double coin : {0.0, 1.0}) {
      for (Index j = 0; j < cosines.size(); ++j) {
        if (std::abs(cosines[j]) > kParallel) {
          alpha.col(j).setConstant(cosines[j] > 0.0 ? coin : 1.0 - coin);
        }
      }
      const Vector weights = cosines.cwiseProduct(unit.norms);
      sum += 0.5 * lengths(alpha * weights.asDiagonal(), drive);
    }
    return sum;
  }

 private:
  [[nodiscard]] Matrix neurons_on_boundary(Index i) const {
    const RandomStream stream(options.seed, "flip boundaries");
    Matrix w(options.draws, unit.rows.cols());
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span(w.data(), static_cast<std::size_t>(w.size())));
    const Vector along = w * unit.rows.row(i).transpose();
    w -= along * unit.rows.row(i);
    return w;
  }
};

// Samples i that stand for all: not zero, evenly spaced.
std::vector<Index> chosen_samples(const Vector& norms, Index most) {
  std::vector<Index> nonzero;
  for (Index i = 0; i < norms.size(); ++i) {
    if (norms[i] > 0.0) nonzero.push_back(i);
  }
  const auto count = static_cast<Index>(nonzero.size());
  if (count <= most) return nonzero;
  std::vector<Index> chosen;
  for (Index k = 0; k < most; ++k) {
    chosen.push_back(nonzero[static_cast<std::size_t>(k * count / most)]);
  }
  return chosen;
}

}  // namespace

numerics::MeanAndError flip_fraction_on_boundaries(ThreadPool& pool, const ConstView<double>& X,
                                                   const KernelRates& rates, const Matrix& drive,
                                                   Index neurons, const BoundaryOptions& options) {
  constexpr auto where = "theory::flip_fraction_on_boundaries";
  const UnitRows unit = unit_rows(X, where);
  check_rates(rates, where);
  require(drive.rows() == X.rows() && drive.cols() == X.rows(), where,
          fmt::format("drive must be {0}x{0}, got {1}x{2}", X.rows(), drive.rows(), drive.cols()));
  require(neurons >= 1 && options.draws >= 2 && options.samples >= 1, where,
          fmt::format("need neurons >= 1, draws >= 2 and samples >= 1, got {}, {} and {}", neurons,
                      options.draws, options.samples));
  const std::vector<Index> chosen = chosen_samples(unit.norms, options.samples);
  if (chosen.empty()) return {};
  const Boundary boundary{unit, drive, options};
  const auto count = static_cast<Index>(chosen.size());
  const auto draws = static_cast<double>(options.draws);
  Vector means(count), variances(count);
  pool.run(count, [&](Index k) {
    const Vector values = boundary.draws(chosen[static_cast<std::size_t>(k)]);
    means[k] = values.mean();
    variances[k] = (values.array() - means[k]).square().sum() / ((draws - 1.0) * draws);
  });
  const double size = static_cast<double>(neurons) * static_cast<double>(X.cols());
  const double scale = rates.encoder / (std::numbers::pi * std::sqrt(size));
  const auto samples = static_cast<double>(count);
  return {scale * means.mean(), scale * std::sqrt(variances.sum()) / samples};
}

}  // namespace twofold::theory
