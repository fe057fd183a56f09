#include "twofold/data/npz.hpp"

#include <zlib.h>

#include <vector>

#include "support.hpp"

namespace twofold::data {
namespace {

struct Entry {
  std::string name, content;
  std::uint16_t method;  // 0 stored, 8 deflated
};

std::string npy_2x2(float first) {
  const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n";
  FileBytes file;
  file.text("\x93NUMPY\x01")
      .little('\0')
      .little(static_cast<std::uint16_t>(dict.size()))
      .text(dict);
  for (float k = 0; k < 4; ++k) file.little(first + k);
  return file.bytes();
}

Matrix matrix_2x2(double first) {
  return (Matrix(2, 2) << first, first + 1, first + 2, first + 3).finished();
}

std::string deflated(const std::string& content) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(content.size() + 100, '\0');
  std::string in = content;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A zip archive as APPNOTE.TXT describes it: local headers and data, directory, end record.
FileBytes zip(const std::vector<Entry>& entries) {
  FileBytes file, directory;
  for (const Entry& entry : entries) {
    const std::string data = entry.method == 8 ? deflated(entry.content) : entry.content;
    const auto crc =
        static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()),
                                         static_cast<uInt>(entry.content.size())));
    FileBytes common;
    common.little(entry.method).little(std::uint32_t{0}).little(crc);
    common.little(static_cast<std::uint32_t>(data.size()));
    common.little(static_cast<std::uint32_t>(entry.content.size()));
    common.little(static_cast<std::uint16_t>(entry.name.size())).little(std::uint16_t{0});
    const auto offset = static_cast<std::uint32_t>(file.bytes().size());
    file.text("PK\x03\x04").little(std::uint16_t{20}).little(std::uint16_t{0});
    file.text(common.bytes()).text(entry.name).text(data);
    directory.text("PK\x01\x02").little(std::uint16_t{20}).little(std::uint16_t{20});
    directory.little(std::uint16_t{0}).text(common.bytes()).text(std::string(10, '\0'));
    directory.little(offset).text(entry.name);
  }
  const auto begin = static_cast<std::uint32_t>(file.bytes().size());
  const auto count = static_cast<std::uint16_t>(entries.size());
  file.text(directory.bytes())
      .text("PK\x05\x06")
      .little(std::uint32_t{0})
      .little(count)
      .little(count);
  file.little(static_cast<std::uint32_t>(directory.bytes().size())).little(begin);
  return file.little(std::uint16_t{0});
}

class Npz : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "x.npz";

  void expect_refused(const std::string& bytes, std::initializer_list<std::string_view> parts,
                      std::string_view member = "") {
    FileBytes().text(bytes).save(path_);
    expect_throw<DataError>([&] { (void)open_npz(path_, member); }, parts);
    expect_throw<DataError>([&] { (void)open_npz(path_, member); }, {path_.string()});
  }
};

TEST_F(Npz, ReadsStoredAndDeflatedMembers) {
  zip({{"a.npy", npy_2x2(1), 0}, {"b.npy", npy_2x2(5), 8}}).save(path_);
  EXPECT_EQ(all_rows(*open_npz(path_, "a")), matrix_2x2(1));
  EXPECT_EQ(all_rows(*open_npz(path_, "b")), matrix_2x2(5));
  zip({{"only.npy", npy_2x2(3), 8}}).save(path_);
  EXPECT_EQ(all_rows(*open_npz(path_)), matrix_2x2(3));
}

// numpy writes the sizes of members it streams, and of those above 4 GiB, into an extra field of
// identifier 1 (APPNOTE.TXT, 4.5.3); another field may stand before it.
TEST_F(Npz, ReadsSizesFromAZip64Field) {
  const std::string content = npy_2x2(7), name = "x.npy";
  const auto size = static_cast<std::uint64_t>(content.size());
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  const std::uint32_t see_field = 0xffffffff;
  FileBytes field, file;
  field.little(std::uint16_t{9}).little(std::uint16_t{2}).text("ab");  // of another identifier
  field.little(std::uint16_t{1}).little(std::uint16_t{24}).little(size).little(size);
  field.little(std::uint64_t{0});  // place of the local header
  file.text("PK\x03\x04").text(std::string(10, '\0')).little(crc).little(see_field);
  file.little(see_field).little(std::uint16_t{5}).little(std::uint16_t{0}).text(name).text(content);
  const auto directory = static_cast<std::uint32_t>(file.bytes().size());
  file.text("PK\x01\x02").text(std::string(12, '\0')).little(crc).little(see_field);
  file.little(see_field).little(std::uint16_t{5});
  file.little(static_cast<std::uint16_t>(field.bytes().size())).text(std::string(10, '\0'));
  file.little(see_field).text(name).text(field.bytes());
  const auto end = static_cast<std::uint32_t>(file.bytes().size());
  file.text("PK\x05\x06")
      .little(std::uint32_t{0})
      .little(std::uint16_t{1})
      .little(std::uint16_t{1});
  file.little(end - directory).little(directory).little(std::uint16_t{0}).save(path_);
  EXPECT_EQ(all_rows(*open_npz(path_)), matrix_2x2(7));
}

TEST_F(Npz, AsksWhichOfSeveralAndListsThem) {
  const auto file = zip({{"train.npy", npy_2x2(1), 0}, {"test.npy", npy_2x2(5), 8}}).bytes();
  expect_refused(file, {"several arrays", "train, test"});
  expect_refused(file, {"no array named 'valid'", "train, test"}, "valid");
}

TEST_F(Npz, RefusesDamagedArchives) {
  const std::string whole = zip({{"a.npy", npy_2x2(1), 8}}).bytes();
  expect_refused("no zip at all, but longer than an end record", {"not a zip archive"});
  expect_refused(whole.substr(0, whole.size() - 30), {"not a zip archive, or it is truncated"});
  expect_refused("", {"empty"});
  std::string flipped = whole;
  flipped[60] = static_cast<char>(flipped[60] ^ 0x10);  // inside the deflated data
  expect_refused(flipped, {"a", "damaged"});
  std::string moved = whole;
  moved[whole.size() - 4] = '\x7f';  // third byte of the directory's place
  expect_refused(moved, {"damaged or truncated"});
  std::string sized = whole;
  sized[whole.size() - 22 - 5 - 46 + 27] = '\x40';  // high byte of the claimed size
  expect_refused(sized, {"claims", "compressed"});
  expect_refused(zip({}).bytes(), {"no array"});
}

TEST_F(Npz, RefusesOtherCompressionAndPickles) {
  expect_refused(zip({{"a.npy", npy_2x2(1), 12}}).bytes(), {"method 12"});
  std::string pickled = npy_2x2(1);
  pickled.replace(pickled.find("<f4"), 3, "|O ");
  expect_refused(zip({{"a.npy", pickled, 0}}).bytes(), {"x.npz:a", "pickled"});
}

}  // namespace
}  // namespace twofold::data
