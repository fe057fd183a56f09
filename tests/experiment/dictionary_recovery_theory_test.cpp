#include "experiment/dictionary_recovery_theory.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "experiment/dictionary_recovery_cases.hpp"

namespace twofold::experiment {
namespace {

std::string issue_spec(const std::string& train = "") {
  return "[data]\nsource = 'sparse_coding'\ndimension = 32\natoms = 32\nsparsity = 3\n"
         "dictionary = 'orthonormal'\nnoise = 0.05\nsamples = 5000\n[train]\niterations = 5\n" +
         train;
}

TEST(DictionaryRecoveryTheory, SummaryHoldsFloorsStepAndConsistency) {
  const Json s = prediction_json(predicted_recovery(issue_spec()))["summary"];
  // Orthonormal atoms: a fixed point up to rounding.
  EXPECT_LT(s["floor"].get<double>(), 1e-20);
  EXPECT_LT(s["floor_decoder_only"].get<double>(), 1e-20);
  // m²(d−1)σ²(1+σ²)/(Nk): rounding.
  EXPECT_NEAR(s["noise_term"].get<double>(), 32 * 32 * 31 * 0.0025 * 1.0025 / (5000.0 * 3.0), 1e-9);
  EXPECT_DOUBLE_EQ(s["step"].get<double>(), 32.0 / 3.0);
  EXPECT_GT(s["step_edge"].get<double>(), s["step"].get<double>());
  EXPECT_GT(s["consistency"].get<double>(), 0.99);
}

TEST(DictionaryRecoveryTheory, SeriesStartsAtTheStart) {
  const Json p = prediction_json(predicted_recovery(issue_spec()));
  ASSERT_EQ(p["series"]["iteration"].size(), 6u);
  // 32 atoms at δ = 0.3: rounding.
  EXPECT_NEAR(p["series"]["error"][0].get<double>(), 32 * 0.09, 1e-10);
  EXPECT_FALSE(
      prediction_json(predicted_recovery(issue_spec("start = 'samples'\n"))).contains("series"));
}

TEST(DictionaryRecoveryTheory, TheAssumptionsAreTheTrustReport) {
  const RecoveryResult r = predicted_recovery(issue_spec("start_distance = 1.3\n"));
  const theory::Assumption* start = find_assumption(r, "start");
  ASSERT_NE(start, nullptr);
  EXPECT_FALSE(start->holds);
  const Json json = prediction_json(r);
  bool found = false;
  for (const Json& entry : json["trust"]) {
    if (entry["name"] != "start") continue;
    found = true;
    EXPECT_EQ(entry["verdict"], "caution");
    EXPECT_EQ(entry["value"].get<double>(), 1.3);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(find_assumption(r, "nothing"), nullptr);
}

TEST(DictionaryRecoveryTheory, TheGateIsWhatTheActivationSays) {
  const std::string mixture =
      "[data]\nsource = 'mixture_of_gaussians'\ndimension = 8\natoms = 4\nsamples = 100\n[model]\n";
  EXPECT_EQ(gate_threshold(recovery_setting(mixture + "activation = 'relu'\nbias = -0.3\n")), 0.3);
  EXPECT_EQ(gate_threshold(recovery_setting(mixture + "activation = 'jump_relu'\n"
                                                      "threshold = 0.4\n")),
            0.4);
  EXPECT_EQ(gate_threshold(recovery_setting(mixture + "activation = 'top_k'\n")), 0.5);
  EXPECT_GT(gate_threshold(recovery_setting(mixture + "activation = 'relu'\nbias = 0.0\n")), 0.0);
}

TEST(DictionaryRecoveryTheory, APolishLeavesTheNoise) {
  const RecoveryResult r = predicted_recovery(issue_spec("polish = 3\n"));
  EXPECT_EQ(r.predicted->final_error, r.predicted->run.noise_term);
}

TEST(DictionaryRecoveryTheory, TextNamesWhatIsPredicted) {
  const std::string text =
      dictionary_recovery_prediction_text(prediction_json(predicted_recovery(issue_spec())));
  for (const std::string word : {"32 atoms of length 32, 3 in a sample", "floor", "stable below",
                                 "iteration  error", "threshold ="}) {
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
  }
}

}  // namespace
}  // namespace twofold::experiment
