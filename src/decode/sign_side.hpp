// What the bits of one vector say about z = Bx.
#pragma once

#include <cstddef>

namespace twofold::decode {

/// step[j] <- E[z_j | p1_j, v, y_j] - p1_j for z_j ~ N(p1_j, deviation²), y_j = sign(z_j); returns
/// the mean posterior variance over deviation². y holds ±1.
///
/// The float version reads λ from a table of cubic pieces, absolute error 2e-7.
double use_signs(const double* y, const double* p1, double deviation, double* step,
                 std::size_t size);
double use_signs(const float* y, const float* p1, double deviation, float* step, std::size_t size);

}  // namespace twofold::decode
