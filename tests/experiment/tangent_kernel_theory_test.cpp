#include "experiment/tangent_kernel_theory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "experiment/tangent_kernel_cases.hpp"
#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::experiment {
namespace {

/// Rows as the only samples.
class Rows {
 public:
  std::string operator()(const Matrix& rows) const {
    data::write_npy(folder_.path() / "x.npy", ConstView<double>(rows));
    return "[data]\nsource = 'npy'\npath = '" + (folder_.path() / "x.npy").string() +
           "'\nsplit = [1, 0]\nsamples = " + std::to_string(rows.rows()) + "\n";
  }

 private:
  TemporaryFolder folder_;
};

const TrustEntry& entry(const TangentResult& r, const std::string& name) {
  const auto found = std::ranges::find(r.trust, name, &TrustEntry::name);
  if (found == r.trust.end()) throw std::runtime_error("no trust entry " + name);
  return *found;
}

TEST(TangentKernelTheory, TwoOrthogonalSamplesByHand) {
  const Rows rows;
  // K = I/2, so that weak Θ = I/4 with d = 2: L_t = L_0 (1 − η/4)^{2t}.
  const TangentResult r = predicted_tangent(
      rows(Matrix::Identity(2, 2)) +
      "[model]\nneurons = 100\ninit = 'antisymmetric'\n[train]\nmode = 'weak'\nstep = 2.0\n"
      "steps = 3\ntarget = 0.1\n[record]\nsteps = [0, 1, 3]\n");
  const TangentTheory& t = r.predicted;
  // Rounding of a dozen operations.
  EXPECT_NEAR(t.largest, 0.25, 1e-14);
  EXPECT_NEAR(t.smallest, 0.25, 1e-14);
  EXPECT_NEAR(t.initial_loss, 1.0, 1e-14);
  ASSERT_EQ(t.loss.size(), 3u);
  EXPECT_NEAR(t.loss[1], 0.25, 1e-14);
  EXPECT_NEAR(t.loss[2], 1.0 / 64.0, 1e-14);
  EXPECT_EQ(t.steps_to_target, 2.0);
  // M = (1 − 1/8)/(1/4) X = 3.5 X, ‖ΔW‖² = tr(K MMᵀ)/d = 3.5² · ½.
  EXPECT_NEAR(t.encoder_movement, 3.5 / std::sqrt(2.0), 1e-13);
  EXPECT_EQ(t.decoder_movement, 0.0);
}

TEST(TangentKernelTheory, StepIsWhatTheSpecSays) {
  const auto step = [](const std::string& key) {
    const TangentResult r = predicted_tangent(kFour + "[train]\n" + key);
    return r.predicted.step * r.predicted.largest;
  };
  // Rounding of a product and a quotient.
  EXPECT_NEAR(step("step = 'auto'\n"), 1.8, 1e-14);
  EXPECT_NEAR(step("step_ratio = 0.7\n"), 0.7, 1e-14);
  const TangentResult r = predicted_tangent(kFour + "[train]\nstep = 0.3\n");
  EXPECT_EQ(r.predicted.step, 0.3);
}

TEST(TangentKernelTheory, PlainStartsBeginAtThreeQuartersOfTheSquares) {
  const TangentResult plain = predicted_tangent(kFour);
  const TangentResult silent = predicted_tangent(kFour + "[model]\ninit = 'antisymmetric'\n");
  // Norms are 1 to rounding.
  EXPECT_NEAR(plain.predicted.initial_loss, 3.0, 1e-13);
  EXPECT_NEAR(silent.predicted.initial_loss, 2.0, 1e-13);
  EXPECT_EQ(silent.predicted.start_noise, 0.0);
  EXPECT_GT(plain.predicted.start_noise, 0.0);
}

TEST(TangentKernelTheory, EmpiricalKernelComesFromTheFiniteNetwork) {
  const std::string wide = "[model]\nneurons = 20000\n[predict]\nkernel = 'empirical'\n";
  const double infinite = predicted_tangent(kFour).predicted.largest;
  const double finite = predicted_tangent(kFour + wide).predicted.largest;
  EXPECT_NE(finite, infinite);
  // A kernel of N neurons is within about 6/√N of its mean.
  EXPECT_NEAR(finite, infinite, 6.0 / std::sqrt(20000.0) * infinite);
}

TEST(TangentKernelTheory, TiedNetworksAreDescribedByTheirStart) {
  const TangentResult r = predicted_tangent(
      kFour + "[model]\nneurons = 50\ninit_scale = 1.4142135623730951\n[train]\nmode = 'tied'\n");
  const Json summary = summary_json(r);
  // 12 digits of √2.
  EXPECT_NEAR(summary["start_slope"].get<double>(), 1.0, 1e-12);
  EXPECT_NEAR(summary["start_spread"].get<double>(), 4.0 * 9.0 / 200.0, 1e-12);
  EXPECT_EQ(entry(r, "tied_start").verdict, "trust");
  EXPECT_FALSE(summary.contains("weight_movement"));
}

TEST(TangentKernelTheory, TrustReportNamesWhatIsWrongWithTheData) {
  const Rows rows;
  Matrix copies(3, 2);
  copies << 1.0, 0.0, 0.0, 1.0, 20.0, 0.0;
  const TangentResult r = predicted_tangent(
      rows(copies) + "[model]\nneurons = 2\n[train]\nmode = 'weak'\nstep = 1.0\n");
  EXPECT_NE(entry(r, "lambda_min").text.find("rows 0 and 2"), std::string::npos);
  EXPECT_EQ(entry(r, "neurons").verdict, "caution");
  EXPECT_NE(entry(r, "neurons").text.find("at least 3 neurons"), std::string::npos);
  EXPECT_EQ(entry(r, "norm_ratio").verdict, "caution");
  // λ_max = (1 + 400)/2/2 = 100.25: 2/λ_max is far below 1.
  EXPECT_EQ(entry(r, "step").verdict, "caution");
  const TangentResult fine =
      predicted_tangent(rows(Matrix::Identity(2, 2)) + "[model]\nneurons = 2000\n");
  for (const TrustEntry& e : fine.trust) EXPECT_EQ(e.verdict, "trust") << e.name;
}

std::string singular(const Rows& rows, const Matrix& X, const std::string& rest = "") {
  return entry(predicted_tangent(rows(X) + "[model]\nneurons = 100\n" + rest), "lambda_min").text;
}

TEST(TangentKernelTheory, EigenvaluesThatAreZeroHaveAReason) {
  const Rows rows;
  Matrix zero = Matrix::Identity(4, 4);
  zero.row(2).setZero();
  EXPECT_NE(singular(rows, zero).find("that are 0: rows 2:"), std::string::npos);
  // Two pairs in one dimension are also copies of each other; four in three are opposite alone.
  Matrix opposite(8, 3);
  opposite.topRows(4) << 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0;
  opposite.bottomRows(4) = -2.0 * opposite.topRows(4);
  const std::string pairs = singular(rows, opposite);
  EXPECT_NE(pairs.find("more than d = 3 pairs of samples are opposite (rows 0 and 4, 1 and 5"),
            std::string::npos)
      << pairs;
  Matrix norms = Matrix::Identity(3, 3);
  norms(2, 2) = 1e-6;
  const std::string text = singular(rows, norms);
  EXPECT_NE(text.find("norms from 1e-06 to 1"), std::string::npos) << text;
  EXPECT_NE(text.find("below 1e-10 λ_max"), std::string::npos) << text;
  // The decoder tells two samples apart by θ²/4 alone.
  Matrix near(2, 2);
  near << 1.0, 0.0, std::cos(1e-6), std::sin(1e-6);
  const std::string close = singular(rows, near, "[train]\nmode = 'decoder'\n");
  EXPECT_NE(close.find("rows 0 and 1 by an angle of 1e-06"), std::string::npos) << close;
}

TEST(TangentKernelTheory, SamplesThatAreAllZeroOrTooManyAreRefused) {
  const Rows rows;
  expect_throw<DataError>([&] { (void)tangent_setting(rows(Matrix::Zero(3, 2))); },
                          {"all samples are 0", "data.transforms"});
  expect_throw<InvalidArgument>(
      [] { (void)tangent_setting("[data]\ndimension = 1\nsamples = 5001\n"); },
      {"5001 samples", "0.2 GB", "data.samples", "twofold advise"});
}

TEST(TangentKernelTheory, TheStepIsMeasuredByTheKernelOfTheCurve) {
  // Few neurons: λ_max of the network is far from that of the limit.
  const TangentResult r = predicted_tangent(
      "[data]\ndimension = 3\nsamples = 12\n[model]\nneurons = 20\n[train]\nmode = 'weak'\n"
      "step_ratio = 1.9\n[predict]\nkernel = 'empirical'\n");
  ASSERT_GT(r.predicted.largest, 1.1 * r.predicted.reference);
  EXPECT_EQ(entry(r, "step").verdict, "caution");
  EXPECT_EQ(entry(r, "step").limit, summary_json(r)["stable_step"].get<double>());
  EXPECT_GT(r.predicted.loss.back(), r.predicted.loss.front());
  EXPECT_TRUE(std::isnan(r.predicted.encoder_movement));
}

TEST(TangentKernelTheory, AnEmpiricalKernelThatIsTooLargeIsRefusedWithWhatItNeeds) {
  const std::string toml =
      "[data]\ndimension = 10\nsamples = 20\n[predict]\nkernel = 'empirical'\nmemory = 1e-4\n";
  // 200² numbers; 1e-4 GB are 111² of them.
  expect_throw<InvalidArgument>([&] { (void)predicted_tangent(toml); },
                                {"0.00032 GB", "predict.memory allows 0.0001", "at most 11"});
}

TEST(TangentKernelTheory, CloseSamplesNeedManyNeurons) {
  const Rows rows;
  Matrix pair(2, 2);
  pair << 1.0, 0.0, std::cos(0.01), std::sin(0.01);
  const TangentResult narrow = predicted_tangent(rows(pair) + "[model]\nneurons = 1000\n");
  EXPECT_EQ(entry(narrow, "closest_angle").verdict, "caution");
  // (4π/0.01)² = 1.6e6 neurons.
  EXPECT_NE(entry(narrow, "closest_angle").text.find("1.6e+06"), std::string::npos);
  const TangentResult wide = predicted_tangent(rows(pair) + "[model]\nneurons = 2000000\n");
  EXPECT_EQ(entry(wide, "closest_angle").verdict, "trust");
}

TEST(TangentKernelTheory, JsonHoldsTheKeysOfTheDocumentation) {
  const TangentResult r =
      predicted_tangent(kFour + "[train]\nsteps = 10\n[record]\nsteps = [0, 10]\n");
  const Json json = prediction_json(r);
  for (const char* key : {"lambda_min", "lambda_max", "stable_step", "flip_fraction"}) {
    EXPECT_TRUE(json["summary"][key].is_number()) << key;
  }
  EXPECT_TRUE(json["summary"]["weight_movement"]["encoder"].is_number());
  EXPECT_TRUE(json["summary"]["weight_movement"]["decoder"].is_number());
  EXPECT_EQ(json["series"]["steps"], (Json{0, 10}));
  EXPECT_EQ(json["series"]["loss"].size(), 2u);
  const std::string text = tangent_kernel_prediction_text(json);
  EXPECT_NE(text.find("4 samples of length 3, 4096 neurons"), std::string::npos) << text;
  EXPECT_NE(text.find("weight_movement encoder"), std::string::npos) << text;
}

TEST(TangentKernelTheory, SameBitsForAnyPool) {
  const std::string toml = kFour + "[predict]\nqueries = 50\n";
  EXPECT_EQ(prediction_json(predicted_tangent(toml, 1)).dump(),
            prediction_json(predicted_tangent(toml, 3)).dump());
}

}  // namespace
}  // namespace twofold::experiment
