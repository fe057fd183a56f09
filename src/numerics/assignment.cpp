#include "twofold/numerics/assignment.hpp"

#include <dlib/optimization/max_cost_assignment.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "twofold/core/error.hpp"

namespace twofold::numerics {

std::vector<Index> maximal_assignment(const Matrix& score) {
  require(score.allFinite(), "numerics::maximal_assignment", "scores must be finite");
  std::vector<Index> partner(static_cast<std::size_t>(score.rows()), -1);
  if (score.size() == 0) return partner;

  // dlib wants a square matrix of integers: a missing row or column scores the same with every
  // partner, so it does not influence the choice among the others.
  const Index n = std::max(score.rows(), score.cols());
  // Halved before subtracting, so that the range of finite scores is finite.
  const double low = 0.5 * score.minCoeff(), range = 0.5 * score.maxCoeff() - low;
  dlib::matrix<std::int64_t> cost(n, n);
  cost = 0;
  for (Index i = 0; range > 0.0 && i < score.rows(); ++i) {
    for (Index j = 0; j < score.cols(); ++j) {
      cost(i, j) = std::llround((0.5 * score(i, j) - low) / range * 0x1p40);
    }
  }
  const std::vector<long> columns = dlib::max_cost_assignment(cost);
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (columns[i] < score.cols()) partner[i] = columns[i];
  }
  return partner;
}

}  // namespace twofold::numerics
