#include "spool.hpp"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

[[noreturn]] void fail(const std::filesystem::path& folder) {
  throw OutputError("data::Spool", "cannot write a temporary file in " + folder.string() + ": " +
                                       std::strerror(errno) +
                                       "; free space or choose another place");
}

}  // namespace

Spool::Spool(const std::filesystem::path& folder)
    : folder_(folder.empty() ? std::filesystem::path(".") : folder) {
  std::string name = (folder_ / ".twofold-XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) fail(folder_);
  ::unlink(name.c_str());
  file_.reset(::fdopen(descriptor, "w+b"));
  if (file_ == nullptr) {
    ::close(descriptor);
    fail(folder_);
  }
}

void Spool::append(const void* bytes, std::size_t size) {
  if (size > 0 && std::fwrite(bytes, 1, size, file_.get()) != size) fail(folder_);
  size_ += size;
}

template <typename Visit>
void Spool::for_each_piece(Visit&& visit) {
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) fail(folder_);
  std::vector<char> piece(std::size_t{1} << 20);
  for (std::uint64_t left = size_; left > 0;) {
    const std::size_t count = std::fread(piece.data(), 1, piece.size(), file_.get());
    if (count == 0) fail(folder_);
    visit(piece.data(), count);
    left -= count;
  }
}

void Spool::copy_to(std::ostream& out) {
  for_each_piece([&](const char* bytes, std::size_t count) {
    out.write(bytes, static_cast<std::streamsize>(count));
  });
}

std::uint32_t Spool::crc_after(std::uint32_t before) {
  for_each_piece([&](const char* bytes, std::size_t count) {
    before = static_cast<std::uint32_t>(
        crc32(before, reinterpret_cast<const Bytef*>(bytes), static_cast<uInt>(count)));
  });
  return before;
}

}  // namespace twofold::data
