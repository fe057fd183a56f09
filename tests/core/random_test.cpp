#include "twofold/core/random.hpp"

#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace twofold {
namespace {

// Known answers published with Random123 (file kat_vectors, philox4x64 with 10 rounds):
// they hold the engine that RandomStream uses to the authors' own bits.
TEST(Philox4x64, MatchesThePublishedKnownAnswers) {
  using Engine = r123::Philox4x64_R<10>;
  struct Known {
    Engine::ctr_type counter;
    Engine::key_type key;
    Engine::ctr_type result;
  };
  constexpr std::uint64_t ones = 0xffffffffffffffffu;
  const std::vector<Known> known = {
      {{{0, 0, 0, 0}},
       {{0, 0}},
       {{0x16554d9eca36314cu, 0xdb20fe9d672d0fdcu, 0xd7e772cee186176bu, 0x7e68b68aec7ba23bu}}},
      {{{ones, ones, ones, ones}},
       {{ones, ones}},
       {{0x87b092c3013fe90bu, 0x438c3c67be8d0224u, 0x9cc7d7c69cd777b6u, 0xa09caebf594f0ba0u}}},
      {{{0x243f6a8885a308d3u, 0x13198a2e03707344u, 0xa4093822299f31d0u, 0x082efa98ec4e6c89u}},
       {{0x452821e638d01377u, 0xbe5466cf34e90c6cu}},
       {{0xa528f45403e61d95u, 0x38c72dbd566e9788u, 0xa5a1610e72fd18b5u, 0x57bd43b5e52b7fe6u}}}};
  for (const Known& k : known) EXPECT_EQ(Engine()(k.counter, k.key), k.result);
}

// The published vector for zero counter and key, reached through the stream: FNV-1a of the
// name is the second key word, so the engine is called here with the same words.
TEST(RandomStream, KeyIsSeedAndNameAndCounterIsIndexAndBlock) {
  const std::uint64_t hash_of_a = 0xaf63dc4c8601ec8cu;  // FNV-1a 64 of "a", published
  const auto direct = r123::Philox4x64_R<10>()({{7, 3, 0, 0}}, {{42, hash_of_a}});
  const auto bits = RandomStream(42, "a").bits(7, 3);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(bits[i], direct[i]);
}

TEST(RandomStream, NormalsHaveTheRightMoments) {
  constexpr std::size_t n = 400'000;
  std::vector<double> z(n);
  RandomStream(1, "moments").fill_normal(0, z);
  double m1 = 0, m2 = 0, m4 = 0;
  for (const double v : z) m1 += v, m2 += v * v, m4 += v * v * v * v;
  // Five standard errors: the variances of z, z^2 and z^4 are 1, 2 and 96.
  EXPECT_NEAR(m1 / n, 0.0, 5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(m2 / n, 1.0, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(m4 / n, 3.0, 5 * std::sqrt(96.0 / n));
}

TEST(RandomStream, ValueDependsOnIndexAndPlaceOnly) {
  const RandomStream stream(5, "places");
  std::vector<double> longer(11), shorter(3);
  stream.fill_normal(9, longer);
  stream.fill_normal(9, shorter);
  for (std::size_t k = 0; k < shorter.size(); ++k) EXPECT_EQ(longer[k], shorter[k]);
  EXPECT_EQ(longer[0], stream.normal(9));
}

TEST(RandomStream, SeedNameAndIndexAllMatter) {
  const std::set<double> values = {RandomStream(1, "a").uniform(0), RandomStream(2, "a").uniform(0),
                                   RandomStream(1, "b").uniform(0),
                                   RandomStream(1, "a").uniform(1)};
  EXPECT_EQ(values.size(), 4u);
}

TEST(RandomStream, UniformStaysInsideTheOpenInterval) {
  std::vector<double> u(100'000);
  RandomStream(3, "open").fill_uniform(0, u);
  double mean = 0;
  for (const double v : u) {
    ASSERT_GT(v, 0.0);
    ASSERT_LT(v, 1.0);
    mean += v / static_cast<double>(u.size());
  }
  // Five standard errors, variance 1/12.
  EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(1.0 / 12.0 / static_cast<double>(u.size())));
}

TEST(RandomStream, SignsAndIntegersAreBalanced) {
  const RandomStream stream(3, "balance");
  constexpr int n = 30'000;
  double signs = 0;
  std::array<int, 3> counts{};
  for (int i = 0; i < n; ++i) {
    signs += stream.sign(i);
    ++counts.at(stream.below(3, i));
  }
  // Five standard errors of a sum of signs, and of a binomial count with p = 1/3.
  EXPECT_NEAR(signs, 0.0, 5 * std::sqrt(n));
  for (const int c : counts) EXPECT_NEAR(c, n / 3.0, 5 * std::sqrt(n * 2.0 / 9.0));
}

TEST(RandomStream, PermutedVisitsEveryItemOnce) {
  const RandomStream stream(8, "shuffle");
  for (const std::uint64_t n : {1u, 2u, 3u, 7u, 16u, 17u, 1000u}) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < n; ++i) seen.insert(stream.permuted(i, n, 4));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
  int fixed = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    fixed += stream.permuted(i, 1000, 0) == stream.permuted(i, 1000, 1) ? 1 : 0;
  }
  // Two independent permutations agree at one place on average (Poisson): P(> 8) < 2e-6.
  EXPECT_LE(fixed, 8);
}

}  // namespace
}  // namespace twofold
