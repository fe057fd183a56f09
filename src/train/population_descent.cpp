#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "population_gradient.hpp"
#include "sign_descent.hpp"
#include "twofold/core/error.hpp"

namespace twofold::train {
namespace {

class FreshMasks final : public EncoderGradient {
 public:
  FreshMasks(const PopulationProblem& problem, Index n, Index d, std::uint64_t seed,
             std::string_view where)
      : sparsity_(problem.sparsity),
        masks_(problem.sparsity < 1 ? problem.masks : 1),
        seed_(seed),
        population_(problem, n, d, where) {
    require(problem.masks >= 1, where, fmt::format("masks must be >= 1, got {}", problem.masks));
  }

  double evaluate(std::int64_t k, const Matrix& B, Matrix& G, ThreadPool& pool) override {
    const Matrix masks = support_masks(sparsity_, masks_, B.cols(), seed_, "descent",
                                       static_cast<std::uint64_t>(k * masks_));
    const double loss = population_.loss(B, masks, pool);
    if (!std::isfinite(loss)) return loss;
    population_.gradient(B, masks, G, pool);
    G *= static_cast<double>(B.cols());
    return loss;
  }

 private:
  double sparsity_;
  Index masks_;
  std::uint64_t seed_;
  PopulationGradient population_;
};

}  // namespace

SignEncoderResult population_descent(Matrix start, const PopulationProblem& problem,
                                     const SignEncoderOptions& options, std::uint64_t seed,
                                     const SignEncoderHooks& hooks, ThreadPool& pool,
                                     Observer& observer) {
  constexpr std::string_view where = "train::population_descent";
  FreshMasks method(problem, start.rows(), start.cols(), seed, where);
  return descend(where, std::move(start), method, options, hooks, pool, observer);
}

}  // namespace twofold::train
