#include "twofold/core/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "twofold/core/error.hpp"

namespace twofold {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int error_number) {
  throw OutputError("core::write_file", "cannot write " + path.string() + ": " +
                                            std::strerror(error_number) +
                                            "; free space or choose another place");
}

// Flushes a finished temporary to the disk and puts it in its place.
void publish(const fs::path& temporary, const fs::path& path) {
  const int descriptor = ::open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error_number = errno;
  if (descriptor >= 0) ::close(descriptor);
  std::error_code code;
  if (synced) fs::rename(temporary, path, code);
  if (!synced || code) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    fail(path, synced ? code.value() : error_number);
  }
}

// A device or a pipe: what is renamed over it takes its place for good.
bool takes_no_replacement(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

// Where a link points, so that the link stays.
fs::path behind_link(const fs::path& path) {
  std::error_code code;
  if (!fs::is_symlink(path, code)) return path;
  const fs::path target = fs::weakly_canonical(path, code);
  return code ? path : target;
}

void write_through(const fs::path& path, const std::function<void(std::ostream&)>& produce) {
  errno = 0;
  std::ofstream stream(path, std::ios::binary);
  if (!stream) fail(path, errno);
  produce(stream);
  stream.close();
  if (!stream) fail(path, errno != 0 ? errno : EIO);
}

}  // namespace

void write_file(const fs::path& name, const std::function<void(std::ostream&)>& produce) {
  if (takes_no_replacement(name)) return write_through(name, produce);
  const fs::path path = behind_link(name);
  const fs::path temporary = path.string() + ".part" + std::to_string(::getpid());
  errno = 0;
  std::ofstream stream(temporary, std::ios::binary);
  if (!stream) fail(path, errno);
  const auto discard = [&] {
    stream.close();
    std::error_code ignored;
    fs::remove(temporary, ignored);
  };
  errno = 0;
  try {
    produce(stream);
  } catch (...) {
    discard();
    throw;
  }
  // The first failed write sets errno; what follows it must not hide the reason.
  const int write_error = stream ? 0 : errno;
  errno = 0;
  stream.close();
  if (!stream) {
    const int error_number = write_error != 0 ? write_error : (errno != 0 ? errno : EIO);
    discard();
    fail(path, error_number);
  }
  publish(temporary, path);
}

void write_file(const fs::path& path, std::string_view content) {
  write_file(path, [content](std::ostream& out) {
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
  });
}

void check_place(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::path& written = takes_no_replacement(path) ? path : folder;
  if (::access(written.c_str(), W_OK) != 0) fail(path, errno);
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || fs::is_directory(path)) {
    throw DataError("core::read_file",
                    "cannot read " + path.string() + ": " +
                        (fs::exists(path) ? "not a readable file" : "no such file"));
  }
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void create_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code || !fs::is_directory(path)) {
    throw OutputError("core::create_folder",
                      "cannot create the folder " + path.string() + ": " +
                          (code ? code.message() : "a file is in its place"));
  }
}

}  // namespace twofold
