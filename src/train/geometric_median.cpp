#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/train/topk_training.hpp"

namespace twofold::train {

Vector geometric_median(const Matrix& X, double tolerance, int iterations) {
  constexpr std::string_view where = "train::geometric_median";
  require(X.rows() >= 1 && X.cols() >= 1, where, "there must be rows");
  require(X.allFinite(), where, "rows must be finite");
  Vector y = X.colwise().mean();
  for (int t = 0; t < iterations; ++t) {
    // Pull of the rows away from y, R = Σ (x − y)/‖x − y‖, and their mean by the same weights.
    Vector pull = Vector::Zero(X.cols());
    double weights = 0, distances = 0, here = 0;
    for (Index s = 0; s < X.rows(); ++s) {
      const Vector away = X.row(s).transpose() - y;
      const double distance = away.norm();
      distances += distance;
      if (distance == 0) {
        ++here;
        continue;
      }
      weights += 1 / distance;
      pull += away / distance;
    }
    // Rows at y hold it with force `here`: y is the median unless the others pull harder.
    if (pull.norm() <= here) break;
    const Vector move = (1 - here / pull.norm()) * pull / weights;
    y += move;
    if (move.norm() <= tolerance * distances / static_cast<double>(X.rows())) break;
  }
  return y;
}

}  // namespace twofold::train
