#include "twofold/core/random.hpp"

#include <Random123/philox.h>

#include <bit>
#include <cmath>
#include <numbers>

namespace twofold {
namespace {

using Engine = r123::Philox4x64_R<10>;

std::uint64_t fnv1a(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

// 52 high bits, shifted by half a step: never 0 and never 1, both exactly representable.
double to_unit(std::uint64_t bits) noexcept {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

struct NormalPair {
  double first, second;
};

NormalPair box_muller(std::uint64_t a, std::uint64_t b) noexcept {
  const double radius = std::sqrt(-2.0 * std::log(to_unit(a)));
  const double angle = 2.0 * std::numbers::pi * to_unit(b);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
}

// Calls put(k, u) for four numbers of each block.
template <typename Scalar, typename FromBits>
void fill_blocks(const RandomStream& stream, std::uint64_t index, std::span<Scalar> out,
                 FromBits&& from_bits) noexcept {
  for (std::size_t k = 0; k < out.size(); k += 4) {
    const std::array<double, 4> four = from_bits(stream.bits(index, k / 4));
    for (std::size_t j = 0; j < 4 && k + j < out.size(); ++j) {
      out[k + j] = static_cast<Scalar>(four[j]);
    }
  }
}

std::array<double, 4> four_normals(const std::array<std::uint64_t, 4>& bits) noexcept {
  const NormalPair a = box_muller(bits[0], bits[1]);
  const NormalPair b = box_muller(bits[2], bits[3]);
  return {a.first, a.second, b.first, b.second};
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) noexcept
    : seed_(seed), name_hash_(fnv1a(name)) {}

std::array<std::uint64_t, 4> RandomStream::bits(std::uint64_t index,
                                                std::uint64_t block) const noexcept {
  const Engine::ctr_type counter = {{index, block, 0, 0}};
  const Engine::key_type key = {{seed_, name_hash_}};
  const Engine::ctr_type result = Engine()(counter, key);
  return {result[0], result[1], result[2], result[3]};
}

double RandomStream::uniform(std::uint64_t index) const noexcept {
  return to_unit(bits(index)[0]);
}

double RandomStream::normal(std::uint64_t index) const noexcept {
  const auto b = bits(index);
  return box_muller(b[0], b[1]).first;
}

std::uint64_t RandomStream::below(std::uint64_t n, std::uint64_t index) const noexcept {
  return multiply_high(bits(index)[0], n);
}

double RandomStream::sign(std::uint64_t index) const noexcept {
  return (bits(index)[0] >> 63) != 0 ? 1.0 : -1.0;
}

void RandomStream::fill_normal(std::uint64_t index, std::span<double> out) const noexcept {
  fill_blocks(*this, index, out, four_normals);
}

void RandomStream::fill_normal(std::uint64_t index, std::span<float> out) const noexcept {
  fill_blocks(*this, index, out, four_normals);
}

void RandomStream::fill_uniform(std::uint64_t index, std::span<double> out) const noexcept {
  fill_blocks(*this, index, out, [](const std::array<std::uint64_t, 4>& b) {
    return std::array{to_unit(b[0]), to_unit(b[1]), to_unit(b[2]), to_unit(b[3])};
  });
}

std::uint64_t RandomStream::permuted(std::uint64_t position, std::uint64_t n,
                                     std::uint64_t epoch) const noexcept {
  // A balanced Feistel network permutes [0, 4^half); walking the cycle until the value
  // falls below n restricts it to [0, n). Fewer than four steps on average.
  const unsigned half = n <= 1 ? 1u : (static_cast<unsigned>(std::bit_width(n - 1)) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  std::uint64_t value = position;
  do {
    std::uint64_t left = value >> half, right = value & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t mixed = left ^ (bits(right, (epoch << 2) | round)[0] & mask);
      left = right;
      right = mixed;
    }
    value = (left << half) | right;
  } while (value >= n);
  return value;
}

}  // namespace twofold
