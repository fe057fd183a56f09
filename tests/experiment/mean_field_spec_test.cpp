#include "twofold/experiment/mean_field_spec.hpp"

#include <gtest/gtest.h>

#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

MeanFieldSpec read(std::string_view text) {
  SpecDocument document = SpecDocument::parse(text, "a.toml");
  return read_mean_field_spec(document);
}

TEST(MeanFieldSpec, AnEmptySpecIsAllDefaults) {
  const MeanFieldSpec spec = read("");
  EXPECT_EQ(spec.model.activation, "relu");
  EXPECT_EQ(spec.model.init, "iid");
  EXPECT_EQ(spec.train.step, 0.0);
  EXPECT_EQ(spec.record.predictor, "flow");
}

TEST(MeanFieldSpec, EveryDefaultIsInItsDomain) {
  const std::string defaults = resolved_text(MeanFieldSpec{});
  EXPECT_EQ(resolved_text(read(defaults)), defaults);
}

TEST(MeanFieldSpec, ResolvedTextReadsBack) {
  const MeanFieldSpec spec = read(
      "[data]\nspectrum = [1.0, 0.1]\ntransforms = ['mirrored']\n[model]\nactivation = 'erf'\n"
      "init = 'balanced'\n[train]\nstep = 0.1\nschedule = 'cosine'\n[record]\ntimes = [1.0]\n"
      "predictor = 'L2+'\nsave_weights = false\n");
  const std::string text = resolved_text(spec);
  EXPECT_EQ(resolved_text(read(text)), text);
  EXPECT_EQ(read(text).record.predictor, "L2+");
  EXPECT_EQ(read(text).data.spectrum, (std::vector{1.0, 0.1}));
}

TEST(MeanFieldSpec, RefusesNamesItDoesNotKnow) {
  expect_throw<InvalidArgument>([] { read("[model]\nactivation = 'rleu'\n"); },
                                {"'rleu'", "did you mean 'relu'?", "identity"});
  expect_throw<InvalidArgument>([] { read("[modle]\nneurons = 3\n"); },
                                {"a.toml:2", "modle.neurons", "model.neurons"});
  expect_throw<InvalidArgument>([] { read("[record]\npredictor = 'l2'\n"); }, {"L2, L2+"});
}

}  // namespace
}  // namespace twofold::experiment
