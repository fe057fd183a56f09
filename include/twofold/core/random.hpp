// Counter-based random numbers: every number is a function of (seed, stream name, index).
//
// There is no state to save, advance or share between threads, so a result cannot
// depend on the number of threads, and a resumed run draws what the uninterrupted
// run would have drawn.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace twofold {

/// A named stream of random numbers, Philox4x64-10 (Salmon et al., SC 2011) by Random123.
///
/// Key = (seed, 64-bit FNV-1a hash of the name); counter = (index, block, 0, 0).
/// Copying is free. All functions are const, thread-safe and bitwise reproducible.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name) noexcept;

  /// 256 random bits of counter (index, block).
  [[nodiscard]] std::array<std::uint64_t, 4> bits(std::uint64_t index,
                                                  std::uint64_t block = 0) const noexcept;

  /// Uniform on the open interval (0, 1), 52 bits; the first number of `index`.
  [[nodiscard]] double uniform(std::uint64_t index) const noexcept;

  /// Standard normal (Box-Muller); the first number of `index`.
  [[nodiscard]] double normal(std::uint64_t index) const noexcept;

  /// Uniform integer in [0, n), n >= 1; bias below 2^-64 n (multiply-high).
  [[nodiscard]] std::uint64_t below(std::uint64_t n, std::uint64_t index) const noexcept;

  /// +1 or -1 with probability 1/2.
  [[nodiscard]] double sign(std::uint64_t index) const noexcept;

  /// out[k] ~ N(0,1) iid; out[k] depends on (seed, name, index, k) only. The float
  /// version rounds the double one.
  void fill_normal(std::uint64_t index, std::span<double> out) const noexcept;
  void fill_normal(std::uint64_t index, std::span<float> out) const noexcept;

  /// out[k] ~ U(0,1) iid.
  void fill_uniform(std::uint64_t index, std::span<double> out) const noexcept;

  /// Place of item `position` in a pseudo-random permutation of {0..n-1} named by `epoch`:
  /// a stateless shuffle (four-round Feistel network with cycle walking).
  /// @pre position < n.
  [[nodiscard]] std::uint64_t permuted(std::uint64_t position, std::uint64_t n,
                                       std::uint64_t epoch) const noexcept;

 private:
  std::uint64_t seed_;
  std::uint64_t name_hash_;
};

}  // namespace twofold
