#include "twofold/data/write_sparse.hpp"

#include <zlib.h>

#include <map>

#include "support.hpp"
#include "twofold/core/file.hpp"

namespace twofold::data {
namespace {

template <typename T>
T number_at(const std::string& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// Members by name, read through the directory as APPNOTE.TXT has it; every checksum is compared.
std::map<std::string, std::string> members(const std::string& zip) {
  std::map<std::string, std::string> found;
  const std::size_t end = zip.size() - 22;
  EXPECT_EQ(number_at<std::uint32_t>(zip, end), 0x06054b50u);
  std::size_t at = number_at<std::uint32_t>(zip, end + 16);
  for (int k = 0; k < number_at<std::uint16_t>(zip, end + 10); ++k) {
    EXPECT_EQ(number_at<std::uint32_t>(zip, at), 0x02014b50u);
    const std::size_t length = number_at<std::uint16_t>(zip, at + 28);
    const std::size_t extra = at + 46 + length;
    EXPECT_EQ(number_at<std::uint16_t>(zip, extra), 1u);  // Zip64: size, packed size, place
    const auto size = number_at<std::uint64_t>(zip, extra + 4);
    EXPECT_EQ(number_at<std::uint64_t>(zip, extra + 12), size);
    const auto local = number_at<std::uint64_t>(zip, extra + 20);
    EXPECT_EQ(number_at<std::uint32_t>(zip, local), 0x04034b50u);
    const std::string content = zip.substr(local + 30 + length + 20, size);
    EXPECT_EQ(number_at<std::uint32_t>(zip, at + 16),
              crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                    static_cast<uInt>(content.size())));
    found[zip.substr(at + 46, length)] = content;
    at = extra + number_at<std::uint16_t>(zip, at + 30);
  }
  return found;
}

// What follows the header of a .npy file.
template <typename T>
std::vector<T> numbers(const std::string& npy) {
  const std::size_t begin = 10 + std::size_t{number_at<std::uint16_t>(npy, 8)};
  std::vector<T> values;
  for (std::size_t at = begin; at + sizeof(T) <= npy.size(); at += sizeof(T)) {
    values.push_back(number_at<T>(npy, at));
  }
  return values;
}

void two_pieces(const AppendSparseRows& append) {
  const std::array<std::int64_t, 2> first{2, 0};
  append(first, std::array<std::int32_t, 2>{0, 4}, std::array<float, 2>{1.5f, -2.0f});
  const std::array<std::int64_t, 1> second{1};
  append(second, std::array<std::int32_t, 1>{3}, std::array<float, 1>{7.0f});
}

TEST(WriteCsr, HoldsTheFiveArraysOfScipy) {
  const TemporaryFolder folder;
  write_csr(folder.path() / "c.npz", 3, 5, two_pieces);
  auto made = members(read_file(folder.path() / "c.npz"));
  ASSERT_EQ(made.size(), 5u);
  EXPECT_TRUE(made["format.npy"].ends_with("csr"));
  EXPECT_EQ(numbers<std::int64_t>(made["shape.npy"]), (std::vector<std::int64_t>{3, 5}));
  EXPECT_EQ(numbers<std::int64_t>(made["indptr.npy"]), (std::vector<std::int64_t>{0, 2, 2, 3}));
  EXPECT_EQ(numbers<std::int32_t>(made["indices.npy"]), (std::vector<std::int32_t>{0, 4, 3}));
  EXPECT_EQ(numbers<float>(made["data.npy"]), (std::vector<float>{1.5f, -2.0f, 7.0f}));
  EXPECT_NE(made["data.npy"].find("'shape': (3,)"), std::string::npos);
}

TEST(WriteCsr, AllZerosAreAMatrixToo) {
  const TemporaryFolder folder;
  write_csr(folder.path() / "c.npz", 2, 1, [](const AppendSparseRows& append) {
    append(std::array<std::int64_t, 2>{0, 0}, {}, {});
  });
  auto made = members(read_file(folder.path() / "c.npz"));
  EXPECT_EQ(numbers<std::int64_t>(made["indptr.npy"]), (std::vector<std::int64_t>{0, 0, 0}));
  EXPECT_TRUE(numbers<float>(made["data.npy"]).empty());
}

TEST(WriteCsr, RefusesWhatDoesNotFitAndLeavesNothing) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "c.npz";
  expect_throw<InvalidArgument>([&] { write_csr(file, 4, 5, two_pieces); }, {"4 rows", "3 came"});
  expect_throw<InvalidArgument>([&] { write_csr(file, 3, 4, two_pieces); }, {"column 4 of 4"});
  expect_throw<InvalidArgument>([&] { write_csr(folder.path() / "c.npy", 3, 5, two_pieces); },
                                {".npz"});
  EXPECT_THROW(write_csr(file, 3, 5, [](const AppendSparseRows&) { throw DataError("a", "b"); }),
               DataError);
  EXPECT_THROW(write_csr(folder.path() / "absent" / "c.npz", 3, 5, two_pieces), OutputError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace twofold::data
