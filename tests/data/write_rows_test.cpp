#include "twofold/data/write_rows.hpp"

#include "support.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/vecs.hpp"

namespace twofold::data {
namespace {

class WriteRows : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const char* name) const { return folder_.path() / name; }
  TemporaryFolder folder_;
  const MatrixF rows_ = (MatrixF(3, 2) << 1, 2, 3, 4, 5, -6.5f).finished();
};

TEST_F(WriteRows, InPiecesIsTheWholeMatrix) {
  for (const char* name : {"x.npy", "x.fvecs"}) {
    write_rows(path(name), 3, 2, [&](const AppendRows& append) {
      append(rows_.topRows(1));
      append(rows_.bottomRows(2));
    });
  }
  EXPECT_EQ(all_rows(*open_npy(path("x.npy"))), rows_.cast<double>());
  EXPECT_EQ(all_rows(*open_fvecs(path("x.fvecs"))), rows_.cast<double>());
}

TEST_F(WriteRows, NoRowsIsAnEmptyArray) {
  write_rows(path("x.npy"), 0, 2, [](const AppendRows&) {});
  EXPECT_EQ(std::filesystem::file_size(path("x.npy")), 128u);  // the header alone, padded to 64
}

TEST_F(WriteRows, LeavesNothingWhereItFails) {
  const auto one = [&](const AppendRows& append) { append(rows_.topRows(1)); };
  EXPECT_THROW(write_rows(path("x.npy"), 2, 2, one), InvalidArgument);
  EXPECT_THROW(write_rows(path("x.npy"), 1, 3, one), InvalidArgument);
  EXPECT_THROW(write_rows(path("x.csv"), 1, 2, one), InvalidArgument);
  EXPECT_THROW(write_rows(path("x.npy"), 1, 2,
                          [](const AppendRows&) { throw std::runtime_error("stopped"); }),
               std::runtime_error);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace twofold::data
