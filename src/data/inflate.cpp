#include "inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "data_error.hpp"

namespace twofold::data {
namespace {

constexpr std::uint64_t kMostRatio = 1032;  // of deflate
constexpr auto kAgain = "download or write it again";

// zlib counts in unsigned int.
template <typename T>
unsigned int at_most_a_gigabyte(T size) {
  return static_cast<unsigned int>(std::min<std::uint64_t>(size, std::uint64_t{1} << 30));
}

}  // namespace

GzipReader::GzipReader(const std::filesystem::path& path) : name_(path.string()) {
  constexpr auto where = "data::GzipReader";
  std::error_code code;
  const std::uintmax_t packed = std::filesystem::file_size(path, code);
  if (code) {
    fail(where, name_, fmt::format("cannot be opened ({})", code.message()),
         "check the path and its permissions");
  }
  if (packed == 0) fail(where, name_, "is empty (0 bytes)", kAgain);
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) fail(where, name_, "cannot be opened", "check the path and its permissions");
  file_ = std::shared_ptr<void>(file, [](void* opened) { gzclose(static_cast<gzFile>(opened)); });
  const bool overflows = packed > std::numeric_limits<std::uint64_t>::max() / kMostRatio;
  most_bytes_ = gzdirect(file) != 0 || overflows ? packed : packed * kMostRatio;
}

std::size_t GzipReader::read(std::span<std::uint8_t> out) {
  auto* const file = static_cast<gzFile>(file_.get());
  std::size_t done = 0;
  while (done < out.size()) {
    const int count = gzread(file, out.data() + done, at_most_a_gigabyte(out.size() - done));
    int error = Z_OK;
    const char* const reason = gzerror(file, &error);
    if (count < 0 || error != Z_OK) {
      fail("data::GzipReader", name_,
           fmt::format("the compressed data are damaged or truncated ({})", reason), kAgain);
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

std::vector<std::uint8_t> inflate_member(std::span<const std::uint8_t> packed, std::uint64_t size,
                                         std::uint32_t crc, const std::string& name) {
  constexpr auto where = "data::inflate_member";
  if (size / kMostRatio > packed.size()) {
    fail(where, name, fmt::format("claims {} bytes inside {} compressed ones", size, packed.size()),
         kAgain);
  }
  std::vector<std::uint8_t> out(size);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  std::size_t taken = 0, made = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const auto in_count = at_most_a_gigabyte(packed.size() - taken);
    const auto out_count = at_most_a_gigabyte(size - made);
    stream.next_in = const_cast<Bytef*>(packed.data() + taken);
    stream.avail_in = in_count;
    stream.next_out = out.data() + made;
    stream.avail_out = out_count;
    status = inflate(&stream, Z_NO_FLUSH);
    taken += in_count - stream.avail_in;
    made += out_count - stream.avail_out;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || made != size ||
      crc32_z(crc32_z(0, nullptr, 0), out.data(), out.size()) != crc) {
    fail(where, name, "the compressed data are damaged (size or checksum differ)", kAgain);
  }
  return out;
}

}  // namespace twofold::data
