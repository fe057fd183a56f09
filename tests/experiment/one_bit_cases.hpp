// Small one_bit cases: predicted ones, and one with measured values a person can follow.
#pragma once

#include <string_view>
#include <utility>

#include "experiment/one_bit_case.hpp"
#include "experiment/one_bit_theory.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::experiment {

inline OneBitSpec one_bit_spec(std::string_view toml) {
  SpecDocument document = SpecDocument::parse(toml, "a.toml");
  return read_one_bit_spec(document);
}

inline OneBitSetting one_bit_setting(std::string_view toml, std::int64_t seed = 1) {
  ThreadPool pool(1);
  return make_setting(one_bit_spec(toml), seed, pool);
}

inline OneBitResult predicted_result(std::string_view toml) {
  OneBitResult r;
  r.setting = one_bit_setting(toml);
  predict_case(r);
  return r;
}

inline constexpr double kPlus = 0.02;   // what is measured lies this much above the prediction
inline constexpr double kError = 0.01;  // standard error of each repeat

/// Sparse Gaussian, p = 0.3, d = 64, r = 1, layers 1 and 3. Two repeats measure kPlus above every
/// prediction, each with the standard error kError: that of their mean is kError/√2.
inline OneBitResult measured_layers() {
  OneBitResult r = predicted_result(
      "[data]\nsource = 'sparse_gaussian'\nsparsity = 0.3\ndimension = 64\n"
      "[decode]\nlayers = [1, 3]\nfit_samples = 6400\n");
  r.label = "layered";
  r.value = 3.0;
  OneBitMeasured m;
  m.values["linear"] = {r.predicted.linear + kPlus, kError};
  m.values["fitted"] = {r.predicted.linear * 1.01 + kPlus, kError};
  m.values["layer 1"] = {r.predicted.layers[0] + kPlus, kError};
  m.values["layer 3"] = {r.predicted.layers[1] + kPlus, kError};
  m.values["unrolled 1"] = m.values["layer 1"];
  m.values["unrolled 3"] = m.values["layer 3"];
  r.measured = {m, m};
  return r;
}

/// A learned encoder of four rows for sparse Rademacher vectors, p = 0.8, that ended at `loss`:
/// steps 0, 5, 10, and three of the four rows on an axis.
inline OneBitResult measured_training(double loss) {
  OneBitResult r = predicted_result(
      "[data]\nsource = 'sparse_rademacher'\nsparsity = 0.8\ndimension = 4\n"
      "[model]\nencoder = 'learned'\n");
  r.label = "trained";
  r.value = 0.8;
  OneBitMeasured m;
  m.values["trained"] = {loss, kError};
  m.values["axis_rows"] = {0.75, 0.0};
  m.step = {0.0, 5.0, 10.0};
  m.loss = {0.5, 0.4, loss};
  m.encoder.resize(4, 4);
  m.encoder << 0.6, 0, 0, 0.8, -1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0;
  r.measured = {m};
  return r;
}

}  // namespace twofold::experiment
