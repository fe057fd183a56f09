// m(v) by interpolation, for the many variances of a sample.
#pragma once

#include <vector>

#include "twofold/theory/mean_field_odd_slope.hpp"

namespace twofold::theory {

/// Cubic Hermite interpolation of m in ln v on [e^-18, e^10], step 1/128: error below 1e-10 in m
/// and 1e-8 in v m'. `derivative` is that of the interpolant, so the two are consistent. Outside
/// the range, and for a constant m, the moments themselves are evaluated.
class MeanSlopeTable {
 public:
  explicit MeanSlopeTable(OddSlope slope);

  struct Entry {
    double value, derivative;
  };
  [[nodiscard]] Entry operator()(double v) const;

 private:
  OddSlope slope_;
  std::vector<Entry> nodes_;  // m and dm/d ln v; empty for a constant m
};

}  // namespace twofold::theory
