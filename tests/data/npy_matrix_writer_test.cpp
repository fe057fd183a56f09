#include "twofold/data/npy_matrix_writer.hpp"

#include "support.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::data {
namespace {

template <typename Scalar>
MatrixOf<Scalar> counted(Index rows, Index columns) {
  MatrixOf<Scalar> result(rows, columns);
  for (Index k = 0; k < result.size(); ++k) result.data()[k] = static_cast<Scalar>(k + 1);
  return result;
}

class NpyMatrix : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x.npy";

  template <typename Scalar>
  void expect_round_trip() {
    std::filesystem::remove(path_);
    const MatrixOf<Scalar> X = counted<Scalar>(5, 7);
    NpyMatrixWriter<Scalar> writer(path_, 5, 7);
    writer.write(3, 0, X.bottomRows(2));
    writer.write(0, 4, X.block(0, 4, 3, 3));
    writer.write(0, 0, X.block(0, 0, 3, 4));
    EXPECT_FALSE(std::filesystem::exists(path_));
    writer.commit();
    EXPECT_EQ(all_rows<Scalar>(*open_npy(path_)), X);
    // Byte for byte what is written in one piece.
    const std::filesystem::path whole = folder_.path() / "y.npy";
    write_npy(whole, ConstView<Scalar>(X));
    EXPECT_EQ(read_file(path_), read_file(whole));
  }
};

TEST_F(NpyMatrix, PutsBlocksInTheirPlace) {
  expect_round_trip<float>();
  expect_round_trip<double>();
}

TEST_F(NpyMatrix, LeavesNothingUnlessCommitted) {
  { const NpyMatrixWriter<float> writer(path_, 5, 7); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(NpyMatrix, RefusesWhatDoesNotFit) {
  NpyMatrixWriter<float> writer(path_, 5, 7);
  const MatrixF block = MatrixF::Ones(2, 3);
  EXPECT_THROW(writer.write(4, 0, block), InvalidArgument);
  EXPECT_THROW(writer.write(0, 5, block), InvalidArgument);
  EXPECT_THROW(writer.write(-1, 0, block), InvalidArgument);
  EXPECT_THROW(NpyMatrixWriter<float>(path_, 0, 3), InvalidArgument);
  writer.commit();
  EXPECT_THROW(writer.write(0, 0, block), InvalidArgument);
  EXPECT_THROW(writer.commit(), InvalidArgument);
}

// 8e18 bytes are more than any disk has.
TEST_F(NpyMatrix, ChecksTheDiskFirst) {
  expect_throw<OutputError>(
      [&] { NpyMatrixWriter<double> writer(path_, Index{1} << 30, Index{1} << 30); },
      {"needs 9.223e+09 GB", path_.string()});
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  expect_throw<OutputError>(
      [&] { NpyMatrixWriter<float> writer(folder_.path() / "none" / "x.npy", 2, 2); }, {"none"});
}

}  // namespace
}  // namespace twofold::data
