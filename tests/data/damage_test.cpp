// Damaged files of every binary format: each truncation of a valid file, and the file with
// the lowest or highest bit of any byte flipped, is read or refused with a DataError, and
// nothing worse happens (run with sanitizers).
#include <functional>

#include "support.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/safetensors.hpp"

namespace twofold::data {
namespace {

using Reader = std::function<void(const std::filesystem::path&)>;

// Returns the number of refusals.
int read_damaged(const std::string& valid, const std::filesystem::path& path, const Reader& read) {
  int refused = 0;
  const auto attempt = [&](const std::string& bytes) {
    FileBytes().text(bytes).save(path);
    try {
      read(path);
    } catch (const DataError&) {
      ++refused;
    }
  };
  for (std::size_t length = 0; length < valid.size(); ++length) attempt(valid.substr(0, length));
  for (std::size_t at = 0; at < valid.size(); ++at) {
    for (const int bit : {0, 7}) {
      std::string damaged = valid;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      attempt(damaged);
    }
  }
  return refused;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A stored zip member, written as APPNOTE.TXT describes it.
std::string archive_of(const std::string& npy) {
  FileBytes common, file;
  const auto size = static_cast<std::uint32_t>(npy.size());
  common.little(std::uint64_t{0}).little(std::uint32_t{0}).little(size).little(size);
  const std::string fields = common.bytes().substr(2);  // method, time, checksum, sizes
  const auto name_and_extra = std::uint32_t{5};         // two 16-bit lengths: 5 and 0
  file.text("PK\x03\x04").little(std::uint32_t{20}).text(fields).little(name_and_extra);
  file.text("a.npy").text(npy);
  const auto begin = static_cast<std::uint32_t>(file.bytes().size());
  file.text("PK\x01\x02").little(std::uint16_t{20}).little(std::uint32_t{20}).text(fields);
  file.little(name_and_extra).text(std::string(14, '\0')).text("a.npy");
  const auto length = static_cast<std::uint32_t>(file.bytes().size()) - begin;
  file.text("PK\x05\x06")
      .little(std::uint32_t{0})
      .little(std::uint16_t{1})
      .little(std::uint16_t{1});
  return file.little(length).little(begin).little(std::uint16_t{0}).bytes();
}

class Damage : public testing::Test {
 protected:
  TemporaryFolder folder_;

  void expect_only_data_errors(const std::string& valid, const std::string& name) {
    const auto path = folder_.path() / name;
    const Reader read = [](const auto& file) { (void)all_rows(*open_file(file.string())); };
    FileBytes().text(valid).save(path);
    ASSERT_NO_THROW(read(path));
    // Every truncation at least must be noticed.
    EXPECT_GE(read_damaged(valid, path, read), static_cast<int>(valid.size()));
  }
};

TEST_F(Damage, OfNpyAndNpzIsNoticed) {
  const auto path = folder_.path() / "valid.npy";
  write_npy(path, Matrix(Matrix::Ones(2, 3)));
  expect_only_data_errors(content_of(path), "x.npy");
  expect_only_data_errors(archive_of(content_of(path)), "x.npz");
}

TEST_F(Damage, OfIdxIsNoticed) {
  FileBytes file;
  file.little('\0').little('\0').little('\x08').little('\x03').big(2).big(2).big(2).text(
      "abcdefgh");
  expect_only_data_errors(file.bytes(), "x-ubyte");
}

TEST_F(Damage, OfOneVectorIsNoticed) {
  FileBytes file;
  file.little(std::int32_t{2}).little(1.0f).little(2.0f);
  expect_only_data_errors(file.bytes(), "x.fvecs");
}

TEST_F(Damage, OfSafetensorsIsNoticed) {
  const auto path = folder_.path() / "x.safetensors";
  TensorFile content;
  content.metadata = {{"step", "1"}};
  content.tensors["w"] = to_tensor<float>(MatrixF(MatrixF::Ones(2, 2)));
  write_safetensors(path, content);
  const std::string valid = content_of(path);
  const Reader read = [](const auto& file) { (void)read_safetensors(file); };
  EXPECT_GE(read_damaged(valid, path, read), static_cast<int>(valid.size()));
}

}  // namespace
}  // namespace twofold::data
