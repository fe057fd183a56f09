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

/// Where x falls; see cubic_table.hpp.
struct PiecePlace {
  std::int32_t index;
  float s;
};

inline PiecePlace find_piece(const PieceGrid& grid, float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  const float a = std::bit_cast<float>(bits & 0x7fffffff) + grid.start();
  const std::int32_t b = std::min(std::bit_cast<std::int32_t>(a), grid.last());
  return {(b >> kIndexShift) - grid.origin() + ((bits >> 31) & grid.stored_side()),
          a - std::bit_cast<float>(b & kLeftEnd)};
}

/// Value with the sign of x.
inline CubicValue evaluate(const Piece& c, const PiecePlace& place, float x) {
  const float s = place.s;
  const float cubic = s * c[3], square = c[2] + cubic, chord = c[1] + s * square;
  const float value = c[0] + s * chord;
  return {std::bit_cast<float>(std::bit_cast<std::int32_t>(value) ^
                               (std::bit_cast<std::int32_t>(x) & (1 << 31))),
          chord + s * (square + cubic)};
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
  const std::ptrdiff_t stride = tables.grid.size();
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
