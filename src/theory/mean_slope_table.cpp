#include "mean_slope_table.hpp"

#include <cmath>
#include <utility>

namespace twofold::theory {
namespace {

constexpr double kLow = -18.0, kHigh = 10.0;
constexpr double kNodesPerUnit = 128.0;

}  // namespace

MeanSlopeTable::MeanSlopeTable(OddSlope slope) : slope_(std::move(slope)) {
  if (slope_.constant()) return;
  const int count = static_cast<int>((kHigh - kLow) * kNodesPerUnit) + 1;
  nodes_.reserve(static_cast<std::size_t>(count));
  for (int k = 0; k < count; ++k) {
    const double v = std::exp(kLow + k / kNodesPerUnit);
    nodes_.push_back({slope_.value(v), v * slope_.derivative(v)});
  }
}

MeanSlopeTable::Entry MeanSlopeTable::operator()(double v) const {
  const double place = (std::log(v) - kLow) * kNodesPerUnit;
  const double last = static_cast<double>(nodes_.size()) - 1.0;
  if (!(place >= 0.0 && place < last)) return {slope_.value(v), slope_.derivative(v)};
  const auto k = static_cast<std::size_t>(place);
  const double x = place - static_cast<double>(k), y = 1.0 - x;
  const Entry& left = nodes_[k];
  const Entry& right = nodes_[k + 1];
  // Derivatives per node interval; then d/d ln v = kNodesPerUnit d/dx.
  const double slope_left = left.derivative / kNodesPerUnit;
  const double slope_right = right.derivative / kNodesPerUnit;
  const double value = y * y * ((1.0 + 2.0 * x) * left.value + x * slope_left) +
                       x * x * ((1.0 + 2.0 * y) * right.value - y * slope_right);
  const double by_x = 6.0 * x * y * (right.value - left.value) + y * (1.0 - 3.0 * x) * slope_left +
                      x * (1.0 - 3.0 * y) * slope_right;
  return {value, by_x * kNodesPerUnit / v};
}

}  // namespace twofold::theory
