#include "population_gradient.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

constexpr double kTwoOverPi = 2 / std::numbers::pi;
constexpr double kRidge = 1e-9;
// Least 1 - cos² in the slope of arcsin.
constexpr double kLeastSquaredSine = 2e-6;
// Partial sums in memory; masks are cut into that many blocks whatever the pool.
constexpr Index kBlocks = 16;

// Of a cosine with rounding errors: rows that are parallel on a mask, as all are on a mask of one
// coordinate, give exactly ±π/2. Otherwise an error of 1e-16 would become one of 1e-8.
double arcsine(double cosine) {
  constexpr double kParallel = 1 - 4 * std::numeric_limits<double>::epsilon();
  if (std::abs(cosine) > kParallel) return std::copysign(std::numbers::pi / 2, cosine);
  return std::asin(cosine);
}

}  // namespace

PopulationGradient::PopulationGradient(const PopulationProblem& problem, Index n, Index d,
                                       std::string_view where)
    : deviations_(problem.deviations) {
  if (deviations_.size() == 0) deviations_ = Vector::Ones(d);
  require(n >= 1 && d >= 1, where, fmt::format("B must not be empty, got {}x{}", n, d));
  require(problem.sparsity > 0 && problem.sparsity <= 1, where,
          fmt::format("sparsity must be in (0, 1], got {}", problem.sparsity));
  require(deviations_.size() == d, where,
          fmt::format("B has {} columns, but there are {} deviations", d, deviations_.size()));
  variance_ = deviations_.squaredNorm();
  require(deviations_.minCoeff() >= 0 && variance_ > 0 && std::isfinite(variance_), where,
          "deviations must be finite, >= 0 and not all 0");
  slope_ = std::sqrt(kTwoOverPi / problem.sparsity);
  gram_.resize(n, n);
  cross_.resize(n, d);
}

PopulationGradient::Block PopulationGradient::make_block() const {
  const Index n = cross_.rows(), d = cross_.cols();
  Block block;
  block.support.reserve(static_cast<std::size_t>(d));
  block.U.resize(n, d);
  block.dU.resize(n, d);
  block.inverse_norm.resize(n);
  block.cosines.resize(n, n);
  block.gram.resize(n, n);
  block.wide.resize(n, d);
  return block;
}

// per_mask(mask, block) over all masks: those of a block in order, blocks in parallel.
template <typename PerMask>
void PopulationGradient::for_each_mask(const Matrix& masks, ThreadPool& pool, PerMask&& per_mask) {
  const Index size = num_blocks(masks.rows(), kBlocks);
  blocks_used_ = num_blocks(masks.rows(), size);
  while (static_cast<Index>(blocks_.size()) < blocks_used_) blocks_.push_back(make_block());
  parallel_for(pool, masks.rows(), size, [&](Index begin, Index end) {
    Block& block = blocks_[static_cast<std::size_t>(begin / size)];
    block.gram.setZero();
    block.wide.setZero();
    for (Index mask = begin; mask < end; ++mask) per_mask(mask, block);
  });
}

// U = rows of B ∘ (s m) divided by their norms, on the support only; and its cosines.
void PopulationGradient::project(const Matrix& B, const Matrix& masks, Index mask,
                                 Block& block) const {
  block.support.clear();
  for (Index j = 0; j < B.cols(); ++j) {
    if (masks(mask, j) != 0) block.support.push_back(j);
  }
  const auto k = static_cast<Index>(block.support.size());
  auto U = block.U.leftCols(k);
  for (Index i = 0; i < B.rows(); ++i) {
    for (Index c = 0; c < k; ++c) {
      const Index j = block.support[static_cast<std::size_t>(c)];
      U(i, c) = B(i, j) * deviations_[j];
    }
    const double norm = U.row(i).norm();
    block.inverse_norm[i] = norm == 0 ? 0 : 1 / norm;
    U.row(i) *= block.inverse_norm[i];
  }
  gemm(Trans::No, Trans::Yes, 1.0, U, U, 0.0, block.cosines);
}

void PopulationGradient::add_moments(Block& block) const {
  const Index n = cross_.rows();
  const auto k = static_cast<Index>(block.support.size());
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) {
      block.gram(i, j) += arcsine(block.cosines(i, j));
    }
    for (Index c = 0; c < k; ++c) {
      const Index j = block.support[static_cast<std::size_t>(c)];
      block.wide(i, j) += block.U(i, c) * deviations_[j];
    }
  }
}

double PopulationGradient::loss(const Matrix& B, const Matrix& masks, ThreadPool& pool) {
  for_each_mask(masks, pool, [&](Index mask, Block& block) {
    project(B, masks, mask, block);
    add_moments(block);
  });
  gram_ = blocks_[0].gram;
  cross_ = blocks_[0].wide;
  for (Index b = 1; b < blocks_used_; ++b) {
    gram_ += blocks_[static_cast<std::size_t>(b)].gram;
    cross_ += blocks_[static_cast<std::size_t>(b)].wide;
  }
  const auto count = static_cast<double>(masks.rows());
  gram_ *= kTwoOverPi / count;
  gram_.diagonal().setOnes();
  cross_ *= slope_ / count;
  if (!decoder_.fit(gram_, cross_, kRidge, pool)) return std::numeric_limits<double>::quiet_NaN();
  return 1 - cross_.cwiseProduct(decoder_.rows()).sum() / variance_;
}

// With V = B_i ∘ (s m), U = V/‖V‖: Σs² dR = −2⟨A, dC⟩ + ⟨AᵀA, dK⟩ through U, then V, then B.
void PopulationGradient::add_gradient(Block& block) const {
  const auto k = static_cast<Index>(block.support.size());
  const auto U = block.U.leftCols(k);
  auto dU = block.dU.leftCols(k);
  auto& pull = block.cosines;
  pull.array() = coupling_.array() / (1 - pull.array().square()).max(kLeastSquaredSine).sqrt();
  gemm(Trans::No, Trans::No, 2 * kTwoOverPi, pull, U, 0.0, dU);
  for (Index i = 0; i < U.rows(); ++i) {
    for (Index c = 0; c < k; ++c) {
      const Index j = block.support[static_cast<std::size_t>(c)];
      dU(i, c) -= 2 * slope_ * deviations_[j] * decoder_.rows()(i, j);
    }
    const double along = dU.row(i).dot(U.row(i));
    for (Index c = 0; c < k; ++c) {
      const Index j = block.support[static_cast<std::size_t>(c)];
      block.wide(i, j) += (dU(i, c) - along * U(i, c)) * (block.inverse_norm[i] * deviations_[j]);
    }
  }
}

void PopulationGradient::gradient(const Matrix& B, const Matrix& masks, Matrix& gradient,
                                  ThreadPool& pool) {
  coupling_ = decoder_.overlap();
  coupling_.diagonal().setZero();
  for_each_mask(masks, pool, [&](Index mask, Block& block) {
    project(B, masks, mask, block);
    add_gradient(block);
  });
  gradient = blocks_[0].wide;
  for (Index b = 1; b < blocks_used_; ++b) gradient += blocks_[static_cast<std::size_t>(b)].wide;
  gradient /= static_cast<double>(masks.rows()) * variance_;
}

}  // namespace twofold::train
