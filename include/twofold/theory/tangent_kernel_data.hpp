// What in a set of samples decides the smallest eigenvalue: near pairs, copies, zeros, norms.
#pragma once

#include <functional>
#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

struct SamplePair {
  Index first, second;  ///< row numbers, first < second
  double angle;         ///< θ in [0, π]
};

struct SampleReport {
  Index zero_rows = 0;  ///< rows that are 0
  Index copies = 0;     ///< pairs at θ <= same_angle with norms equal to 1e-6
  Index scaled = 0;     ///< pairs at θ <= same_angle of different norms
  Index opposites = 0;  ///< pairs at π − θ <= same_angle
  double smallest_norm = 0.0, median_norm = 0.0, largest_norm = 0.0;  ///< of rows that are not 0
  std::vector<SamplePair> closest = {};  ///< smallest θ first, ties by row numbers
};

struct SampleReportOptions {
  Index closest = 10;        ///< pairs to be named, >= 0
  double same_angle = 1e-7;  ///< radians, >= 0: closer pairs count as parallel
};

/// Cost n² d flops in single precision, which leave few pairs to be computed in double. Memory 4 nd
/// bytes and 0.5 MB per thread. Bitwise the same for any pool size.
/// @param X        n×d.
/// @param between  called every few thousand rows; what it throws ends the search.
/// @throws InvalidArgument  if X is empty or not finite, or an option is outside its range.
/// Accuracy of angles: as theory::angle where |cos θ| > 0.99, else 1e-14.
[[nodiscard]] SampleReport sample_report(ThreadPool& pool, const ConstView<double>& X,
                                         const SampleReportOptions& options = {},
                                         const std::function<void()>& between = {});

}  // namespace twofold::theory
