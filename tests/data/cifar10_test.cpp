#include "twofold/data/cifar10.hpp"

#include "support.hpp"

namespace twofold::data {
namespace {

// One record: label 9, then the bytes first, first + 1, ... modulo 256.
std::string record(int first) {
  std::string bytes(1, '\x09');
  for (int k = 0; k < 3072; ++k) bytes.push_back(static_cast<char>((first + k) % 256));
  return bytes;
}

TEST(Cifar10, LeavesOutTheLabelAndKnowsItsShape) {
  const TemporaryFolder folder;
  const auto a = FileBytes().text(record(0)).text(record(7)).save(folder.path() / "a.bin");
  const auto b = FileBytes().text(record(3)).save(folder.path() / "b.bin");
  const auto one = open_cifar10(a);
  EXPECT_EQ(one->size(), 2u);
  EXPECT_EQ(one->dimension(), 3072);
  EXPECT_EQ(one->image_shape(), (ImageShape{32, 32, 3}));
  const Matrix rows = all_rows(*one);
  EXPECT_EQ(rows(0, 0), 0.0);
  EXPECT_EQ(rows(1, 0), 7.0);
  EXPECT_EQ(rows(1, 3071), static_cast<double>((7 + 3071) % 256));
  const auto both = open_cifar10({a, b});
  EXPECT_EQ(both->size(), 3u);
  EXPECT_EQ(all_rows(*both)(2, 1), 4.0);
}

TEST(Cifar10, RefusesTruncatedEmptyAndMissingFiles) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.bin";
  FileBytes().text(record(0).substr(1)).save(path);
  expect_throw<DataError>([&] { (void)open_cifar10(path); },
                          {path.string(), "3072 bytes", "multiple of 3073", "truncated"});
  FileBytes().save(path);
  expect_throw<DataError>([&] { (void)open_cifar10(path); }, {"empty"});
  expect_throw<DataError>([&] { (void)open_cifar10(folder.path() / "no.bin"); }, {"No such file"});
}

}  // namespace
}  // namespace twofold::data
