#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/safetensors.hpp"
#include "twofold/estimators/dictionary_folder.hpp"

namespace twofold::estimators {
namespace {

// Four units in three dimensions; numbers that floats hold.
LearnedDictionary small(bool tied) {
  LearnedDictionary d;
  d.kind = DictionaryKind::TopK;
  d.atoms = Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, -0.6F, 0.8F}};
  if (!tied) d.encoder = Matrix{{1, 0.25, 0}, {0, 1, 0.5}, {-0.125, 0, 1}, {0.5, -1, 1}};
  d.encoder_bias = Vector{{0.5, -0.25, 0.0, 0.75}};
  d.mean = Vector{{2.0, -1.0, 0.5}};
  d.gate = {.activation = model::TopK{.k = 2}, .positive = true};
  d.input_dimension = 3;
  d.fingerprint = "0123456789abcdef";
  d.notes = {{"training_scale", "3.5"}};
  return d;
}

TEST(TopKWeights, ComeBackBitForBit) {
  for (const bool tied : {false, true}) {
    const TemporaryFolder folder;
    const LearnedDictionary d = small(tied);
    save_dictionary(folder.path(), d);
    for (const auto& place : {folder.path(), folder.path() / "sae_weights.safetensors"}) {
      const LearnedDictionary back = load_dictionary(place);
      EXPECT_EQ(back.kind, d.kind);
      EXPECT_EQ(back.atoms, d.atoms);
      EXPECT_EQ(back.encoder, d.encoder);
      EXPECT_EQ(back.encoder_bias, d.encoder_bias);
      EXPECT_EQ(back.mean, d.mean);
      EXPECT_EQ(model::activation_name(back.gate.activation), "top_k(2)");
      EXPECT_TRUE(back.gate.positive);
      EXPECT_EQ(back.input_dimension, 3);
      EXPECT_EQ(back.fingerprint, d.fingerprint);
      EXPECT_EQ(back.notes, d.notes);
      EXPECT_EQ(back.status, "ok");
    }
  }
}

// The file alone says how codes are made: by the formula in its metadata, by hand.
TEST(TopKWeights, MetadataDescribeTheCodes) {
  const TemporaryFolder folder;
  save_dictionary(folder.path(), small(false));
  const auto file = data::read_safetensors(folder.path() / "sae_weights.safetensors");
  EXPECT_EQ(file.metadata.at("activation"), "topk");
  EXPECT_EQ(file.metadata.at("k"), "2");
  EXPECT_THAT(file.metadata.at("normalization"), testing::HasSubstr("none"));
  EXPECT_EQ(file.metadata.at("training_scale"), "3.5");
  const MatrixF W = data::to_matrix<float>(file, "W_enc");
  ASSERT_EQ(W.rows(), 3);
  ASSERT_EQ(W.cols(), 4);
  // x − b_dec = (1, 2, −1): z = (2, 1.25, −1.125, −1.75); the two largest are positive.
  const Matrix X{{3.0, 1.0, -0.5}};
  ops::SparseCodes<double> codes;
  ThreadPool pool(1);
  const LearnedDictionary d = load_dictionary(folder.path());
  DictionaryCoder(d).encode(X, codes, pool);
  EXPECT_EQ(codes.index, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(codes.value, (std::vector<double>{2.0, 1.25}));
  Matrix Xhat(1, 3);
  DictionaryCoder(d).decode(codes, Xhat, pool);
  EXPECT_EQ(Xhat, (Matrix{{4.0, 0.25, 0.5}}));
}

TEST(TopKWeights, ConfigHasTheKeysOfSaeLens) {
  const TemporaryFolder folder;
  save_dictionary(folder.path(), small(true));
  const auto config = nlohmann::json::parse(read_file(folder.path() / "cfg.json"));
  EXPECT_EQ(config.at("architecture"), "topk");
  EXPECT_EQ(config.at("d_in"), 3);
  EXPECT_EQ(config.at("d_sae"), 4);
  EXPECT_EQ(config.at("k"), 2);
  EXPECT_EQ(config.at("apply_b_dec_to_input"), true);
  EXPECT_EQ(config.at("normalize_activations"), "none");
  EXPECT_EQ(config.at("rescale_acts_by_decoder_norm"), false);
}

void expect_not_loaded(const std::filesystem::path& place, const char* word) {
  try {
    (void)load_dictionary(place);
    FAIL() << word;
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(word));
  }
}

TEST(TopKWeights, ChangedAndForeignFilesAreRefused) {
  const TemporaryFolder folder;
  const auto weights = folder.path() / "sae_weights.safetensors";
  save_dictionary(folder.path(), small(false));
  const auto good = data::read_safetensors(weights);
  const auto refused = [&](auto change, const char* word) {
    auto other = good;
    change(other);
    data::write_safetensors(weights, other);
    expect_not_loaded(folder.path(), "not the file that was written");
    expect_not_loaded(weights, word);
  };
  refused([](auto& f) { f.metadata["k"] = "5"; }, "5 largest");
  refused([](auto& f) { f.metadata["k"] = "two"; }, "whole number");
  refused([](auto& f) { f.metadata.erase("k"); }, "no k");
  refused([](auto& f) { f.metadata["activation"] = "relu"; }, "relu");
  refused([](auto& f) { f.metadata["format_version"] = "2"; }, "format_version");
  refused([](auto& f) { f.metadata.clear(); }, "metadata");
  refused([](auto& f) { f.tensors.erase("b_enc"); }, "b_enc");
  refused([](auto& f) { f.tensors["b_enc"].shape = {2, 2}; }, "b_enc");
}

TEST(TopKWeights, AFileWhoseRowsWereTransformedNeedsItsFolder) {
  const TemporaryFolder folder;
  LearnedDictionary d = small(false);
  d.transforms = {{.name = "unit_norm", .number = 1.0}};
  save_dictionary(folder.path(), d);
  EXPECT_EQ(load_dictionary(folder.path()).transforms.size(), 1u);
  expect_not_loaded(folder.path() / "sae_weights.safetensors", "unit_norm");
}

TEST(TopKWeights, ACoderRefusesWhatDoesNotFit) {
  LearnedDictionary d = small(false);
  d.encoder_bias = Vector::Zero(3);
  EXPECT_THROW(DictionaryCoder{d}, InvalidArgument);
  d = small(false);
  d.encoder = Matrix::Ones(3, 3);
  EXPECT_THROW(DictionaryCoder{d}, InvalidArgument);
  d = small(false);
  d.gate.activation = model::TopK{.k = 5};
  EXPECT_THROW(DictionaryCoder{d}, InvalidArgument);
  d = small(false);
  d.gate.activation = model::Relu{};
  EXPECT_THROW(DictionaryCoder{d}, InvalidArgument);
}

}  // namespace
}  // namespace twofold::estimators
