// Files of codes: a header, then blocks of records with a checksum each.
#include <fmt/format.h>

#include <algorithm>

#include "little_endian.hpp"
#include "one_bit_format.hpp"
#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/estimators/one_bit_file.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::estimators {
namespace {

constexpr std::size_t kHeaderBytes = 64;
constexpr std::uint64_t kChecksumBytes = sizeof(std::uint32_t);
constexpr std::uint32_t kMostVectorsPerBlock = 1U << 20;

std::string header_bytes(const CodesHeader& header) {
  std::string bytes(kCodesMagic);
  append(bytes, kFormatVersion);
  append(bytes, kByteOrderMark);
  append(bytes, header.codec);
  append(bytes, header.vectors);
  append(bytes, static_cast<std::uint64_t>(header.dimension));
  append(bytes, static_cast<std::uint64_t>(header.code_length));
  append(bytes, static_cast<std::uint32_t>(header.record_bytes));
  append(bytes, static_cast<std::uint32_t>(header.vectors_per_block) |
                    (header.norm_stored ? 1U << 31 : 0U));
  append(bytes, std::uint32_t{0});
  append(bytes, crc32_of(bytes));
  return bytes;
}

CodesHeader read_header(std::string_view bytes, const std::string& name) {
  ByteReader reader(bytes, name);
  if (bytes.substr(0, kCodesMagic.size()) != kCodesMagic) reader.fail("holds no codes of twofold");
  if (bytes.size() < kHeaderBytes) reader.fail("ends inside its header");
  (void)reader.take(kCodesMagic.size());
  const auto version = reader.number<std::uint32_t>();
  if (version != kFormatVersion) {
    reader.fail(fmt::format("has version {} of the codes format, this program reads {}", version,
                            kFormatVersion));
  }
  const auto order = reader.number<std::uint32_t>();
  CodesHeader header;
  header.codec = reader.number<std::uint64_t>();
  header.vectors = reader.number<std::uint64_t>();
  header.dimension = static_cast<Index>(reader.number<std::uint64_t>());
  const auto n = reader.number<std::uint64_t>();
  header.code_length = static_cast<Index>(n);
  header.record_bytes = static_cast<Index>(reader.number<std::uint32_t>());
  const auto block = reader.number<std::uint32_t>();
  header.vectors_per_block = static_cast<Index>(block & ~(1U << 31));
  header.norm_stored = block >> 31 != 0;
  (void)reader.number<std::uint32_t>();
  if (reader.number<std::uint32_t>() != crc32_of(bytes.substr(0, kHeaderBytes - kChecksumBytes)) ||
      order != kByteOrderMark) {
    reader.fail("the checksum of its header does not fit");
  }
  const bool sound =
      n >= 1 && n <= kMostBits && header.vectors >= 1 && header.dimension >= 1 &&
      header.vectors_per_block >= 1 && header.vectors_per_block <= kMostVectorsPerBlock &&
      header.record_bytes == ops::code_bytes(header.code_length) + (header.norm_stored ? 2 : 0);
  if (!sound) reader.fail("its header contradicts itself");
  return header;
}

// Vectors of block `number`.
std::uint64_t vectors_in(const CodesHeader& header, std::uint64_t number) {
  const auto most = static_cast<std::uint64_t>(header.vectors_per_block);
  return std::min(most, header.vectors - number * most);
}

// Blocks are told apart by their number, so that two of them cannot change places unnoticed.
std::uint32_t block_checksum(std::uint64_t number, std::string_view records) {
  std::string prefix;
  append(prefix, number);
  return crc32_of(records, crc32_of(prefix));
}

}  // namespace

std::uint64_t CodesHeader::blocks() const noexcept {
  const auto most = static_cast<std::uint64_t>(vectors_per_block);
  return vectors / most + (vectors % most != 0 ? 1 : 0);
}

