#include "twofold/estimators/one_bit_stream.hpp"

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/vecs.hpp"
#include "twofold/estimators/one_bit_file.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "vectors.hpp"

namespace twofold::estimators {
namespace {

using data::ScalarPrior;

/// Asks to stop once a number of progress reports has been made.
class StopAfter final : public Observer {
 public:
  explicit StopAfter(int reports) : left_(reports) {}
  void progress(const Progress&) override { --left_; }
  [[nodiscard]] StopRequest stop_requested() const override {
    return left_ > 0 ? StopRequest::None : StopRequest::Interrupt;
  }

 private:
  int left_;
};

// More vectors than fit into one block of 4096.
class OneBitStream : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const char* name) const { return folder_.path() / name; }
  TemporaryFolder folder_;
  const Matrix X_ = draw_rows(5000, falling(9, 0.3), ScalarPrior::gaussian());
  const data::ArraySource<double> source_{X_};
  const OneBitCodec codec_ = fitted(X_, {.rate = 2.0, .layers = 2});
};

TEST_F(OneBitStream, FilesHoldWhatTheCodecMakes) {
  ThreadPool pool(2);
  const StreamReport report = encode_file(codec_, source_, path("x.codes"), pool);
  EXPECT_EQ(report.vectors, 5000u);
  EXPECT_EQ(report.cut_norms, 0u);
  const MatrixF expected = decoded(codec_, encoded(codec_, X_));
  for (const char* name : {"x.npy", "x.fvecs"}) {
    decode_file(codec_, path("x.codes"), path(name), Reconstruction::PosteriorMean, pool);
  }
  for (const auto& opened : {data::open_npy(path("x.npy")), data::open_fvecs(path("x.fvecs"))}) {
    MatrixF rows(5000, 9);
    opened->read(0, View<float>(rows));
    EXPECT_EQ(rows, expected);
  }
}

TEST_F(OneBitStream, TheFileDoesNotDependOnThreads) {
  ThreadPool one(1), three(3);
  encode_file(codec_, source_, path("a"), one);
  encode_file(codec_, source_, path("b"), three);
  EXPECT_EQ(read_file(path("a")), read_file(path("b")));
}

TEST_F(OneBitStream, AStopLeavesNothing) {
  ThreadPool pool(1);
  StopAfter stop(1);
  EXPECT_THROW(encode_file(codec_, source_, path("x.codes"), pool, stop), Stopped);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  encode_file(codec_, source_, path("x.codes"), pool);
  StopAfter again(1);
  EXPECT_THROW(decode_file(codec_, path("x.codes"), path("x.npy"), Reconstruction::PosteriorMean,
                           pool, again),
               Stopped);
  EXPECT_FALSE(std::filesystem::exists(path("x.npy")));
}

TEST_F(OneBitStream, OtherDimensionsAndOtherCodecsAreRefused) {
  ThreadPool pool(1);
  const data::ArraySource<double> narrow(Matrix(X_.leftCols(8)));
  EXPECT_THROW(encode_file(codec_, narrow, path("x"), pool), InvalidArgument);
  encode_file(codec_, source_, path("x"), pool);
  EXPECT_THROW(decode_file(codec_.with_layers(1), path("x"), path("y.npy"),
                           Reconstruction::PosteriorMean, pool),
               DataError);
  EXPECT_FALSE(std::filesystem::exists(path("y.npy")));
}

}  // namespace
}  // namespace twofold::estimators
