#include "posterior_tables.hpp"

#include <algorithm>
#include <cmath>

namespace twofold::decode {
namespace {

constexpr std::size_t kPiecesPerLevel = static_cast<std::size_t>(kPosteriorGrid.size());

}  // namespace

PosteriorTables::PosteriorTables(data::ScalarPrior prior)
    : prior_(std::move(prior)),
      pieces_(std::make_unique_for_overwrite<Piece[]>(kPiecesPerLevel *
                                                      static_cast<std::size_t>(kLevels))) {}

double PosteriorTables::place(double log_noise) {
  const double least = std::log(kLeastNoise), most = std::log(kMostNoise);
  return 1.0 + kLevelsPerLog * (std::clamp(log_noise, least, most) - least);
}

void PosteriorTables::require_levels(int first, int last) const {
  for (int level = first; level <= last; ++level) {
    const auto l = static_cast<std::size_t>(level);
    if (ready_[l].load(std::memory_order_acquire)) continue;
    std::call_once(once_[l], [this, level] { compute(level); });
    ready_[l].store(true, std::memory_order_release);
  }
}

void PosteriorTables::compute(int level) const {
  const double t = kLeastNoise * std::exp((level - 1) / kLevelsPerLog);
  const double scale = std::sqrt(1.0 + t);
  const data::ScalarChannel channel = prior_.channel(t);
  fill_pieces(
      kPosteriorGrid,
      [&](double nu) {
        const auto posterior = channel.posterior(nu * scale);
        return NodeValue{posterior.mean / scale, posterior.variance / t};
      },
      pieces_.get() + static_cast<std::size_t>(level) * kPiecesPerLevel);
}

}  // namespace twofold::decode
