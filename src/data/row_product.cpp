#include "row_product.hpp"

#include <algorithm>
#include <array>

namespace twofold::data {
namespace {

// A tile of the result stays in registers while the inner index runs.
constexpr Index kTileRows = 4, kTileCols = 8;

void full_tile(const ConstView<double>& in, const Matrix& factor, Index r, Index c,
               View<double>& out) {
  std::array<std::array<double, kTileCols>, kTileRows> sum{};
  for (Index k = 0; k < factor.rows(); ++k) {
    const double* const line = &factor(k, c);
    for (Index i = 0; i < kTileRows; ++i) {
      const double z = in(r + i, k);
      for (Index j = 0; j < kTileCols; ++j) sum[i][j] += z * line[j];
    }
  }
  for (Index i = 0; i < kTileRows; ++i) {
    for (Index j = 0; j < kTileCols; ++j) out(r + i, c + j) = sum[i][j];
  }
}

void edge_tile(const ConstView<double>& in, const Matrix& factor, Index r, Index c,
               View<double>& out) {
  for (Index i = r; i < std::min(r + kTileRows, out.rows()); ++i) {
    for (Index j = c; j < std::min(c + kTileCols, out.cols()); ++j) {
      double sum = 0.0;
      for (Index k = 0; k < factor.rows(); ++k) sum += in(i, k) * factor(k, j);
      out(i, j) = sum;
    }
  }
}

}  // namespace

void row_product(const ConstView<double>& in, const Matrix& factor, View<double> out) {
  for (Index c = 0; c < out.cols(); c += kTileCols) {
    for (Index r = 0; r < out.rows(); r += kTileRows) {
      const bool full = r + kTileRows <= out.rows() && c + kTileCols <= out.cols();
      (full ? full_tile : edge_tile)(in, factor, r, c, out);
    }
  }
}

}  // namespace twofold::data
