// What both kinds of kernels share: weights of tables, the last few numbers, the sum of lanes.
#pragma once

#include <algorithm>
#include <cmath>

#include "cubic_kernels.hpp"

namespace twofold::decode {

/// Value and slope of one number.
struct CubicValue {
  float value, slope;
};

/// Where x falls; see cubic_table.hpp. Beyond the last piece `excess` is what is left.
struct PiecePlace {
  std::int32_t index;
  float s, per_width, excess;
};

inline PiecePlace find_piece(const PieceGrid& grid, float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  const float a = std::bit_cast<float>(bits & 0x7fffffff) + grid.start();
  const std::int32_t b = std::min(std::bit_cast<std::int32_t>(a), grid.last());
  PiecePlace place{};
  place.index = (b >> kIndexShift) - grid.origin() + ((bits >> 31) & grid.side());
  place.s = std::bit_cast<float>(((b << kPieceBits) & 0x7fffff) | 0x3f800000) - 1.0f;
  // The width of a piece is the power of two below a, over 32.
  place.per_width =
      std::bit_cast<float>((254 << 23) - (b & 0x7f800000)) * static_cast<float>(kPiecesPerOctave);
  place.excess = a - std::bit_cast<float>(b);
  return place;
}

/// Value with the sign of x.
inline CubicValue evaluate(const Piece& c, const PiecePlace& place, float x) {
  const float s = place.s;
  const float value = c[0] + s * (c[1] + s * (c[2] + s * c[3]));
  const float slope = (c[1] + s * (2.0f * c[2] + s * (3.0f * c[3]))) * place.per_width;
  const float line = value + slope * place.excess;
  return {std::bit_cast<float>(std::bit_cast<std::int32_t>(line) ^
                               (std::bit_cast<std::int32_t>(x) & (1 << 31))),
          slope};
}

inline CubicValue lookup_one(const PieceTables& table, float x) {
  const PiecePlace place = find_piece(table.grid, x);
  return evaluate(table.pieces[place.index], place, x);
}

/// Four-point interpolation at u in [0, 1] between the second and the third of four tables.
inline std::array<float, 4> table_weights(float u) {
  const float before = u + 1.0f, after = u - 1.0f, far = u - 2.0f;
  return {u * after * far * (-1.0f / 6.0f), before * after * far * 0.5f, before * u * far * -0.5f,
          before * u * after * (1.0f / 6.0f)};
}

inline CubicValue scaled_lookup_one(const PieceTables& tables, const ScaledLookup& scaled,
                                    std::size_t i, float r) {
  const float p = std::min(std::max(scaled.place - scaled.offsets[i], scaled.low), scaled.high);
  const auto table = static_cast<std::int32_t>(p);
  const auto weights = table_weights(p - static_cast<float>(table));
  const float scale = std::sqrt(scaled.squares[i] + scaled.tau);
  const float x = scaled.gain * r / scale;
  const PiecePlace place = find_piece(tables.grid, x);
  const std::int32_t stride = 2 * tables.grid.side();
  const Piece* p0 = tables.pieces + (table - 1) * stride + place.index;
  Piece sum;
  for (std::size_t q = 0; q < 4; ++q) {
    sum[q] = (weights[0] * p0[0][q] + weights[1] * p0[stride][q]) +
             (weights[2] * p0[2 * stride][q] + weights[3] * p0[3 * stride][q]);
  }
  const CubicValue v = evaluate(sum, place, x);
  const float keep = std::min(1.0f, scaled.most * scaled.squares[i] / scaled.tau);
  return {scale * keep * v.value, keep * v.slope};
}

inline double sum_of_lanes(const float* lanes) {
  double sum[kLanes];
  for (std::size_t l = 0; l < kLanes; ++l) sum[l] = static_cast<double>(lanes[l]);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) sum[l] += sum[l + half];
  }
  return sum[0];
}

}  // namespace twofold::decode
