// The gate that a dictionary ends with: a threshold where codes leave a valley, else the k largest.
#pragma once

#include "dictionary_training.hpp"

namespace twofold::estimators {

struct GateChoice {
  ops::Gate gate;
  double cross_talk = 0.0;  ///< root mean square of z of units that do not fire
  double valley = 0.0;      ///< emptiest place of the histogram of |z|
  double amplitude = 0.0;   ///< root mean square of z of units that fire
  double largest = 0.0;     ///< largest |z| (positive: z) of all
};

/// Looks at z = W x of up to 4096 rows. A threshold is taken where the valley is at least 4 times
/// the cross-talk and explains no less than the k largest do.
[[nodiscard]] GateChoice choose_gate(const MatrixF& rows, const MatrixF& atoms, Index sparsity,
                                     bool positive, ThreadPool& pool);

}  // namespace twofold::estimators
