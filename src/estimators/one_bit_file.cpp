#include "twofold/estimators/one_bit_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cmath>

#include "little_endian.hpp"
#include "one_bit_format.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::estimators {
namespace {

constexpr std::uint32_t kMixture = 0, kSparseLaplace = 1;

std::span<const double> span_of(const Vector& v) {
  return {v.data(), static_cast<std::size_t>(v.size())};
}

void append_prior(std::string& bytes, const data::ScalarPrior& prior) {
  const auto components = prior.components();
  const std::string name = prior.name();
  append(bytes, components.empty() ? kSparseLaplace : kMixture);
  append(bytes, static_cast<std::uint32_t>(name.size()));
  bytes += name;
  append(bytes, prior.sparsity());
  append(bytes, static_cast<std::uint64_t>(components.size()));
  for (const data::MixtureComponent& c : components) {
    append(bytes, c.weight);
    append(bytes, c.mean);
    append(bytes, c.variance);
  }
}

data::ScalarPrior read_prior(ByteReader& reader) {
  const auto kind = reader.number<std::uint32_t>();
  const auto length = reader.number<std::uint32_t>();
  const std::string name(reader.take(length));
  const auto p = reader.number<double>();
  const auto count = reader.number<std::uint64_t>();
  reader.require_room(count, 3 * sizeof(double));
  std::vector<data::MixtureComponent> components(count);
  for (data::MixtureComponent& c : components) {
    c.weight = reader.number<double>();
    c.mean = reader.number<double>();
    c.variance = reader.number<double>();
  }
  if (kind == kSparseLaplace) return data::ScalarPrior::sparse_laplace(p);
  if (kind != kMixture) reader.fail(fmt::format("holds a prior of unknown kind {}", kind));
  return data::ScalarPrior::mixture(components, name);
}

Vector read_vector(ByteReader& reader, std::uint64_t length) {
  reader.require_room(length, sizeof(double));
  Vector v(static_cast<Index>(length));
  reader.numbers(std::span<double>(v.data(), length));
  return v;
}

MatrixF read_directions(ByteReader& reader, std::uint64_t columns) {
  const auto rows = reader.number<std::uint64_t>();
  if (rows > 0) reader.require_room(rows, columns * sizeof(float));
  MatrixF directions(static_cast<Index>(rows), static_cast<Index>(rows > 0 ? columns : 0));
  reader.numbers(std::span<float>(directions.data(), static_cast<std::size_t>(directions.size())));
  return directions;
}

OneBitCodecParameters read_parameters(ByteReader& reader) {
  OneBitCodecParameters p;
  const auto d = reader.number<std::uint64_t>();
  const auto n = reader.number<std::uint64_t>();
  if (n > kMostBits) reader.fail(fmt::format("claims codes of {} bits", n));
  p.code_length = static_cast<Index>(n);
  p.seed = reader.number<std::uint64_t>();
  p.layers = static_cast<int>(reader.number<std::uint32_t>());
  const auto transform = reader.number<std::uint32_t>();
  if (transform > static_cast<std::uint32_t>(TransformKind::Principal)) {
    reader.fail(fmt::format("holds a transform of unknown kind {}", transform));
  }
  p.transform = static_cast<TransformKind>(transform);
  for (Index* side : {&p.image.rows, &p.image.cols, &p.image.channels}) {
    *side = static_cast<Index>(reader.number<std::uint32_t>());
  }
  p.norm_stored = reader.number<std::uint32_t>() != 0;
  p.discrete = reader.number<std::uint32_t>() != 0;
  p.mean_norm = reader.number<double>();
  p.norm_variance = reader.number<double>();
  p.training_rows = reader.number<std::uint64_t>();
  p.predicted = reader.number<double>();
  p.measured = reader.number<double>();
  p.prior = read_prior(reader);
  p.mean = read_vector(reader, d);
  p.variances = read_vector(reader, d);
  p.energies = read_vector(reader, d);
  p.directions = read_directions(reader, d);
  if (!reader.empty()) reader.fail("is longer than its numbers");
  return p;
}

// The bytes between header and checksum, once both have been found right.
std::string_view checked_payload(std::string_view bytes, const std::string& name) {
  ByteReader reader(bytes, name);
  if (bytes.substr(0, kCodecMagic.size()) != kCodecMagic) reader.fail("is not a codec of twofold");
  (void)reader.take(kCodecMagic.size());
  const auto version = reader.number<std::uint32_t>();
  const auto order = reader.number<std::uint32_t>();
  const auto length = reader.number<std::uint64_t>();
  if (version != kFormatVersion) {
    throw DataError(
        "estimators::load_codec",
        fmt::format("{}: has version {} of the codec format, this program reads {}; fit "
                    "again with it",
                    name, version, kFormatVersion));
  }
  if (order != kByteOrderMark) reader.fail("is not little-endian");
  if (length != bytes.size()) {
    reader.fail(fmt::format("says it has {} bytes, but has {}", length, bytes.size()));
  }
  const std::string_view content = bytes.substr(0, bytes.size() - sizeof(std::uint32_t));
  ByteReader tail(bytes.substr(content.size()), name);
  if (tail.number<std::uint32_t>() != crc32_of(content)) reader.fail("its checksum does not fit");
  return reader.take(content.size() - (kCodecMagic.size() + 16));
}

}  // namespace

