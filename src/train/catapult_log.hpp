// Finds the catapults of a loss curve as it is computed.
#pragma once

#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/train/tangent_descent.hpp"

namespace twofold::train {

class CatapultLog {
 public:
  /// @param floor  rises from a loss of at most this are rounding.
  explicit CatapultLog(double floor);

  /// The loss after update number k - 1, and the one before it. @return whether it rose.
  bool observe(std::int64_t k, double before, double after);

  [[nodiscard]] std::int64_t count() const noexcept { return count_; }

  /// The first ones, and the one that is not over, if any.
  [[nodiscard]] std::vector<Catapult> all() const;

  /// For a checkpoint, and from it.
  [[nodiscard]] Matrix save() const;
  void restore(const Matrix& saved);

 private:
  double floor_;
  std::vector<Catapult> ended_;  // the first ones
  std::int64_t count_ = 0;
  bool up_ = false;
  Catapult current_;
};

}  // namespace twofold::train
