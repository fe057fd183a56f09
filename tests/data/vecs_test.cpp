#include "twofold/data/vecs.hpp"

#include <limits>

#include "support.hpp"

namespace twofold::data {
namespace {

class Vecs : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x.vecs";
};

TEST_F(Vecs, ReadsEachFormat) {
  const Matrix expected = (Matrix(2, 2) << 1, 2, 3, 250).finished();
  FileBytes floats, bytes, ints;
  for (Index i = 0; i < 2; ++i) {
    floats.little(std::int32_t{2});
    bytes.little(std::int32_t{2});
    ints.little(std::int32_t{2});
    for (Index j = 0; j < 2; ++j) {
      floats.little(static_cast<float>(expected(i, j)));
      bytes.little(static_cast<std::uint8_t>(expected(i, j)));
      ints.little(static_cast<std::int32_t>(expected(i, j)));
    }
  }
  EXPECT_EQ(all_rows(*open_fvecs(floats.save(path_))), expected);
  EXPECT_EQ(all_rows(*open_bvecs(bytes.save(path_))), expected);
  EXPECT_EQ(all_rows(*open_ivecs(ints.save(path_))), expected);
  EXPECT_TRUE(open_bvecs(bytes.save(path_))->exact_in_float());
}

TEST_F(Vecs, ChecksTheDimensionOfEachRow) {
  FileBytes file;
  file.little(std::int32_t{1}).little(1.0f).little(std::int32_t{7}).little(2.0f).save(path_);
  const auto source = open_fvecs(path_);
  EXPECT_EQ(rows_of(*source, 1)(0, 0), 1.0);
  expect_throw<DataError>([&] { all_rows(*source); },
                          {path_.string(), "row 1", "dimension 7", "row 0 has 1"});
}

TEST_F(Vecs, RefusesTruncatedForeignAndMissingFiles) {
  FileBytes().little(std::int32_t{2}).little(1.0f).save(path_);
  expect_throw<DataError>([&] { (void)open_fvecs(path_); },
                          {"8 bytes", "multiple of 12", "truncated"});
  FileBytes().little(std::int32_t{-3}).little(1.0f).save(path_);
  expect_throw<DataError>([&] { (void)open_fvecs(path_); }, {"dimension -3"});
  // Written big-endian: 2 reads as 2^25.
  FileBytes().big(std::int32_t{2}).big(1.0f).big(1.0f).save(path_);
  expect_throw<DataError>([&] { (void)open_fvecs(path_); }, {"33554432"});
  FileBytes().text("ab").save(path_);
  expect_throw<DataError>([&] { (void)open_fvecs(path_); }, {"dimension 0"});
  FileBytes().save(path_);
  expect_throw<DataError>([&] { (void)open_bvecs(path_); }, {"empty"});
  expect_throw<DataError>([&] { (void)open_ivecs(folder_.path() / "no"); }, {"No such file"});
}

TEST_F(Vecs, NamesWhatIsNotFinite) {
  const float inf = std::numeric_limits<float>::infinity();
  FileBytes().little(std::int32_t{2}).little(1.0f).little(-inf).save(path_);
  expect_throw<DataError>([&] { all_rows(*open_fvecs(path_)); }, {"row 0, column 1", "-inf"});
}

}  // namespace
}  // namespace twofold::data
