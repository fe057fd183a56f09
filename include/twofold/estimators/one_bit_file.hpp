// Files of the 1-bit codec: the codec itself, and codes. Byte by byte in docs/codec.md#formats.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "twofold/estimators/one_bit_codec.hpp"

namespace twofold::estimators {

/// The bytes of a codec's file, a function of its parameters only.
[[nodiscard]] std::string codec_bytes(const OneBitCodec& codec);

/// 64-bit FNV-1a of codec_bytes: what ties codes to the codec that made them.
[[nodiscard]] std::uint64_t codec_hash(const OneBitCodec& codec);

/// Writes a codec, whole or not at all. @throws OutputError.
void save_codec(const std::filesystem::path& path, const OneBitCodec& codec);

/// Reads it back, every number exactly: it encodes and decodes the same bits.
/// @throws DataError  if the file is missing, of another kind or version, truncated, longer than it
///                    says, damaged (CRC-32), or holds numbers that no codec has.
[[nodiscard]] OneBitCodec load_codec(const std::filesystem::path& path);

enum class OneBitFileKind { Codec, Codes, Other };
/// By the first bytes. @throws DataError  if the file is missing or unreadable.
[[nodiscard]] OneBitFileKind one_bit_file_kind(const std::filesystem::path& path);

/// What a file of codes says before its first block.
struct CodesHeader {
  std::uint64_t codec = 0;      ///< codec_hash of the codec that made it
  std::uint64_t vectors = 0;    ///< >= 1
  Index dimension = 0;          ///< d
  Index code_length = 0;        ///< n
  Index record_bytes = 0;       ///< ceil(n/8), and 2 more with a norm
  Index vectors_per_block = 0;  ///< of all blocks but the last
  bool norm_stored = false;

  [[nodiscard]] std::uint64_t blocks() const noexcept;
};

/// Takes the records of the next vectors, any number at a time.
using AppendRecords = std::function<void(std::span<const std::uint8_t>)>;

/// Writes a file of codes, whole or not at all.
/// @param produce  is called once and appends the records of all vectors in order.
/// @throws OutputError; InvalidArgument if more or fewer bytes come than the vectors have.
void write_codes(const std::filesystem::path& path, const OneBitCodec& codec, std::uint64_t vectors,
                 const std::function<void(const AppendRecords&)>& produce);

/// A file of codes, read block by block.
class CodesReader {
 public:
  /// @throws DataError  if the file is missing, of another kind or version, its header is damaged
  ///                    or its length is not what the header says.
  explicit CodesReader(const std::filesystem::path& path);

  [[nodiscard]] const CodesHeader& header() const noexcept { return header_; }

  /// @throws DataError  naming both hashes, if `codec` did not make these codes.
  void require_codec(const OneBitCodec& codec) const;

  /// Records of block `number` < blocks(). @throws DataError  if its CRC-32 does not fit.
  [[nodiscard]] std::vector<std::uint8_t> read_block(std::uint64_t number);

 private:
  std::string name_;
  std::ifstream stream_;
  CodesHeader header_;
};

}  // namespace twofold::estimators
