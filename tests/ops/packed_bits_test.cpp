#include "twofold/ops/packed_bits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::ops {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(PackedBits, BitJIsInByteJOverEightFromTheLowEnd) {
  const std::vector<double> z{1, -1, 1, -1, -1, -1, -1, -1, -1, 2};
  Bytes bytes(2, 0xff);
  pack_signs<double>(z, bytes);
  EXPECT_EQ(bytes, (Bytes{0b00000101, 0b00000010}));
}

TEST(PackedBits, ZeroOfEitherSignIsPlusAndNanIsNot) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> z{0.0, -0.0, -std::numeric_limits<double>::denorm_min(), nan};
  Bytes bytes(1);
  pack_signs<double>(z, bytes);
  EXPECT_EQ(bytes[0], 0b0011);
}

TEST(PackedBits, RoundTripForEveryLength) {
  const RandomStream stream(5, "packed bits");
  for (std::size_t n = 1; n <= 70; ++n) {
    std::vector<float> y(n), back(n);
    for (std::size_t j = 0; j < n; ++j) y[j] = static_cast<float>(stream.sign(100 * n + j));
    Bytes bytes(static_cast<std::size_t>(code_bytes(static_cast<Index>(n))), 0xff);
    pack_signs<float>(y, bytes);
    if (n % 8 != 0) {
      EXPECT_EQ(bytes.back() >> (n % 8), 0) << n;  // padding is zero
      bytes.back() = static_cast<std::uint8_t>(bytes.back() | (0xff << (n % 8)));
    }
    unpack_signs<float>(bytes, back);  // and ignored
    EXPECT_EQ(back, y) << n;
  }
}

TEST(PackedBits, RejectWrongByteCounts) {
  std::vector<float> y(9);
  Bytes bytes(1);
  EXPECT_THROW(pack_signs<float>(y, bytes), InvalidArgument);
  EXPECT_THROW(unpack_signs<float>(bytes, y), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
