#include "bytes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "data_error.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::map_file";

class Descriptor {
 public:
  explicit Descriptor(const char* path) : number_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace

Bytes map_file(const std::filesystem::path& path) {
  const std::string name = path.string();
  const Descriptor file(path.c_str());
  if (file.number() < 0) {
    fail(kWhere, name, fmt::format("cannot be opened ({})", std::strerror(errno)),
         "check the path and its permissions");
  }
  struct stat status = {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    fail(kWhere, name, "is not a regular file", "name the data file itself");
  }
  if (status.st_size == 0) fail(kWhere, name, "is empty (0 bytes)", "write it again");
  const auto length = static_cast<std::size_t>(status.st_size);
  void* const address = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (address == MAP_FAILED) {
    fail(kWhere, name, fmt::format("cannot be mapped into memory ({})", std::strerror(errno)),
         "copy it to a local disk");
  }
  std::shared_ptr<const void> owner(
      address, [length](const void* mapped) { ::munmap(const_cast<void*>(mapped), length); });
  return {std::move(owner), {static_cast<const std::uint8_t*>(address), length}};
}

Bytes own_bytes(std::vector<std::uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  const std::span<const std::uint8_t> data(*owner);
  return {std::move(owner), data};
}

}  // namespace twofold::data
