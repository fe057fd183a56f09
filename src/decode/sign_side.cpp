#include "sign_side.hpp"

#include "cubic_kernels.hpp"
#include "twofold/numerics/positive_normal.hpp"

namespace twofold::decode {
namespace {

// |k| up to a million; pieces of width 1/32 and more.
constexpr PieceGrid kGrid{0, 20};

/// μ(k) = E[k + g | k + g > 0] = k + λ(k); its slope is the variance q(k).
const PieceTables& positive_normal_table() {
  static const std::vector<Piece> pieces = [] {
    std::vector<Piece> list(static_cast<std::size_t>(kGrid.size()));
    fill_pieces(
        kGrid,
        [](double k) {
          const auto normal = numerics::positive_normal(k);
          return NodeValue{normal.mean, normal.variance};
        },
        list.data());
    return list;
  }();
  static const PieceTables table{kGrid, pieces.data()};
  return table;
}

}  // namespace

double use_signs(const double* y, const double* p1, double deviation, double* step,
                 std::size_t size) {
  double variance = 0.0;
  for (std::size_t j = 0; j < size; ++j) {
    const auto bit = numerics::positive_normal(y[j] * p1[j] / deviation);
    variance += bit.variance;
    step[j] = y[j] * deviation * bit.hazard;
  }
  return variance / static_cast<double>(size);
}

// y √v λ(k) = y √v μ(k) - p1: the mean needs no small difference where the bit is a surprise.
double use_signs(const float* y, const float* p1, double deviation, float* step, std::size_t size) {
  const auto inverse = static_cast<float>(1.0 / deviation);
  for (std::size_t j = 0; j < size; ++j) step[j] = y[j] * p1[j];
  const double variance = cubic_kernels().lookup(positive_normal_table(), step, inverse,
                                                 static_cast<float>(deviation), step, size);
  for (std::size_t j = 0; j < size; ++j) step[j] = y[j] * step[j] - p1[j];
  return variance / static_cast<double>(size);
}

}  // namespace twofold::decode