std::uint32_t crc32_of(std::string_view bytes, std::uint32_t crc) {
  return static_cast<std::uint32_t>(
      ::crc32_z(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::string codec_bytes(const OneBitCodec& codec) {
  const OneBitCodecParameters& p = codec.parameters();
  std::string body;
  append(body, static_cast<std::uint64_t>(p.dimension()));
  append(body, static_cast<std::uint64_t>(p.code_length));
  append(body, p.seed);
  append(body, static_cast<std::uint32_t>(p.layers));
  append(body, static_cast<std::uint32_t>(p.transform));
  for (const Index side : {p.image.rows, p.image.cols, p.image.channels}) {
    append(body, static_cast<std::uint32_t>(side));
  }
  append(body, static_cast<std::uint32_t>(p.norm_stored));
  append(body, static_cast<std::uint32_t>(p.discrete));
  append(body, p.mean_norm);
  append(body, p.norm_variance);
  append(body, p.training_rows);
  append(body, p.predicted);
  append(body, p.measured);
  append_prior(body, p.prior);
  for (const Vector* v : {&p.mean, &p.variances, &p.energies}) append(body, span_of(*v));
  append(body, static_cast<std::uint64_t>(p.directions.rows()));
  append(body, std::span<const float>(p.directions.data(),
                                      static_cast<std::size_t>(p.directions.size())));
  std::string bytes(kCodecMagic);
  append(bytes, kFormatVersion);
  append(bytes, kByteOrderMark);
  append(bytes, static_cast<std::uint64_t>(bytes.size() + sizeof(std::uint64_t) + body.size() +
                                           sizeof(std::uint32_t)));
  bytes += body;
  append(bytes, crc32_of(bytes));
  return bytes;
}

std::uint64_t codec_hash(const OneBitCodec& codec) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : codec_bytes(codec)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return hash;
}

void save_codec(const std::filesystem::path& path, const OneBitCodec& codec) {
  write_file(path, codec_bytes(codec));
}

OneBitCodec load_codec(const std::filesystem::path& path) {
  const std::string name = path.string(), bytes = read_file(path);
  ByteReader reader(checked_payload(bytes, name), name);
  try {
    return OneBitCodec(read_parameters(reader));
  } catch (const InvalidArgument& e) {
    throw DataError("estimators::load_codec", fmt::format("{}: {}; fit again", name, e.what()));
  }
}

OneBitFileKind one_bit_file_kind(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string magic(kCodecMagic.size(), '\0');
  if (!stream || std::filesystem::is_directory(path)) {
    throw DataError(
        "estimators::one_bit_file_kind",
        fmt::format("cannot read {}: {}", path.string(),
                    std::filesystem::exists(path) ? "not a readable file" : "no such file"));
  }
  stream.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  if (magic == kCodecMagic) return OneBitFileKind::Codec;
  return magic == kCodesMagic ? OneBitFileKind::Codes : OneBitFileKind::Other;
}

}  // namespace twofold::estimators
