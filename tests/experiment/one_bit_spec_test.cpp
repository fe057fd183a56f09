#include "twofold/experiment/one_bit_spec.hpp"

#include <gtest/gtest.h>

#include "experiment/one_bit_cases.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

void expect_refused(std::string_view toml, std::initializer_list<std::string_view> words) {
  SCOPED_TRACE(toml);
  expect_throw<InvalidArgument>([&] { (void)one_bit_spec(toml); }, words);
}

TEST(OneBitSpec, AnEmptySpecIsAllDefaults) {
  const OneBitSpec spec = one_bit_spec("");
  EXPECT_EQ(spec.model.encoder, "hadamard");
  EXPECT_EQ(spec.model.rate, 1.0);
  EXPECT_TRUE(spec.model.store_norm);
  EXPECT_EQ(spec.decode.layers, (std::vector<std::int64_t>{1, 2, 3, 10}));
  EXPECT_EQ(spec.train.method, "surrogate");
  EXPECT_EQ(spec.unrolled.steps, 0);
}

TEST(OneBitSpec, EveryDefaultIsInItsDomain) {
  const std::string defaults = resolved_text(OneBitSpec{});
  EXPECT_EQ(resolved_text(one_bit_spec(defaults)), defaults);
}

TEST(OneBitSpec, ResolvedTextReadsBack) {
  const OneBitSpec spec = one_bit_spec(
      "[data]\nsource = 'sparse_mixture'\nsparsity = 0.7\nmixture = 0.25\ndimension = 12\n"
      "[model]\nrate = 0.75\nencoder = 'dct'\nstore_norm = false\n"
      "[decode]\nlayers = [4]\nsamples = 7\nfit_samples = 9\nri_gamp = true\n"
      "[train]\nsteps = 3\nfirst_step = 0.2\nlast_step = 0.1\nrecords = 2\n"
      "[unrolled]\nsteps = 5\nstart = 'naive'\ndenoiser = 'tanh'\nfree_matrices = true\n");
  const std::string text = resolved_text(spec);
  const OneBitSpec again = one_bit_spec(text);
  EXPECT_EQ(resolved_text(again), text);
  EXPECT_EQ(again.data.mixture, 0.25);
  EXPECT_EQ(again.model.encoder, "dct");
  EXPECT_EQ(again.model.rate, 0.75);
  EXPECT_FALSE(again.model.store_norm);
  EXPECT_EQ(again.decode.layers, std::vector<std::int64_t>{4});
  EXPECT_EQ(again.decode.fit_samples, 9);
  EXPECT_TRUE(again.decode.ri_gamp);
  EXPECT_EQ(again.train.last_step, 0.1);
  EXPECT_EQ(again.unrolled.denoiser, "tanh");
  EXPECT_TRUE(again.unrolled.free_matrices);
}

TEST(OneBitSpec, RefusesEncodersThatCannotDoIt) {
  expect_refused("[model]\nencoder = 'identity'\nrate = 1.5\n", {"identity", "rate <= 1", "1.5"});
  EXPECT_NO_THROW(one_bit_spec("[model]\nencoder = 'identity'\nrate = 1\n"));
  expect_refused("[model]\nrate = 65\n", {"model.rate = 65", "64"});
  for (const std::string encoder : {"learned", "identity"}) {
    expect_refused("[decode]\nri_gamp = true\n[model]\nencoder = '" + encoder + "'\n",
                   {"decode.ri_gamp", "rotation-like"});
  }
  for (const std::string encoder : {"learned", "identity", "gaussian"}) {
    expect_refused("[unrolled]\nsteps = 1\n[model]\nencoder = '" + encoder + "'\n",
                   {"unrolled.steps", "orthogonal"});
  }
}

TEST(OneBitSpec, RefusesThePopulationGradientOfOtherLaws) {
  const std::string head = "[model]\nencoder = 'learned'\n[train]\nmethod = 'population'\n[data]\n";
  expect_refused(head + "source = 'sparse_rademacher'\n",
                 {"population", "not sparse_rademacher", "surrogate"});
  EXPECT_NO_THROW(one_bit_spec(head + "source = 'sparse_gaussian'\n"));
  EXPECT_NO_THROW(one_bit_spec(head + "source = 'gaussian'\n"));
}

TEST(OneBitSpec, RefusesStepsThatGrow) {
  expect_refused("[train]\nfirst_step = 0.1\nlast_step = 0.2\n",
                 {"train.last_step = 0.2", "train.first_step = 0.1"});
  EXPECT_NO_THROW(one_bit_spec("[train]\nfirst_step = 0.1\nlast_step = 0.1\n"));
}

TEST(OneBitSpec, WantsANumberOfLayersThatCanBeRun) {
  expect_refused("[decode]\nlayers = []\n", {"decode.layers", "at least one"});
  expect_refused("[decode]\nlayers = [1, 10001]\n", {"decode.layers", "10000"});
  expect_refused("[decode]\nlayers = [0]\n", {"decode.layers = 0", ">= 1"});
}

TEST(OneBitSpec, RefusesNamesItDoesNotKnow) {
  expect_refused("[decode]\nlayrs = [1]\n", {"a.toml:2", "decode.layrs", "'decode.layers'?"});
  expect_refused("[model]\nencoder = 'hadamrd'\n", {"'hadamrd'", "did you mean 'hadamard'?"});
  expect_refused("[train]\nmethod = 'sgd'\n", {"'sgd'", "population, surrogate"});
  expect_refused("[record]\ntimes = [1.0]\n", {"unknown key 'record.times'"});
}

}  // namespace
}  // namespace twofold::experiment
