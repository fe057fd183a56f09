#include "twofold/model/tangent_start.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/model/initialization.hpp"

namespace twofold::model {
namespace {

// Mean of c values of mean 0 and variance 1: standard error 1/√c; of their squares: √((κ-1)/c) with
// the kurtosis κ = 3 of the normal, and none for signs. Five of them: false alarm 6e-7.
TEST(TangentStart, HasMeanZeroAndVarianceOne) {
  for (const DecoderLaw law : {DecoderLaw::Signs, DecoderLaw::Normal}) {
    const auto w = tangent_start<double>(TangentStart::Plain, 700, 300, 3, law);
    const double error = 1 / std::sqrt(700.0 * 300.0);
    EXPECT_NEAR(w.encoder.mean(), 0, 5 * error);
    EXPECT_NEAR(w.decoder.mean(), 0, 5 * error);
    EXPECT_NEAR(w.encoder.squaredNorm() * error * error, 1, 5 * std::sqrt(2.0) * error);
    EXPECT_NEAR(w.decoder.squaredNorm() * error * error, 1, 5 * std::sqrt(2.0) * error);
    // Encoder and decoder are independent: a mean of products of variance 1.
    EXPECT_NEAR(w.encoder.cwiseProduct(w.decoder).mean(), 0, 5 * error);
    EXPECT_DOUBLE_EQ(w.scale, error);
  }
}

TEST(TangentStart, SignsAreSignsAndDifferBetweenColumns) {
  const auto w = tangent_start<float>(TangentStart::Plain, 64, 520, 1);
  EXPECT_TRUE((w.decoder.array().abs() == 1).all());
  // Columns 256 apart come from different random bits; 64 equal signs have the chance 2^-64.
  for (const Index j : {0, 1, 255, 263}) {
    EXPECT_NE(w.decoder.col(j), w.decoder.col(j + 256));
    EXPECT_NE(w.decoder.col(j), w.decoder.col(j + 1));
  }
}

TEST(TangentStart, AntisymmetricHalvesCancel) {
  const auto w = tangent_start<double>(TangentStart::Antisymmetric, 40, 7, 5, DecoderLaw::Normal);
  EXPECT_EQ(w.encoder.topRows(20), w.encoder.bottomRows(20));
  EXPECT_EQ(w.decoder.topRows(20), -w.decoder.bottomRows(20));
  const auto half = tangent_start<double>(TangentStart::Plain, 20, 7, 5, DecoderLaw::Normal);
  EXPECT_EQ(w.encoder.topRows(20), half.encoder);
  EXPECT_EQ(w.decoder.topRows(20), half.decoder);
}

TEST(TangentStart, WiderNetworksBeginWithNarrowerOnes) {
  const auto narrow = tangent_start<float>(TangentStart::Plain, 10, 9, 5);
  const auto wide = tangent_start<float>(TangentStart::Plain, 30, 9, 5);
  EXPECT_EQ(narrow.encoder, wide.encoder.topRows(10));
  EXPECT_EQ(narrow.decoder, wide.decoder.topRows(10));
  const auto same = tangent_start<double>(TangentStart::Plain, 10, 9, 5);
  EXPECT_EQ(narrow.encoder, same.encoder.cast<float>());
}

TEST(TangentStart, TiedIsScaledAsAsked) {
  const auto mean_field = tied_tangent_start<double>(12, 5, 1.5, TiedScaling::MeanField, 2);
  EXPECT_TRUE(mean_field.tied());
  EXPECT_EQ(mean_field.encoder, initial_neurons(Initialization::Iid, 12, 5, 1.5, 2));
  EXPECT_DOUBLE_EQ(mean_field.scale, 1.0 / 12);
  EXPECT_DOUBLE_EQ(tied_tangent_start<double>(12, 5, 1.5, TiedScaling::Standard, 2).scale,
                   1 / std::sqrt(60.0));
}

TEST(TangentStart, NamesComeBack) {
  for (const auto kind : {TangentStart::Plain, TangentStart::Antisymmetric}) {
    EXPECT_EQ(parse_tangent_start(tangent_start_name(kind)), kind);
  }
  for (const auto law : {DecoderLaw::Signs, DecoderLaw::Normal}) {
    EXPECT_EQ(parse_decoder_law(decoder_law_name(law)), law);
  }
  for (const auto scaling : {TiedScaling::MeanField, TiedScaling::Standard}) {
    EXPECT_EQ(parse_tied_scaling(tied_scaling_name(scaling)), scaling);
  }
}

TEST(TangentStart, RefusesWhatIsOutsideItsDomain) {
  EXPECT_THROW((void)tangent_start<double>(TangentStart::Antisymmetric, 7, 3, 1), InvalidArgument);
  EXPECT_THROW((void)tangent_start<double>(TangentStart::Plain, 0, 3, 1), InvalidArgument);
  EXPECT_THROW((void)tied_tangent_start<double>(7, 3, 0, TiedScaling::Standard, 1),
               InvalidArgument);
  try {
    (void)parse_tangent_start("plane");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'plane'; there are: plain, antisymmetric"));
  }
}

}  // namespace
}  // namespace twofold::model
