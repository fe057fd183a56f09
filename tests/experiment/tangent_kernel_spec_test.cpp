#include "twofold/experiment/tangent_kernel_spec.hpp"

#include <gtest/gtest.h>

#include "experiment/tangent_kernel_cases.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

void expect_refused(const std::string& toml, std::initializer_list<std::string_view> words) {
  SCOPED_TRACE(toml);
  expect_throw<InvalidArgument>([&] { (void)tangent_spec(toml); }, words);
}

TEST(TangentKernelSpec, DefaultsAreAPlainJointNetworkWithAnAutomaticStep) {
  const TangentSpec spec = tangent_spec("");
  EXPECT_EQ(spec.data.source, "unit_sphere");
  EXPECT_EQ(spec.model.init, "plain");
  EXPECT_EQ(spec.train.mode, "joint");
  EXPECT_FALSE(spec.train.step.has_value());
  EXPECT_EQ(spec.predict.kernel, "infinite");
}

TEST(TangentKernelSpec, ResolvedTextReadsBack) {
  const TangentSpec spec = tangent_spec(
      "[data]\nsource = 'mnist'\nsamples = 12\n"
      "[model]\nneurons = 32\ninit = 'antisymmetric'\ndecoder = 'normal'\n"
      "[train]\nmode = 'joint'\nstep = 0.25\ndecoder_step = 0.1\nsteps = 9\ntarget = 0.01\n"
      "halve = true\ndivergence_limit = 50.0\nprecision = 'float'\ncheckpoint_seconds = 5.0\n"
      "[record]\nsteps = [0, 4, 9]\nwindow = [0.1, 0.001]\n[predict]\nqueries = 7\n");
  const std::string text = resolved_text(spec);
  const TangentSpec again = tangent_spec(text);
  EXPECT_EQ(resolved_text(again), text);
  EXPECT_EQ(again.train.step, 0.25);
  EXPECT_EQ(again.train.decoder_step, 0.1);
  EXPECT_EQ(again.record.steps, (std::vector<std::int64_t>{0, 4, 9}));
  EXPECT_EQ(again.predict.queries, 7);
  const TangentSpec automatic = tangent_spec("[train]\nstep = 'auto'\n");
  EXPECT_EQ(tangent_spec(resolved_text(automatic)).train.step, std::nullopt);
}

TEST(TangentKernelSpec, RefusesWhatANetworkDoesNotHave) {
  expect_refused("[model]\nneurons = 3\ninit = 'antisymmetric'\n", {"odd", "3"});
  expect_refused("[train]\nmode = 'tied'\n[model]\ninit = 'antisymmetric'\n",
                 {"model.init", "tied"});
  expect_refused("[model]\ninit_scale = 2.0\n", {"model.init_scale", "tied", "joint"});
  expect_refused("[train]\nmode = 'weak'\ndecoder_step = 0.5\n", {"decoder_step", "weak"});
}

TEST(TangentKernelSpec, RefusesTwoStepsAndRecordsOutsideTheRun) {
  expect_refused("[train]\nstep = 1.0\nstep_ratio = 1.0\n", {"step_ratio", "leave one out"});
  expect_refused("[train]\nstep = 'fast'\n", {"train.step", "fast", "auto"});
  expect_refused("[train]\nsteps = 5\n[record]\nsteps = [0, 6]\n", {"[0, 6]", "train.steps = 5"});
  expect_refused("[record]\nsteps = [3, 3]\n", {"increase", "[3, 3]"});
  expect_refused("[record]\nwindow = [1e-7, 1e-3]\n", {"record.window", "high > low"});
  expect_refused("[train]\nhalve = true\n[predict]\nkernel = 'empirical'\n",
                 {"train.halve", "constant"});
  expect_refused("[train]\nmode = 'week'\n", {"'weak'"});
  expect_refused("[train]\ntarge = 0.1\n", {"train.targe", "'train.target'?"});
}

TEST(TangentKernelSpec, AFixedBatchNeedsAnEnd) {
  expect_throw<InvalidArgument>([] { (void)tangent_setting("[data]\ndimension = 3\n"); },
                                {"never ends", "data.samples"});
}

TEST(TangentKernelSpec, ReportsAboutTenStepsADecadeAndBothEnds) {
  const auto steps = reported_steps(tangent_spec("[train]\nsteps = 100\n"));
  EXPECT_EQ(steps.front(), 0);
  EXPECT_EQ(steps.back(), 100);
  EXPECT_TRUE(std::ranges::is_sorted(steps, std::ranges::less_equal{}));
  EXPECT_EQ(std::ranges::count_if(steps, [](std::int64_t t) { return t >= 10 && t < 100; }), 10);
  EXPECT_EQ(reported_steps(tangent_spec("[train]\nsteps = 0\n")), std::vector<std::int64_t>{0});
}

}  // namespace
}  // namespace twofold::experiment
