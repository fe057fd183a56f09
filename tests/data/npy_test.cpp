#include "twofold/data/npy.hpp"

#include <fmt/format.h>

#include <limits>

#include "support.hpp"

namespace twofold::data {
namespace {

// A .npy header of the given version, followed by nothing.
FileBytes npy(const std::string& descr, bool fortran, const std::string& shape, char version = 1) {
  const std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n",
                                       descr, fortran ? "True" : "False", shape);
  FileBytes file;
  file.text("\x93NUMPY").little(version).little('\0');
  if (version == 1) {
    file.little(static_cast<std::uint16_t>(dict.size()));
  } else {
    file.little(static_cast<std::uint32_t>(dict.size()));
  }
  return file.text(dict);
}

class Npy : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x.npy";

  void expect_refused(const FileBytes& file, std::initializer_list<std::string_view> parts) {
    file.save(path_);
    expect_throw<DataError>([&] { (void)open_npy(path_); }, parts);
    expect_throw<DataError>([&] { (void)open_npy(path_); }, {path_.string()});
  }

  template <typename T>
  void expect_element_type(const std::string& code) {
    const Matrix expected = (Matrix(2, 3) << 1, 2, 3, 4, 5, 100).finished();
    for (const char order : {'<', '>'}) {
      FileBytes file = npy(order + code, false, "(2, 3)");
      for (const double value : expected.reshaped<Eigen::RowMajor>()) {
        order == '<' ? file.little(static_cast<T>(value)) : file.big(static_cast<T>(value));
      }
      file.save(path_);
      EXPECT_EQ(all_rows(*open_npy(path_)), expected) << order << code;
      EXPECT_EQ(all_rows<float>(*open_npy(path_)), expected.cast<float>()) << order << code;
    }
  }
};

TEST_F(Npy, ReadsEveryElementTypeInBothByteOrders) {
  expect_element_type<Eigen::half>("f2");
  expect_element_type<float>("f4");
  expect_element_type<double>("f8");
  expect_element_type<std::uint8_t>("u1");
  expect_element_type<std::int8_t>("i1");
  expect_element_type<std::int16_t>("i2");
  expect_element_type<std::uint16_t>("u2");
  expect_element_type<std::int32_t>("i4");
  expect_element_type<std::uint32_t>("u4");
  expect_element_type<std::int64_t>("i8");
}

TEST_F(Npy, ReadsSignedAndLargeIntegers) {
  npy("<i8", false, "(1, 2)").little(std::int64_t{-5}).little(std::int64_t{1} << 40).save(path_);
  EXPECT_EQ(all_rows(*open_npy(path_)), (Matrix(1, 2) << -5.0, 0x1p40).finished());
}

TEST_F(Npy, ReadsAllHeaderVersions) {
  for (const char version : {'\x01', '\x02', '\x03'}) {
    npy("<f4", false, "(1, 2)", version).little(1.5f).little(2.5f).save(path_);
    EXPECT_EQ(all_rows(*open_npy(path_)), (Matrix(1, 2) << 1.5, 2.5).finished());
  }
}

// Two bytes of length end at 65 535; version 2 has four.
TEST_F(Npy, ReadsALongHeader) {
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  dict.append(70'000, ' ');
  FileBytes()
      .text("\x93NUMPY\x02")
      .little('\0')
      .little(static_cast<std::uint32_t>(dict.size()))
      .text(dict)
      .little(1.5f)
      .little(2.5f)
      .save(path_);
  EXPECT_EQ(all_rows(*open_npy(path_)), (Matrix(1, 2) << 1.5, 2.5).finished());
}

TEST_F(Npy, FlattensAxesInCOrderWhateverTheOrderInTheFile) {
  // a[i, j, k] = 100 i + 10 j + k with shape (2, 3, 2).
  FileBytes c_order = npy("<f8", false, "(2, 3, 2)"), fortran = npy("<f8", true, "(2, 3, 2)");
  Matrix expected(2, 6);
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 2; ++k) {
        expected(i, 2 * j + k) = 100.0 * i + 10.0 * j + k;
        c_order.little(expected(i, 2 * j + k));
      }
    }
  }
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) fortran.little(100.0 * i + 10.0 * j + k);
    }
  }
  c_order.save(path_);
  EXPECT_EQ(all_rows(*open_npy(path_)), expected);
  fortran.save(path_);
  EXPECT_EQ(all_rows(*open_npy(path_)), expected);
}

