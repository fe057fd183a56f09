#include "twofold/data/idx.hpp"

#include <zlib.h>

#include "support.hpp"

namespace twofold::data {
namespace {

FileBytes idx(int type, std::initializer_list<std::uint32_t> axes) {
  FileBytes file;
  file.little('\0')
      .little('\0')
      .little(static_cast<char>(type))
      .little(static_cast<char>(axes.size()));
  for (const std::uint32_t length : axes) file.big(length);
  return file;
}

void save_gzip(const FileBytes& file, const std::filesystem::path& path) {
  gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, file.bytes().data(), static_cast<unsigned>(file.bytes().size()));
  gzclose(out);
}

class Idx : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x-ubyte";

  template <typename T>
  void expect_element_type(int code) {
    idx(code, {2, 2}).big(T{1}).big(T{2}).big(T{3}).big(T{100}).save(path_);
    EXPECT_EQ(all_rows(*open_idx(path_)), (Matrix(2, 2) << 1, 2, 3, 100).finished()) << code;
  }
  void expect_refused(const FileBytes& file, std::initializer_list<std::string_view> parts) {
    file.save(path_);
    expect_throw<DataError>([&] { (void)open_idx(path_); }, parts);
    expect_throw<DataError>([&] { (void)open_idx(path_); }, {path_.string()});
  }
};

TEST_F(Idx, ReadsEveryElementType) {
  expect_element_type<std::uint8_t>(0x08);
  expect_element_type<std::int8_t>(0x09);
  expect_element_type<std::int16_t>(0x0B);
  expect_element_type<std::int32_t>(0x0C);
  expect_element_type<float>(0x0D);
  expect_element_type<double>(0x0E);
}

TEST_F(Idx, ReadsSignedNumbers) {
  const Matrix expected = (Matrix(1, 2) << -2, -128).finished();
  idx(0x09, {1, 2}).big(std::int8_t{-2}).big(std::int8_t{-128}).save(path_);
  EXPECT_EQ(all_rows(*open_idx(path_)), expected);
  idx(0x0B, {1, 2}).big(std::int16_t{-2}).big(std::int16_t{-128}).save(path_);
  EXPECT_EQ(all_rows(*open_idx(path_)), expected);
  idx(0x0C, {1, 2}).big(std::int32_t{-2}).big(std::int32_t{-128}).save(path_);
  EXPECT_EQ(all_rows(*open_idx(path_)), expected);
}

TEST_F(Idx, ImagesHaveAShapeAndLabelsHaveDimensionOne) {
  idx(0x08, {2, 1, 3}).text("\x01\x02\x03\x04\x05\xff").save(path_);
  const auto images = open_idx(path_);
  EXPECT_EQ(images->image_shape(), (ImageShape{1, 3, 1}));
  EXPECT_EQ(all_rows(*images), (Matrix(2, 3) << 1, 2, 3, 4, 5, 255).finished());
  idx(0x08, {3}).text("\x07\x08\x09").save(path_);
  EXPECT_EQ(all_rows(*open_idx(path_)), (Matrix(3, 1) << 7, 8, 9).finished());
}

TEST_F(Idx, ReadsGzip) {
  save_gzip(idx(0x08, {2, 2}).text("\x01\x02\x03\x04"), path_);
  EXPECT_EQ(all_rows(*open_idx(path_)), (Matrix(2, 2) << 1, 2, 3, 4).finished());
}

TEST_F(Idx, RefusesDamagedGzip) {
  FileBytes content = idx(0x08, {100, 100});
  for (int k = 0; k < 10000; ++k) content.little(static_cast<char>(k * k / 7));
  save_gzip(content, path_);
  std::ifstream in(path_, std::ios::binary);
  std::string packed{std::istreambuf_iterator<char>(in), {}};
  expect_refused(FileBytes().text(packed.substr(0, packed.size() / 2)), {"truncated"});
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // the checksum
  expect_refused(FileBytes().text(packed), {"compressed data are damaged"});
}

TEST_F(Idx, RefusesAForeignOrTruncatedHeader) {
  expect_refused(FileBytes().text("\x93NUMPY, surely"), {"93 4e 55 4d", "magic"});
  expect_refused(FileBytes().text("ab"), {"magic"});
  expect_refused(idx(0x07, {2, 2}).text("abcd"), {"element type 0x07"});
  FileBytes short_header;
  expect_refused(short_header.little('\0').little('\0').little('\x08').little('\x03').big(2),
                 {"ends inside its header"});
  expect_refused(FileBytes(), {"empty"});
  expect_throw<DataError>([&] { (void)open_idx(folder_.path() / "no"); }, {"No such file"});
}

TEST_F(Idx, RefusesAbsurdSizesBeforeAllocating) {
  const std::uint32_t most = 0xffffffff;
  expect_refused(idx(0x0E, {most, most, most, most}).text("abcd"), {"over 2^64"});
  expect_refused(idx(0x08, {most, 28, 28}).text("abcd"), {"4294967295 rows of 784", "can hold"});
  expect_refused(idx(0x08, {0, 28, 28}), {"0 rows"});
}

TEST_F(Idx, RefusesTooFewAndTooManyBytes) {
  save_gzip(idx(0x08, {2, 3}).text("abcde"), path_);
  expect_throw<DataError>([&] { (void)open_idx(path_); }, {"2 rows of 3 bytes", "after 5 bytes"});
  expect_refused(idx(0x08, {2, 3}).text("abcdefg"), {"longer than its header says"});
}

}  // namespace
}  // namespace twofold::data
