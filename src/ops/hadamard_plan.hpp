// A HadamardEncoder in the form that the kernels read.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::ops {

/// Bits are packed as in packed_bits.hpp: place i is bit i&7 of byte i>>3.
template <std::floating_point Scalar>
struct HadamardPlan {
  explicit HadamardPlan(const model::HadamardEncoder& encoder);

  [[nodiscard]] Index length() const noexcept { return size / blocks; }    ///< 2^k of one block
  [[nodiscard]] bool pads() const noexcept { return dimension < size; }    ///< n > d
  [[nodiscard]] bool cuts() const noexcept { return code_length < size; }  ///< n < d

  Index dimension, code_length, size, blocks;      // d, n, m = q 2^k, q
  Scalar scale;                                    // normalises two transforms and the cut of n > d
  std::vector<std::uint8_t> negative1, negative2;  // where D1, D2 hold -1
  VectorOf<Scalar> signs1, signs2;                 // the same as ±1
  MatrixOf<Scalar> mixing;                         // Q, q×q symmetric; empty for q = 1
  std::vector<Index> kept;                         // places of the shorter side, ascending
  std::vector<std::uint8_t> kept_bits;             // the same as bits
  std::vector<std::uint32_t> kept_before;  // number of places kept before each byte of kept_bits
};

}  // namespace twofold::ops