TEST_F(Npy, WhatIsWrittenIsRead) {
  const Matrix wide = Matrix::Random(5, 7);
  write_npy(path_, wide);
  EXPECT_EQ(all_rows(*open_npy(path_)), wide);
  const MatrixF narrow = wide.cast<float>();
  write_npy(path_, narrow.middleCols(1, 3));  // rows that are not contiguous
  EXPECT_EQ(all_rows<float>(*open_npy(path_)), narrow.middleCols(1, 3));
  EXPECT_TRUE(open_npy(path_)->exact_in_float());
}

TEST_F(Npy, AWrittenFileIsTheFormatByteByByte) {
  write_npy(path_, Vector{{1.5, -2.0}});
  std::ifstream file(path_, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(content.size(), 128u + 16u);  // header padded to a multiple of 64 (NEP 1)
  EXPECT_EQ(content.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_THAT(content,
              testing::HasSubstr("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"));
  EXPECT_EQ(content[127], '\n');
  EXPECT_EQ(content.substr(128), FileBytes().little(1.5).little(-2.0).bytes());
}

TEST_F(Npy, RefusesOneAxisWithARemedy) {
  expect_refused(npy("<f8", false, "(3,)").little(1.0).little(1.0).little(1.0),
                 {"shape (3)", "reshape(-1, 1)"});
}

TEST_F(Npy, RefusesPickledObjects) {
  expect_refused(npy("|O", false, "(3, 1)").text("cposix\nsystem\n"),
                 {"pickled Python objects", "not read", "astype"});
}

TEST_F(Npy, RefusesOtherTypes) {
  expect_refused(npy("<c16", false, "(1, 1)").text("xx"), {"'<c16'", "astype('float32')"});
  FileBytes records;
  const std::string dict = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }";
  records.text("\x93NUMPY\x01")
      .little('\0')
      .little(static_cast<std::uint16_t>(dict.size()))
      .text(dict);
  expect_refused(records, {"several fields"});
}

TEST_F(Npy, RefusesAbsurdHeaders) {
  expect_refused(npy("<f4", false, fmt::format("({}, 3)", std::uint64_t{1} << 60)).little(1.0f),
                 {"1152921504606846976 rows", "truncated"});
  expect_refused(npy("<f4", false, fmt::format("({0}, {0})", std::uint64_t{1} << 60)).little(1.0f),
                 {"cannot fit"});
  expect_refused(npy("<f4", true, fmt::format("({}, 3)", std::uint64_t{1} << 63)).little(1.0f),
                 {"more than 2^64 bytes"});
  expect_refused(npy("<f4", false, "(-1, 3)").little(1.0f), {"header cannot be understood"});
  expect_refused(npy("<f4", false, "(0, 3)"), {"0 rows"});
}

TEST_F(Npy, RefusesTruncatedFiles) {
  expect_refused(npy("<f4", false, "(2, 2)").little(1.0f).little(1.0f).little(1.0f),
                 {"2 rows of 2 float32", "16 bytes", "12 bytes follow", "truncated"});
  const std::string whole = npy("<f4", false, "(1, 1)").little(1.0f).bytes();
  expect_refused(FileBytes().text(whole.substr(0, 30)), {"claims a header", "truncated"});
  expect_refused(FileBytes().text(whole.substr(0, 8)), {"ends inside its header"});
}

TEST_F(Npy, RefusesMissingEmptyAndForeignFiles) {
  expect_throw<DataError>([&] { (void)open_npy(path_); }, {path_.string(), "No such file"});
  expect_throw<DataError>([&] { (void)open_npy(folder_.path()); }, {"not a regular file"});
  expect_refused(FileBytes(), {"empty"});
  expect_refused(FileBytes().text("PK\x03\x04 and more than twelve bytes"),
                 {"magic", "numpy.save"});
  expect_refused(npy("<f4", false, "(1, 1)", 9).little(1.0f), {"version 9"});
}

TEST_F(Npy, NamesTheRowAndColumnThatIsNotFinite) {
  npy("<f4", false, "(2, 2)")
      .little(1.0f)
      .little(2.0f)
      .little(3.0f)
      .little(std::numeric_limits<float>::quiet_NaN())
      .save(path_);
  const auto source = open_npy(path_);
  EXPECT_EQ(rows_of(*source, 1), (Matrix(1, 2) << 1, 2).finished());
  expect_throw<DataError>([&] { all_rows(*source); },
                          {"x.npy", "row 1, column 1", "nan", "remove"});
}

TEST_F(Npy, ADoubleThatIsNoFloatIsNotInventedAsInfinity) {
  write_npy(path_, Matrix(Matrix::Constant(1, 1, 1e300)));
  EXPECT_EQ(all_rows(*open_npy(path_))(0, 0), 1e300);
  expect_throw<DataError>([&] { all_rows<float>(*open_npy(path_)); },
                          {"row 0, column 0", "1e+300"});
}

}  // namespace
}  // namespace twofold::data
