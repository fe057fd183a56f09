// A smooth function of one float by cubic pieces, with its slope; the pieces widen with |x|.
//
// Piece of x: a = |x| + start; the exponent of a and its next five bits are the index, and without
// the other bits a is the left end. So an octave of a has 32 pieces, of relative width 1/32 to
// 1/64, and finding one takes a shift. Behind the last piece lies the line that continues it.
// Pieces of x >= 0 come first, those of x < 0 after them; these hold -g(-|x|), whose slope in |x|
// is again g'.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace twofold::decode {

/// g(x) = c0 + s (c1 + s (c2 + s c3)), s from the left end.
using Piece = std::array<float, 4>;

constexpr int kPieceBits = 5;
constexpr int kPiecesPerOctave = 1 << kPieceBits;
constexpr int kIndexShift = 23 - kPieceBits;
constexpr std::int32_t kLeftEnd = -(1 << kIndexShift);  ///< the bits of a that are its left end

/// Where the pieces lie. Beyond the last one g is continued as a straight line.
struct PieceGrid {
  int first_octave;  ///< start = 2^first_octave
  int octaves;

  [[nodiscard]] constexpr float start() const { return power(first_octave); }
  /// Cubic pieces of one sign.
  [[nodiscard]] constexpr int side() const { return octaves * kPiecesPerOctave; }
  /// The same and the line, which is there twice: so a table fills whole registers.
  [[nodiscard]] constexpr int stored_side() const { return side() + 2; }
  [[nodiscard]] constexpr int size() const { return 2 * stored_side(); }
  /// Index of the first piece before it is counted from 0.
  [[nodiscard]] constexpr std::int32_t origin() const {
    return std::bit_cast<std::int32_t>(start()) >> kIndexShift;
  }
  /// Bits of a where the line begins.
  [[nodiscard]] constexpr std::int32_t last() const {
    return std::bit_cast<std::int32_t>(power(first_octave + octaves));
  }
  /// Left end of piece k of one sign, k = side() is the end of the last; as |x|.
  [[nodiscard]] constexpr double end(int k) const {
    const double octave = static_cast<double>(power(first_octave + k / kPiecesPerOctave));
    return octave * (1.0 + static_cast<double>(k % kPiecesPerOctave) / kPiecesPerOctave) -
           static_cast<double>(start());
  }

 private:
  static constexpr float power(int exponent) {
    return std::bit_cast<float>((exponent + 127) << 23);
  }
};

/// A value and slope of the function at a node.
struct NodeValue {
  double value, slope;
};

/// The cubic through the values and slopes at both ends of a piece of the given width.
[[nodiscard]] inline Piece hermite_piece(const NodeValue& a, const NodeValue& b, double width) {
  const double slope = (b.value - a.value) / width;
  return {static_cast<float>(a.value), static_cast<float>(a.slope),
          static_cast<float>((3.0 * slope - 2.0 * a.slope - b.slope) / width),
          static_cast<float>((a.slope + b.slope - 2.0 * slope) / (width * width))};
}

/// Fills size() pieces from function(x) -> NodeValue.
template <typename Function>
void fill_pieces(const PieceGrid& grid, Function&& function, Piece* pieces) {
  for (const int sign : {1, -1}) {
    const auto node = [&](int k) {
      const NodeValue v = function(sign * grid.end(k));
      return NodeValue{sign * v.value, v.slope};
    };
    NodeValue left = node(0);
    for (int k = 0; k < grid.side(); ++k) {
      const NodeValue right = node(k + 1);
      *pieces++ = hermite_piece(left, right, grid.end(k + 1) - grid.end(k));
      left = right;
    }
    const Piece line{static_cast<float>(left.value), static_cast<float>(left.slope), 0.0f, 0.0f};
    pieces = std::fill_n(pieces, grid.stored_side() - grid.side(), line);
  }
}

}  // namespace twofold::decode
