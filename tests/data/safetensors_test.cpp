#include "twofold/data/safetensors.hpp"

#include <limits>

#include "support.hpp"

namespace twofold::data {
namespace {

FileBytes file_of(const std::string& header, std::string_view data) {
  return FileBytes().little(static_cast<std::uint64_t>(header.size())).text(header).text(data);
}

class Safetensors : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x.safetensors";

  void expect_refused(const FileBytes& file, std::initializer_list<std::string_view> parts) {
    file.save(path_);
    expect_throw<DataError>([&] { (void)read_safetensors(path_); }, parts);
    expect_throw<DataError>([&] { (void)read_safetensors(path_); }, {path_.string()});
  }
};

TEST_F(Safetensors, WhatIsWrittenIsRead) {
  TensorFile content;
  content.metadata = {{"step", "12"}, {"note", "a \"quoted\" σ"}};
  content.tensors["bytes"] = {{3}, std::vector<std::uint8_t>{1, 2, 255}};
  content.tensors["counts"] = {{1, 2}, std::vector<std::int64_t>{-1, std::int64_t{1} << 60}};
  content.tensors["empty"] = {{0, 4}, std::vector<double>{}};
  content.tensors["scalar"] = {{}, std::vector<double>{2.5}};
  content.tensors["weights"] = to_tensor<float>(MatrixF(MatrixF::Random(4, 3)));
  write_safetensors(path_, content);
  EXPECT_EQ(read_safetensors(path_), content);
  write_safetensors(path_, {});
  EXPECT_EQ(read_safetensors(path_), TensorFile{});
}

TEST_F(Safetensors, KeepsEveryBitOfANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  TensorFile content;
  content.tensors["x"] = to_tensor<double>(Vector{{-0.0, nan, 5e-324}});
  write_safetensors(path_, content);
  const Matrix back = to_matrix<double>(read_safetensors(path_), "x");
  ASSERT_EQ(back.rows(), 3);
  EXPECT_TRUE(std::signbit(back(0, 0)));
  EXPECT_TRUE(std::isnan(back(1, 0)));
  EXPECT_EQ(back(2, 0), 5e-324);
}

TEST_F(Safetensors, IsTheFormatByteByByte) {
  const auto file = file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "");
  FileBytes(file).little(1.5f).little(-2.0f).save(path_);
  const TensorFile content = read_safetensors(path_);
  EXPECT_EQ(to_matrix<float>(content, "x"), (MatrixF(2, 1) << 1.5f, -2.0f).finished());
}

TEST_F(Safetensors, MatricesComeBackByName) {
  TensorFile content;
  const Matrix matrix = Matrix::Random(2, 5);
  content.tensors["m"] = to_tensor<double>(matrix);
  EXPECT_EQ(to_matrix<double>(content, "m"), matrix);
  expect_throw<DataError>([&] { (void)to_matrix<double>(content, "n"); }, {"no tensor named 'n'"});
  expect_throw<DataError>([&] { (void)to_matrix<float>(content, "m"); }, {"'m' is F64", "F32"});
}

TEST_F(Safetensors, RefusesToWriteWhatItCouldNotRead) {
  TensorFile content;
  content.tensors["x"] = {{2, 2}, std::vector<float>{1, 2, 3}};
  expect_throw<InvalidArgument>([&] { write_safetensors(path_, content); },
                                {"'x'", "[2, 2]", "3 elements"});
  TensorFile named;
  named.tensors["__metadata__"] = {{1}, std::vector<float>{1}};
  expect_throw<InvalidArgument>([&] { write_safetensors(path_, named); }, {"__metadata__"});
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Safetensors, RefusesABrokenHeader) {
  expect_refused(FileBytes().text("abc"), {"ends inside the length"});
  expect_refused(FileBytes().little(std::uint64_t{1} << 60).text("{}"), {"claims a header of"});
  expect_refused(file_of("{\"x\":", ""), {"not a JSON object"});
  expect_refused(file_of("[1]", ""), {"not a JSON object"});
  expect_refused(file_of(R"({"__metadata__":{"a":1}})", ""), {"'a' is not a string"});
  expect_refused(file_of(R"({"__metadata__":3})", ""), {"not an object"});
}

TEST_F(Safetensors, RefusesInconsistentTensors) {
  const auto tensor = [](std::string_view dtype, std::string_view shape, std::string_view offsets) {
    return file_of(R"({"x":{"dtype":")" + std::string(dtype) + R"(","shape":)" +
                       std::string(shape) + R"(,"data_offsets":)" + std::string(offsets) + "}}",
                   "12345678");
  };
  expect_refused(tensor("F16", "[4]", "[0,8]"), {"'x'", "F16"});
  expect_refused(tensor("F32", "[3]", "[0,8]"), {"[3]", "8 bytes"});
  expect_refused(tensor("F32", "[4611686018427387904,4]", "[0,8]"), {"does not fill"});
  expect_refused(tensor("F32", "[2]", "[4,12]"), {"outside the 8 bytes"});
  expect_refused(tensor("F32", "[2]", "[8,0]"), {"outside"});
  expect_refused(tensor("F32", "[2]", "[0]"), {"outside"});
  expect_refused(tensor("F32", "[-2]", "[0,8]"), {"no valid shape"});
  expect_refused(tensor("F32", "2", "[0,8]"), {"no valid shape"});
  expect_refused(tensor("F32", "[1]", "[0,4]"), {"4 bytes after the last tensor"});
  expect_refused(tensor("F32", "[1]", "[4,8]"), {"hole at byte 0"});
  expect_refused(file_of(R"({"x":{"shape":[1]}})", ""), {"no dtype"});
  expect_refused(file_of(R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},)"
                         R"("b":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}})",
                         "12345678"),
                 {"overlap"});
}

TEST_F(Safetensors, RefusesMissingAndEmptyFiles) {
  expect_throw<DataError>([&] { (void)read_safetensors(path_); }, {"No such file"});
  expect_refused(FileBytes(), {"empty"});
}

}  // namespace
}  // namespace twofold::data
