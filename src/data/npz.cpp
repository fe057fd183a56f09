#include "twofold/data/npz.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "data_error.hpp"
#include "inflate.hpp"
#include "npy_format.hpp"

namespace twofold::data {
namespace {

// Zip, as APPNOTE.TXT of PKWARE describes it: the end record points to the central
// directory, each entry of which points to a local header that the data follow.
constexpr auto kWhere = "data::open_npz";
constexpr auto kResave = "write it again with numpy.savez(path, x=array)";
constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kZip64 = 0xffffffff;

struct Member {
  std::string name;  // without ".npy"
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed_size = 0, size = 0, local_header = 0;
};

class Archive {
 public:
  Archive(const Bytes& bytes, const std::string& name) : data_(bytes.data), name_(name) {}

  std::vector<Member> members() const {
    const std::size_t end = end_record();
    const auto count = number<std::uint16_t>(end + 10);
    std::size_t at = number<std::uint32_t>(end + 16);
    std::vector<Member> found;
    for (int k = 0; k < count; ++k) {
      if (number<std::uint32_t>(at) != kCentral) damaged("its directory");
      const std::size_t name_length = number<std::uint16_t>(at + 28);
      const std::size_t extra = number<std::uint16_t>(at + 30);
      found.push_back(entry(at, name_length, extra));
      at += 46 + name_length + extra + number<std::uint16_t>(at + 32);
    }
    return found;
  }

  std::span<const std::uint8_t> content(const Member& member) const {
    const std::size_t at = member.local_header;
    if (number<std::uint32_t>(at) != kLocal) damaged("a local header");
    const std::size_t begin =
        at + 30 + number<std::uint16_t>(at + 26) + number<std::uint16_t>(at + 28);
    if (begin > data_.size() || member.packed_size > data_.size() - begin) damaged("a member");
    return data_.subspan(begin, member.packed_size);
  }

 private:
  // Searched from the end; a comment of at most 65535 bytes may follow it.
  std::size_t end_record() const {
    constexpr std::size_t size = 22;
    for (std::size_t back = size; back <= std::min<std::size_t>(data_.size(), size + 0xffff);
         ++back) {
      if (number<std::uint32_t>(data_.size() - back) == kEnd) return data_.size() - back;
    }
    fail(kWhere, name_, "is not a zip archive, or it is truncated (no end record)", kResave);
  }

  Member entry(std::size_t at, std::size_t name_length, std::size_t extra) const {
    Member member;
    member.method = number<std::uint16_t>(at + 10);
    member.crc = number<std::uint32_t>(at + 16);
    member.packed_size = number<std::uint32_t>(at + 20);
    member.size = number<std::uint32_t>(at + 24);
    member.local_header = number<std::uint32_t>(at + 42);
    check(at + 46, name_length + extra);
    member.name.assign(reinterpret_cast<const char*>(data_.data() + at + 46), name_length);
    if (member.name.ends_with(".npy")) member.name.resize(name_length - 4);
    read_zip64(at + 46 + name_length, extra, member);
    return member;
  }

  // Sizes above 4 GiB stand in the extra field of identifier 1, in this order.
  void read_zip64(std::size_t at, std::size_t length, Member& member) const {
    const std::size_t end = at + length;
    while (at + 4 <= end) {
      const auto id = number<std::uint16_t>(at);
      const std::size_t next = at + 4 + number<std::uint16_t>(at + 2);
      at += 4;
      if (id == 1) {
        for (std::uint64_t* value : {&member.size, &member.packed_size, &member.local_header}) {
          if (*value != kZip64) continue;
          *value = number<std::uint64_t>(at);
          at += 8;
        }
      }
      at = next;
    }
  }

  template <typename T>
  T number(std::size_t at) const {
    check(at, sizeof(T));
    return load<T>(data_.data() + at, false);
  }

  void check(std::size_t at, std::size_t length) const {
    if (at > data_.size() || length > data_.size() - at) damaged("a record");
  }

  [[noreturn]] void damaged(std::string_view part) const {
    fail(kWhere, name_, fmt::format("the zip archive is damaged or truncated at {}", part),
         kResave);
  }

  std::span<const std::uint8_t> data_;
  const std::string& name_;
};

Member choose(std::vector<Member> members, std::string_view wanted, const std::string& name) {
  if (members.empty()) fail(kWhere, name, "holds no array", kResave);
  if (wanted.empty() && members.size() == 1) return members.front();
  std::vector<std::string> names;
  for (const Member& member : members) {
    if (!wanted.empty() && member.name == wanted) return member;
    names.push_back(member.name);
  }
  fail(kWhere, name,
       wanted.empty() ? std::string("holds several arrays")
                      : fmt::format("holds no array named '{}'", wanted),
       fmt::format("name one of them as {}:NAME: {}", name, fmt::join(names, ", ")));
}

}  // namespace

std::shared_ptr<const Source> open_npz(const std::filesystem::path& path, std::string_view member) {
  const std::string name = path.string();
  Bytes bytes = map_file(path);
  const Archive archive(bytes, name);
  const Member chosen = choose(archive.members(), member, name);
  const std::string full_name = name + ":" + chosen.name;
  const auto content = archive.content(chosen);
  if (chosen.method == 0) return npy_rows({std::move(bytes.owner), content}, full_name);
  if (chosen.method == 8) {
    return npy_rows(own_bytes(inflate_member(content, chosen.size, chosen.crc, full_name)),
                    full_name);
  }
  fail(kWhere, full_name,
       fmt::format("is compressed by method {}, which is not read", chosen.method), kResave);
}

}  // namespace twofold::data
