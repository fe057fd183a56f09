// Small dictionary_recovery cases: predicted ones, and one with measured values a person can
// follow.
#pragma once

#include <string_view>
#include <utility>

#include "experiment/dictionary_recovery_case.hpp"
#include "experiment/dictionary_recovery_theory.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::experiment {

inline RecoverySpec recovery_spec(std::string_view toml) {
  SpecDocument document = SpecDocument::parse(toml, "a.toml");
  return read_dictionary_recovery_spec(document);
}

inline RecoverySetting recovery_setting(std::string_view toml, std::int64_t seed = 1) {
  ThreadPool pool(1);
  return make_setting(recovery_spec(toml), seed, pool);
}

inline RecoveryResult predicted_recovery(std::string_view toml) {
  RecoveryResult r;
  r.setting = recovery_setting(toml);
  predict_case(r);
  return r;
}

/// Two clusters in four dimensions, 1000 samples, σ = 0.1.
inline constexpr const char* kTwoClusters =
    "[data]\nsource = 'mixture_of_gaussians'\ndimension = 4\natoms = 2\n"
    "dictionary = 'orthonormal'\nnoise = 0.1\nsamples = 1000\n"
    "[model]\nactivation = 'relu'\nbias = -0.5\n[train]\nstart_distance = 0.5\niterations = 2\n";

/// Of kTwoClusters: squared distances of the two atoms at iterations 0, 1, 2, and scores.
inline RecoveryResult measured_recovery() {
  RecoveryResult r = predicted_recovery(kTwoClusters);
  r.label = "two";
  r.value = 3.0;
  RecoveryMeasured m;
  m.iteration = {0.0, 1.0, 2.0};
  m.loss = {0.4, 0.2, 0.1};
  m.distance.resize(3, 2);
  m.distance << 0.25, 0.25, 0.0625, 0.0625, 0.01, 0.03;
  m.values["error"] = {0.04, 0.0};
  m.values["recovered"] = {1.0, 0.0};
  m.values["distinct"] = {1.0, 0.0};
  m.values["explained"] = {0.9, 0.0};
  m.values["label_error"] = {0.001, 0.0005};
  m.values["start consistency"] = {0.75, 0.01};
  m.atoms = Matrix::Identity(2, 4);
  r.measured = {m};
  return r;
}

}  // namespace twofold::experiment
