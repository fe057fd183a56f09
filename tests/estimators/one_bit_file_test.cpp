#include "twofold/estimators/one_bit_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "vectors.hpp"

namespace twofold::estimators {
namespace {

using data::ScalarPrior;

// Without the flush to disk that write_file makes: the tests below write thousands of files.
void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class OneBitFile : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const char* name) const { return folder_.path() / name; }
  TemporaryFolder folder_;
  const Matrix X_ = draw_rows(60, falling(12, 0.5), ScalarPrior::sparse_gaussian(0.4), 1.0);
};

TEST_F(OneBitFile, ALoadedCodecIsTheSavedOne) {
  for (const char* transform : {"none", "dct", "pca"}) {
    for (const char* prior : {"empirical", "gaussian", "sparse_laplace", "sparse_rademacher"}) {
      const OneBitCodec codec = fitted(X_, {.prior = prior, .transform = transform});
      save_codec(path("x.tf1b"), codec);
      const OneBitCodec again = load_codec(path("x.tf1b"));
      EXPECT_EQ(codec_bytes(again), codec_bytes(codec)) << transform << prior;
      const auto records = encoded(codec, X_);
      EXPECT_EQ(encoded(again, X_), records);
      EXPECT_EQ(decoded(again, records), decoded(codec, records));
    }
  }
}

TEST_F(OneBitFile, TheHashTellsCodecsApart) {
  const OneBitCodec codec = fitted(X_);
  EXPECT_EQ(codec_hash(codec), codec_hash(fitted(X_)));
  EXPECT_NE(codec_hash(codec), codec_hash(fitted(X_, {.seed = 2})));
  EXPECT_NE(codec_hash(codec), codec_hash(codec.with_layers(4)));
}

// CRC-32 finds every error within 32 consecutive bits; header fields are checked besides.
TEST_F(OneBitFile, EveryDamagedCodecIsRefused) {
  const std::string good = codec_bytes(fitted(X_, {.prior = "sparse_gaussian"}));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x01);
    put(path("bad"), bad);
    EXPECT_THROW((void)load_codec(path("bad")), DataError) << i;
    put(path("bad"), good.substr(0, i));
    EXPECT_THROW((void)load_codec(path("bad")), DataError) << i;
  }
  put(path("bad"), good + "x");
  EXPECT_THROW((void)load_codec(path("bad")), DataError);
}

std::string codes_file(const std::filesystem::path& path, const OneBitCodec& codec,
                       const Matrix& X) {
  const auto records = encoded(codec, X);
  write_codes(path, codec, static_cast<std::uint64_t>(X.rows()),
              [&](const AppendRecords& append) { append(records); });
  return read_file(path);
}

// All blocks, or DataError.
std::vector<std::uint8_t> read_all(const std::filesystem::path& path, const OneBitCodec& codec) {
  CodesReader reader(path);
  reader.require_codec(codec);
  std::vector<std::uint8_t> all;
  for (std::uint64_t b = 0; b < reader.header().blocks(); ++b) {
    const auto block = reader.read_block(b);
    all.insert(all.end(), block.begin(), block.end());
  }
  return all;
}

TEST_F(OneBitFile, EveryDamagedCodesFileIsRefused) {
  const OneBitCodec codec = fitted(X_);
  const std::string good = codes_file(path("x.codes"), codec, X_);
  EXPECT_EQ(read_all(path("x.codes"), codec), encoded(codec, X_));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    put(path("bad"), bad);
    EXPECT_THROW((void)read_all(path("bad"), codec), DataError) << i;
    put(path("bad"), good.substr(0, i));
    EXPECT_THROW((void)read_all(path("bad"), codec), DataError) << i;
  }
  put(path("bad"), good + '\0');
  EXPECT_THROW((void)read_all(path("bad"), codec), DataError);
}

TEST_F(OneBitFile, BlocksThatChangePlacesAreRefused) {
  // d = 32 768 makes blocks of 64 vectors, the smallest.
  OneBitCodecParameters p;
  p.code_length = 8;
  p.mean = Vector::Zero(32'768);
  p.variances = p.energies = Vector::Zero(32'768);
  p.variances.head(8).setOnes();
  p.energies.head(8).setOnes();
  p.norm_stored = false;
  const OneBitCodec codec(p);
  std::vector<std::uint8_t> records(130);
  for (std::size_t i = 0; i < records.size(); ++i) records[i] = static_cast<std::uint8_t>(i);
  write_codes(path("x.codes"), codec, 130, [&](const AppendRecords& append) {
    append(std::span(records).first(50));
    append(std::span(records).subspan(50));
  });
  CodesReader reader(path("x.codes"));
  EXPECT_EQ(reader.header().blocks(), 3u);
  EXPECT_EQ(read_all(path("x.codes"), codec), records);
  EXPECT_EQ(reader.read_block(2), (std::vector<std::uint8_t>{128, 129}));
  EXPECT_THROW((void)reader.read_block(3), InvalidArgument);
  std::string swapped = read_file(path("x.codes"));
  std::swap_ranges(swapped.begin() + 64, swapped.begin() + 64 + 68, swapped.begin() + 64 + 68);
  put(path("bad"), swapped);
  EXPECT_THROW((void)read_all(path("bad"), codec), DataError);
}

TEST_F(OneBitFile, CodesOfAnotherCodecAreRefused) {
  const OneBitCodec codec = fitted(X_), other = fitted(X_, {.seed = 9});
  codes_file(path("x.codes"), codec, X_);
  CodesReader reader(path("x.codes"));
  EXPECT_NO_THROW(reader.require_codec(codec));
  EXPECT_THROW(reader.require_codec(other), DataError);
}

TEST_F(OneBitFile, KindsAreToldApart) {
  const OneBitCodec codec = fitted(X_);
  save_codec(path("a"), codec);
  codes_file(path("b"), codec, X_);
  write_file(path("c"), "text");
  EXPECT_EQ(one_bit_file_kind(path("a")), OneBitFileKind::Codec);
  EXPECT_EQ(one_bit_file_kind(path("b")), OneBitFileKind::Codes);
  EXPECT_EQ(one_bit_file_kind(path("c")), OneBitFileKind::Other);
  EXPECT_THROW((void)one_bit_file_kind(path("absent")), DataError);
  EXPECT_THROW((void)one_bit_file_kind(folder_.path()), DataError);
  EXPECT_THROW((void)load_codec(path("b")), DataError);
  EXPECT_THROW(CodesReader(path("a")), DataError);
}

TEST_F(OneBitFile, AWriterThatIsGivenTooLittleLeavesNothing) {
  const OneBitCodec codec = fitted(X_);
  EXPECT_THROW(write_codes(path("x"), codec, 2, [](const AppendRecords&) {}), InvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace twofold::estimators
