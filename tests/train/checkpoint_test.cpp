#include "twofold/train/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "support/temporary_folder.hpp"
#include "train/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::train {
namespace {

template <typename Scalar>
Checkpoint<Scalar> example() {
  Checkpoint<Scalar> checkpoint;
  checkpoint.step = 123456789012;
  checkpoint.weights = mean_field_weights<Scalar>(skewed_samples(7, 3, 1));
  checkpoint.velocity = skewed_samples(7, 3, 2).cast<Scalar>();
  checkpoint.averages = skewed_samples(4, 5, 3);
  checkpoint.initial_loss = 1.0 / 3;
  checkpoint.payload = "{\"quoted\": \"text\\n\"}";
  return checkpoint;
}

template <typename Scalar>
void expect_round_trip() {
  const TemporaryFolder folder;
  EXPECT_FALSE(has_checkpoint(folder.path()));
  const Checkpoint<Scalar> saved = example<Scalar>();
  save_checkpoint(folder.path(), saved, "run 1");
  EXPECT_TRUE(has_checkpoint(folder.path()));
  const auto loaded = load_checkpoint<Scalar>(folder.path(), "run 1", saved.weights);
  EXPECT_EQ(loaded.step, saved.step);
  EXPECT_TRUE(same_bits(loaded.weights.encoder, saved.weights.encoder));
  EXPECT_EQ(loaded.weights.scale, saved.weights.scale);
  EXPECT_TRUE(same_bits(loaded.velocity, saved.velocity));
  EXPECT_TRUE(same_bits(loaded.averages, saved.averages));
  EXPECT_EQ(loaded.initial_loss, saved.initial_loss);
  EXPECT_EQ(loaded.payload, saved.payload);
}

TEST(Checkpoint, ComesBackBitForBit) {
  expect_round_trip<float>();
  expect_round_trip<double>();
}

TEST(Checkpoint, KeepsAnUntiedDecoder) {
  const TemporaryFolder folder;
  Checkpoint<float> saved = example<float>();
  saved.weights.decoder = skewed_samples(7, 3, 4).cast<float>();
  save_checkpoint(folder.path(), saved, "run 1");
  const auto loaded = load_checkpoint<float>(folder.path(), "run 1", saved.weights);
  EXPECT_TRUE(same_bits(loaded.weights.encoder, saved.weights.encoder));
  EXPECT_TRUE(same_bits(loaded.weights.decoder, saved.weights.decoder));
}

TEST(Checkpoint, TellsAPersonWhatItIs) {
  const TemporaryFolder folder;
  save_checkpoint(folder.path() / "new", example<double>(), "run 1");
  const std::string text = read_file(folder.path() / "new" / "checkpoint.json");
  EXPECT_THAT(text, testing::HasSubstr("\"step\": \"123456789012\""));
  EXPECT_THAT(text, testing::HasSubstr("\"fingerprint\": \"run 1\""));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("quoted")));
}

void expect_refused(const std::filesystem::path& folder, std::string_view fingerprint,
                    const model::Weights<double>& like, std::string_view word) {
  try {
    (void)load_checkpoint<double>(folder, fingerprint, like);
    FAIL() << "accepted: " << word;
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(std::string(word)));
    EXPECT_THAT(error.what(), testing::HasSubstr("checkpoint.safetensors"));
  }
}

TEST(Checkpoint, OfAnotherRunIsRefusedWithTheReason) {
  const TemporaryFolder folder;
  const Checkpoint<double> saved = example<double>();
  expect_refused(folder.path(), "run 1", saved.weights, "there is no checkpoint here");
  save_checkpoint(folder.path(), saved, "run 1");
  expect_refused(folder.path(), "run 2", saved.weights, "fingerprint is \"run 1\"");
  auto wider = mean_field_weights<double>(skewed_samples(8, 3, 1));
  expect_refused(folder.path(), "run 1", wider, "encoder is 7x3, this run's is 8x3");
  auto other_scale = saved.weights;
  other_scale.scale = 1;
  expect_refused(folder.path(), "run 1", other_scale, "scale is");
  auto untied = saved.weights;
  untied.decoder = untied.encoder;
  expect_refused(folder.path(), "run 1", untied, "its weights are tied, this run's are not");
  auto with_decoder = saved;
  with_decoder.weights = untied;
  save_checkpoint(folder.path(), with_decoder, "run 1");
  expect_refused(folder.path(), "run 1", saved.weights, "its weights are not tied");
  save_checkpoint(folder.path(), example<float>(), "run 1");
  expect_refused(folder.path(), "run 1", saved.weights, "precision is \"float\"");
}

TEST(Checkpoint, OfSplitProductsIsNotOneOfFloat) {
  const TemporaryFolder folder;
  const Checkpoint<float> saved = example<float>();
  const auto step = [&](FloatProducts products) {
    return load_checkpoint<float>(folder.path(), "run 1", saved.weights, products).step;
  };
  save_checkpoint(folder.path(), saved, "run 1", FloatProducts::SplitBf16);
  EXPECT_EQ(step(FloatProducts::SplitBf16), saved.step);
  EXPECT_THROW((void)step(FloatProducts::Float), DataError);
  save_checkpoint(folder.path(), saved, "run 1");
  EXPECT_THROW((void)step(FloatProducts::SplitBf16), DataError);
}

TEST(Checkpoint, DamagedIsRefused) {
  const TemporaryFolder folder;
  const Checkpoint<double> saved = example<double>();
  const auto path = folder.path() / "checkpoint.safetensors";
  save_checkpoint(folder.path(), saved, "run 1");
  const std::string whole = read_file(path);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{7}, std::size_t{40}, whole.size() - 1}) {
    write_file(path, whole.substr(0, length));
    expect_refused(folder.path(), "run 1", saved.weights, "");
  }
}

TEST(Checkpoint, AnInterruptedWriteLeavesTheLastOneWhole) {
  const TemporaryFolder folder;
  const Checkpoint<double> saved = example<double>();
  save_checkpoint(folder.path(), saved, "run 1");
  // What a killed writer leaves behind: a part beside the file. It is not read.
  std::ofstream(folder.path() / "checkpoint.safetensors.part1") << "half";
  EXPECT_EQ(load_checkpoint<double>(folder.path(), "run 1", saved.weights).step, saved.step);
}

TEST(Checkpoint, CannotBeWrittenWhereAFileIsInTheWay) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "");
  EXPECT_THROW(save_checkpoint(folder.path() / "file", example<double>(), "run 1"), OutputError);
}

}  // namespace
}  // namespace twofold::train
