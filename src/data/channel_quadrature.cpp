#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>

#include "scalar_law.hpp"

namespace twofold::data {
namespace {

using Panel = boost::math::quadrature::gauss<double, 15>;

constexpr double kStep = 0.5;     // panel width near a feature, in its own width
constexpr double kNear = 12.0;    // how far that holds; beyond, panels widen with the distance
constexpr double kGrowth = 0.3;   // panel width over distance
constexpr double kOverlap = 0.4;  // breaks closer than this share of their panel are merged

struct Break {
  double place, spacing;
};

// Breaks on one side of a feature up to the end of the range.
void add_breaks(const Feature& feature, double side, double end, std::vector<Break>& breaks) {
  const double distance_end = side * (end - feature.center);
  for (double distance = 0.0; distance < distance_end;) {
    const double step =
        std::max(kStep * feature.width, kGrowth * (distance - kNear * feature.width));
    breaks.push_back({feature.center + side * distance, step});
    distance += step;
  }
}

std::vector<double> panels(std::span<const Feature> features) {
  double low = 0.0, high = 0.0;
  for (const Feature& f : features) {
    low = std::min(low, f.center - f.reach);
    high = std::max(high, f.center + f.reach);
  }
  std::vector<Break> breaks;
  for (const Feature& f : features) {
    add_breaks(f, 1.0, high, breaks);
    add_breaks(f, -1.0, low, breaks);
  }
  std::ranges::sort(breaks, {}, &Break::place);
  std::vector<double> ends{low};
  for (const Break& b : breaks) {
    if (b.place - ends.back() >= kOverlap * b.spacing) ends.push_back(b.place);
  }
  ends.push_back(high);
  // An integrand may have a kink at 0, so that is an end in any case.
  const auto zero = std::ranges::lower_bound(ends, 0.0);
  if (*zero != 0.0) ends.insert(zero, 0.0);
  return ends;
}

}  // namespace

double channel_mean(const ChannelLaw& channel,
                    const std::function<double(double w, const ChannelPoint&)>& h) {
  const std::vector<double> ends = panels(channel.features());
  const auto integrand = [&](double w) {
    const ChannelPoint point = channel.at(w);
    return std::exp(point.log_density) * h(w, point);
  };
  double sum = 0.0;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) {
    if (ends[k] < ends[k + 1]) sum += Panel::integrate(integrand, ends[k], ends[k + 1]);
  }
  return sum;
}

}  // namespace twofold::data
