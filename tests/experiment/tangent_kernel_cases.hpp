// Small tangent_kernel cases: predicted ones, and one with measured values a person can follow.
#pragma once

#include <string>

#include "experiment/tangent_kernel_case.hpp"
#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::experiment {

inline TangentSpec tangent_spec(const std::string& toml) {
  SpecDocument document = SpecDocument::parse(toml, "a.toml");
  return read_tangent_kernel_spec(document);
}

inline TangentSetting tangent_setting(const std::string& toml, std::int64_t seed = 1) {
  ThreadPool pool(1);
  return make_setting(tangent_spec(toml), seed, pool);
}

inline TangentResult predicted_tangent(const std::string& toml, int threads = 1) {
  ThreadPool pool(threads);
  TangentResult r;
  r.setting = tangent_setting(toml);
  predict_case(r, pool);
  return r;
}

/// Four samples on the sphere of three dimensions.
inline const std::string kFour = "[data]\ndimension = 3\nsamples = 4\n";

/// Of kFour, joint, N = 64: three losses and some values, from one repeat.
inline TangentResult measured_tangent() {
  TangentResult r = predicted_tangent(
      kFour + "[model]\nneurons = 64\n[train]\nsteps = 2\ntarget = 0.5\nstep_ratio = 1.0\n");
  r.label = "four";
  r.value = 64.0;
  TangentMeasured m;
  m.loss = {8.0, 4.0, 1.0};
  m.records = {0, 1, 2};
  m.predicted_loss = {8.0, 5.0, 2.0};
  m.values["final loss"] = {0.25, 0.125};
  m.values["trajectory"] = {0.0, 0.25};
  m.values["encoder movement"] = {2.0, 2.1};
  m.values["relative movement"] = {0.1, 0.2};
  m.values["reached"] = {kNoNumber, 1.0};
  m.values["monotone"] = {1.0, 1.0};
  m.values["diverged"] = {0.0, 0.0};
  m.values["test error"] = {0.5, 0.4};
  r.measured = {m};
  return r;
}

}  // namespace twofold::experiment
