// A mean_field result with numbers a person can follow: two components, three times, two
// repeats that scatter by ±0.01 around the prediction, moved by 0.1 in one place each.
#pragma once

#include <initializer_list>

#include "experiment/mean_field_case.hpp"

namespace twofold::experiment {

inline Vector vector_of(std::initializer_list<double> values) {
  return Eigen::Map<const Vector>(values.begin(), static_cast<Index>(values.size()));
}

inline constexpr double kScatter = 0.01;  // = the standard error of the mean of two repeats

/// s = (1, 0.25), so L0 = 0.625. Component 1 grows 0.1, 0.5, 0.9; component 2 rises and falls
/// 0.1, 0.2, 0.05. Measured: gain 1 is 0.1 higher at t = 1, gain 2 is 0.1 higher at t = 2, the
/// loss 0.0625 (0.1 L0) higher at t = 1.
inline MeanFieldResult synthetic_result() {
  MeanFieldResult r;
  r.setting.spectrum = vector_of({1.0, 0.25});
  r.setting.blocks = {{"1: s = 1", 0, 1, 1.0}, {"2: s = 0.25", 1, 1, 0.25}};
  r.setting.steps = 20;
  r.setting.step = 0.1;
  r.summary.gain_limit = vector_of({0.9, 0.0});
  r.summary.half_time = {0.8, std::nullopt};
  Path& p = r.predicted;
  p.time = vector_of({0.0, 1.0, 2.0});
  p.gain.resize(3, 2);
  p.gain << 0.1, 0.1, 0.5, 0.2, 0.9, 0.05;
  p.scale = 2.0 * p.gain;
  p.loss = vector_of({0.5, 0.25, 0.125});
  r.loss_low = p.loss;
  r.loss_high = p.loss.array() + 0.0625;
  r.curve = p;
  r.curve_low = r.loss_low;
  r.curve_high = r.loss_high;
  for (const double sign : {-1.0, 1.0}) {
    Path m = p;
    m.gain(1, 0) += 0.1;
    m.gain(2, 1) += 0.1;
    m.gain.array() += sign * kScatter;
    m.scale = 2.0 * m.gain;
    m.slope = m.gain;
    m.loss(1) += 0.0625;
    m.loss.array() += sign * kScatter * 0.625;
    r.measured.push_back(m);
  }
  return r;
}

}  // namespace twofold::experiment
