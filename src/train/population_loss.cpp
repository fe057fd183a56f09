#include "twofold/train/population_loss.hpp"

#include <fmt/format.h>

#include <limits>
#include <span>

#include "population_gradient.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::train {
namespace {

void check_masks(const Matrix& B, const Matrix& masks, std::string_view where) {
  require(masks.rows() >= 1 && masks.cols() == B.cols(), where,
          fmt::format("masks must be Mx{} with M >= 1, got {}x{}", B.cols(), masks.rows(),
                      masks.cols()));
}

}  // namespace

Matrix support_masks(double sparsity, Index count, Index dimension, std::uint64_t seed,
                     std::string_view split, std::uint64_t first) {
  constexpr std::string_view where = "train::support_masks";
  require(sparsity > 0 && sparsity <= 1, where,
          fmt::format("sparsity must be in (0, 1], got {}", sparsity));
  require(count >= 1 && dimension >= 1, where,
          fmt::format("needs count >= 1 and dimension >= 1, got {} and {}", count, dimension));
  const RandomStream stream(seed, fmt::format("train.masks.{}", split));
  Matrix masks(count, dimension);
  for (Index t = 0; t < count; ++t) {
    stream.fill_uniform(first + static_cast<std::uint64_t>(t),
                        std::span(masks.row(t).data(), static_cast<std::size_t>(dimension)));
  }
  return (masks.array() < sparsity).cast<double>();
}

double population_loss(const Matrix& B, const PopulationProblem& problem, const Matrix& masks,
                       ThreadPool& pool) {
  constexpr std::string_view where = "train::population_loss";
  PopulationGradient population(problem, B.rows(), B.cols(), where);
  check_masks(B, masks, where);
  return population.loss(B, masks, pool);
}

double population_loss_gradient(const Matrix& B, const PopulationProblem& problem,
                                const Matrix& masks, Matrix& gradient, ThreadPool& pool) {
  constexpr std::string_view where = "train::population_loss_gradient";
  PopulationGradient population(problem, B.rows(), B.cols(), where);
  check_masks(B, masks, where);
  const double loss = population.loss(B, masks, pool);
  if (std::isfinite(loss)) {
    population.gradient(B, masks, gradient, pool);
  } else {
    gradient = Matrix::Constant(B.rows(), B.cols(), std::numeric_limits<double>::quiet_NaN());
  }
  return loss;
}

}  // namespace twofold::train
