#include "hadamard_plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {
namespace {

void set_bit(std::vector<std::uint8_t>& bits, std::size_t place) {
  bits[place >> 3] = static_cast<std::uint8_t>(bits[place >> 3] | (1U << (place & 7)));
}

std::vector<std::uint8_t> packed(const std::vector<bool>& flags) {
  std::vector<std::uint8_t> bits(
      static_cast<std::size_t>(code_bytes(static_cast<Index>(flags.size()))));
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i]) set_bit(bits, i);
  }
  return bits;
}

template <typename Scalar>
VectorOf<Scalar> signs_of(const std::vector<bool>& negative) {
  VectorOf<Scalar> signs(static_cast<Index>(negative.size()));
  std::transform(negative.begin(), negative.end(), signs.data(),
                 [](bool minus) { return minus ? Scalar{-1} : Scalar{1}; });
  return signs;
}

}  // namespace

template <std::floating_point Scalar>
HadamardPlan<Scalar>::HadamardPlan(const model::HadamardEncoder& encoder)
    : dimension(encoder.dimension),
      code_length(encoder.code_length),
      size(std::max(dimension, code_length)),
      blocks(encoder.blocks),
      negative1(packed(encoder.signs1)),
      negative2(packed(encoder.signs2)),
      signs1(signs_of<Scalar>(encoder.signs1)),
      signs2(signs_of<Scalar>(encoder.signs2)),
      mixing(encoder.mixing.template cast<Scalar>()),
      kept(encoder.kept),
      kept_bits(negative1.size()) {
  const double stretch = static_cast<double>(size) / static_cast<double>(dimension);
  scale = static_cast<Scalar>(std::sqrt(stretch) / static_cast<double>(length()));
  for (const Index place : kept) set_bit(kept_bits, static_cast<std::size_t>(place));
  std::uint32_t before = 0;
  for (const std::uint8_t byte : kept_bits) {
    kept_before.push_back(before);
    before += static_cast<std::uint32_t>(std::popcount(byte));
  }
}

template struct HadamardPlan<float>;
template struct HadamardPlan<double>;

}  // namespace twofold::ops
