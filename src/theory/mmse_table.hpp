// mmse(t) of a prior for many t: interpolated on a fixed grid, whose nodes are computed on demand.
#pragma once

#include <vector>

#include "twofold/data/scalar_prior.hpp"

namespace twofold::theory {

/// ln mmse by six-point interpolation in ln t at spacing 1/8, kept between the two nodes beside t.
///
/// Accuracy: relative 2e-6 where mmse > 1e-6, 1e-7 for priors without atoms off 0. The value does
/// not depend on what was asked before. Not thread-safe.
class MmseTable {
 public:
  explicit MmseTable(data::ScalarPrior prior);

  /// @param t  > 0; outside [1e-12, 1e12]: t and 1, the limits of mmse from above.
  [[nodiscard]] double operator()(double t);

 private:
  double node(int index);

  data::ScalarPrior prior_;
  std::vector<double> log_mmse_;  // NaN: not computed yet
};

}  // namespace twofold::theory