void write_codes(const std::filesystem::path& path, const OneBitCodec& codec, std::uint64_t vectors,
                 const std::function<void(const AppendRecords&)>& produce) {
  constexpr auto where = "estimators::write_codes";
  require(vectors >= 1, where, "there are no vectors");
  CodesHeader header;
  header.codec = codec_hash(codec);
  header.vectors = vectors;
  header.dimension = codec.dimension();
  header.code_length = codec.parameters().code_length;
  header.record_bytes = codec.record_bytes();
  header.vectors_per_block = chunk_rows(codec.dimension());
  header.norm_stored = codec.parameters().norm_stored;
  const auto record = static_cast<std::size_t>(header.record_bytes);
  write_file(path, [&](std::ostream& out) {
    out << header_bytes(header);
    std::string block;
    std::uint64_t number = 0;
    const auto finish_full_blocks = [&] {
      while (number < header.blocks() && block.size() >= vectors_in(header, number) * record) {
        std::string whole = block.substr(0, vectors_in(header, number) * record);
        block.erase(0, whole.size());
        append(whole, block_checksum(number, whole));
        out.write(whole.data(), static_cast<std::streamsize>(whole.size()));
        ++number;
      }
    };
    produce([&](std::span<const std::uint8_t> records) {
      block.append(reinterpret_cast<const char*>(records.data()), records.size());
      finish_full_blocks();
    });
    require(number == header.blocks() && block.empty(), where,
            fmt::format("{} vectors were announced, but other bytes came", vectors));
  });
}

CodesReader::CodesReader(const std::filesystem::path& path)
    : name_(path.string()), stream_(path, std::ios::binary) {
  if (!stream_ || std::filesystem::is_directory(path)) {
    throw DataError(
        "estimators::CodesReader",
        fmt::format("cannot read {}: {}", name_,
                    std::filesystem::exists(path) ? "not a readable file" : "no such file"));
  }
  std::string bytes(kHeaderBytes, '\0');
  stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream_.gcount()));
  header_ = read_header(bytes, name_);
  const std::uint64_t length = std::filesystem::file_size(path);
  std::uint64_t records = 0, expected = 0;
  const bool overflow =
      __builtin_mul_overflow(header_.vectors, static_cast<std::uint64_t>(header_.record_bytes),
                             &records) ||
      __builtin_add_overflow(records, kHeaderBytes + kChecksumBytes * header_.blocks(), &expected);
  if (overflow || expected != length) {
    throw DataError(
        "estimators::CodesReader",
        fmt::format("{}: {} vectors need {} bytes, the file has {}; it is damaged, make "
                    "or copy it again",
                    name_, header_.vectors, overflow ? "too many" : fmt::format("{}", expected),
                    length));
  }
}

void CodesReader::require_codec(const OneBitCodec& codec) const {
  const std::uint64_t hash = codec_hash(codec);
  const bool same_shape = header_.dimension == codec.dimension() &&
                          header_.code_length == codec.parameters().code_length &&
                          header_.record_bytes == codec.record_bytes();
  if (hash == header_.codec && same_shape) return;
  throw DataError(
      "estimators::CodesReader",
      fmt::format("{}: was made with the codec {:016x}, this one is {:016x}; decode with "
                  "the codec that encoded",
                  name_, header_.codec, hash));
}

std::vector<std::uint8_t> CodesReader::read_block(std::uint64_t number) {
  constexpr auto where = "estimators::CodesReader::read_block";
  require(number < header_.blocks(), where,
          fmt::format("block {} of {} is asked for", number, header_.blocks()));
  const auto record = static_cast<std::uint64_t>(header_.record_bytes);
  const auto per_block = static_cast<std::uint64_t>(header_.vectors_per_block);
  const std::uint64_t place = kHeaderBytes + number * (per_block * record + kChecksumBytes);
  std::string bytes(vectors_in(header_, number) * record + kChecksumBytes, '\0');
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(place));
  stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const std::string_view records(bytes.data(), bytes.size() - kChecksumBytes);
  ByteReader tail(std::string_view(bytes).substr(records.size()), name_);
  if (static_cast<std::size_t>(stream_.gcount()) != bytes.size() ||
      tail.number<std::uint32_t>() != block_checksum(number, records)) {
    tail.fail(fmt::format("the checksum of block {} (vectors {} to {}) does not fit", number,
                          number * per_block,
                          number * per_block + vectors_in(header_, number) - 1));
  }
  return {records.begin(), records.end()};
}

}  // namespace twofold::estimators
