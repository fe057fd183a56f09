#include "experiment/mean_field_quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/numerics/statistics.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::mean_field";

// Measured values of one curve: rows are repeats, columns are record times.
struct Curves {
  Vector predicted;
  Matrix measured;

  [[nodiscard]] Comparison at(Index k) const {
    const Vector column = measured.col(k);
    const auto mean = numerics::mean_and_error(
        std::span<const double>(column.data(), static_cast<std::size_t>(column.size())));
    return {"", "", predicted(k), mean.mean, mean.standard_error};
  }

  // The time at which the mean over repeats is farthest off.
  [[nodiscard]] Comparison worst(bool relative) const {
    Index worst_time = 0;
    double worst_deviation = -1.0;
    for (Index k = 0; k < predicted.size(); ++k) {
      const double deviation = std::abs(measured.col(k).mean() - predicted(k)) /
                               (relative ? std::max(std::abs(predicted(k)), 1e-300) : 1.0);
      if (!(deviation <= worst_deviation)) {
        worst_deviation = deviation;
        worst_time = k;
      }
    }
    return at(worst_time);
  }

  // Root mean square over time of the mean deviation, as a deviation from 0.
  [[nodiscard]] Comparison rms() const {
    const Vector deviation = measured.colwise().mean().transpose() - predicted;
    return {"", "", 0.0,
            std::sqrt(deviation.squaredNorm() / static_cast<double>(deviation.size()))};
  }

  [[nodiscard]] Index last() const { return predicted.size() - 1; }
};

template <typename Pick>
Curves curves(const MeanFieldResult& result, double unit, Pick&& pick) {
  Curves c;
  c.predicted = pick(result.predicted) / unit;
  c.measured.resize(static_cast<Index>(result.measured.size()), c.predicted.size());
  for (std::size_t r = 0; r < result.measured.size(); ++r) {
    c.measured.row(static_cast<Index>(r)) = pick(result.measured[r]).transpose() / unit;
  }
  return c;
}

Vector block_mean(const Matrix& values, const Block& block) {
  return values.middleCols(block.first, block.count).rowwise().mean();
}

Curves block_curves(const MeanFieldResult& r, const Block& b, Matrix Path::*values) {
  return curves(r, 1.0, [&](const Path& p) { return block_mean(p.*values, b); });
}

Curves loss_curves(const MeanFieldResult& r) {
  return curves(r, r.setting.initial_loss(), [](const Path& p) -> Vector { return p.loss; });
}

// Calls make(block) for each block and names the comparison after it.
template <typename Make>
std::vector<Comparison> per_block(const MeanFieldResult& r, Make&& make) {
  std::vector<Comparison> list;
  for (std::size_t b = 0; b < r.setting.blocks.size(); ++b) {
    const Block& block = r.setting.blocks[b];
    std::optional<Comparison> c = make(block);
    if (!c) continue;
    c->name = fmt::format("[{}]", b);
    c->title = block.label;
    list.push_back(*std::move(c));
  }
  return list;
}

using Comparisons = std::vector<Comparison>;

Comparisons gain(const MeanFieldResult& r, const ClaimOptions& claim) {
  return per_block(r, [&](const Block& b) -> std::optional<Comparison> {
    return block_curves(r, b, &Path::gain).worst(claim.relative);
  });
}

// The pair (time, leading component) at which the mean gain is farthest off.
Comparisons gain_max(const MeanFieldResult& r, const ClaimOptions&) {
  Comparison worst;
  for (Index j = 0; j < r.setting.leading(); ++j) {
    const Comparison c =
        curves(r, 1.0, [&](const Path& p) -> Vector { return p.gain.col(j); }).worst(false);
    if (j == 0 || std::abs(c.measured - c.predicted) > std::abs(worst.measured - worst.predicted)) {
      worst = c;
      worst.title = fmt::format("component {}", j + 1);
    }
  }
  return {worst};
}

Matrix mean_of(const MeanFieldResult& r, Matrix Path::*values) {
  Matrix sum = r.measured.front().*values;
  for (std::size_t k = 1; k < r.measured.size(); ++k) sum += r.measured[k].*values;
  return sum / static_cast<double>(r.measured.size());
}

Comparisons gain_mean(const MeanFieldResult& r, const ClaimOptions&) {
  const Index p = r.setting.leading();
  const Matrix deviation = mean_of(r, &Path::gain).leftCols(p) - r.predicted.gain.leftCols(p);
  return {{"", "", 0.0, deviation.cwiseAbs().mean()}};
}

Comparisons end_gain(const MeanFieldResult& r, const ClaimOptions&) {
  Comparison worst;
  for (Index j = 0; j < r.setting.leading(); ++j) {
    const Curves c = curves(r, 1.0, [&](const Path& p) -> Vector { return p.gain.col(j); });
    const Comparison end = c.at(c.last());
    if (j == 0 ||
        std::abs(end.measured - end.predicted) > std::abs(worst.measured - worst.predicted)) {
      worst = end;
      worst.title = fmt::format("component {}", j + 1);
    }
  }
  return {worst};
}

Comparisons end_gain_rms(const MeanFieldResult& r, const ClaimOptions&) {
  const Index p = r.setting.leading();
  const Matrix mean = mean_of(r, &Path::gain);
  const Vector deviation =
      (mean.bottomRows(1) - r.predicted.gain.bottomRows(1)).transpose().topRows(p);
  return {{"", "", 0.0, std::sqrt(deviation.squaredNorm() / static_cast<double>(p))}};
}

// Components that grew, among those that clearly grow or decay in theory (by a factor e^0.3).
Comparisons learned(const MeanFieldResult& r, const ClaimOptions&) {
  constexpr double kClear = 0.3;
  const Index p = r.setting.leading(), last = r.predicted.gain.rows() - 1;
  const auto log_growth = [&](const Path& path) -> Vector {
    return (path.gain.row(last).array() / path.gain.row(0).array())
        .log()
        .matrix()
        .transpose()
        .topRows(p);
  };
  const Vector predicted = log_growth(r.predicted);
  const auto clear = predicted.array().abs() > kClear;
  Comparison c{"", "", static_cast<double>((clear && predicted.array() > 0.0).count())};
  numerics::RunningStatistics statistics;
  for (const Path& path : r.measured) {
    statistics.add(static_cast<double>((clear && log_growth(path).array() > 0.0).count()));
  }
  c.measured = statistics.mean();
  c.standard_error = statistics.standard_error();
  return {c};
}

// u measured over u predicted: 1 where they agree.
Comparisons scale(const MeanFieldResult& r, const ClaimOptions&) {
  return per_block(r, [&](const Block& b) -> std::optional<Comparison> {
    Curves c = block_curves(r, b, &Path::scale);
    c.measured.array().rowwise() /= c.predicted.transpose().array();
    c.predicted.setOnes();
    return c.worst(false);
  });
}

Index nearest_record(const Vector& time, double wanted) {
  Index best = 0;
  for (Index k = 1; k < time.size(); ++k) {
    if (std::abs(time(k) - wanted) < std::abs(time(best) - wanted)) best = k;
  }
  return best;
}

Comparisons scale_at(const MeanFieldResult& r, const ClaimOptions& claim) {
  const double unit = r.setting.spec.train.units == "leading" ? r.setting.spectrum(0) : 1.0;
  const Index k = nearest_record(r.predicted.time, claim.time / unit);
  return per_block(r, [&](const Block& b) -> std::optional<Comparison> {
    return block_curves(r, b, &Path::scale).at(k);
  });
}

// How far a component falls below its highest value by the end: it was learned and forgotten.
Comparisons forgotten(const MeanFieldResult& r, const ClaimOptions&) {
  return per_block(r, [&](const Block& b) -> std::optional<Comparison> {
    const Curves c = block_curves(r, b, &Path::scale);
    Index peak = 0;
    c.predicted.maxCoeff(&peak);
    const Vector fall = c.measured.col(peak) - c.measured.col(c.last());
    const double predicted = c.predicted(peak) - c.predicted(c.last());
    if (predicted <= 0.0) return std::nullopt;
    const auto mean = numerics::mean_and_error(
        std::span<const double>(fall.data(), static_cast<std::size_t>(fall.size())));
    return Comparison{"", "", predicted, mean.mean, mean.standard_error};
  });
}

// Only directions that are mostly learned: near the threshold a slope is still on its way.
Comparisons slope(const MeanFieldResult& r, const ClaimOptions&) {
  constexpr double kLearned = 0.8;
  std::optional<Comparison> worst;
  const Index last = r.predicted.gain.rows() - 1;
  for (Index j = 0; j < r.setting.leading(); ++j) {
    if (r.predicted.gain(last, j) < kLearned) continue;
    numerics::RunningStatistics statistics;
    for (const Path& path : r.measured) statistics.add(path.slope(last, j));
    const Comparison c{"", fmt::format("component {}", j + 1), r.predicted.gain(last, j),
                       statistics.mean(), statistics.standard_error()};
    if (!worst ||
        std::abs(c.measured - c.predicted) > std::abs(worst->measured - worst->predicted)) {
      worst = c;
    }
  }
  return worst ? Comparisons{*worst} : Comparisons{};
}

Comparisons loss(const MeanFieldResult& r, const ClaimOptions& claim) {
  return {loss_curves(r).worst(claim.relative)};
}

Comparisons loss_rms(const MeanFieldResult& r, const ClaimOptions&) {
  return {loss_curves(r).rms()};
}

Comparisons end_loss(const MeanFieldResult& r, const ClaimOptions&) {
  const Curves c = loss_curves(r);
  return {c.at(c.last())};
}

Comparisons train_loss(const MeanFieldResult& r, const ClaimOptions& claim) {
  require(r.predicted.train_loss.size() > 0, kWhere,
          "train_loss needs a finite training set of at most record.test_samples rows");
  return {curves(r, r.setting.initial_loss(), [](const Path& p) -> Vector {
            return p.train_loss;
          }).worst(claim.relative)};
}

// Share of the initial loss by which the finite width exceeds the limit at the end.
Comparisons excess(const MeanFieldResult& r, const ClaimOptions&) {
  const Curves c = loss_curves(r);
  Comparison end = c.at(c.last());
  const double limit = end.predicted;
  const double full = (r.loss_high(c.last()) - r.loss_low(c.last())) / r.setting.initial_loss();
  end.measured -= limit;
  end.predicted = full * theory::kEvenShareTypical / theory::kEvenShare;
  return {end};
}

// The end loss lies between the predictions without and with the full even part.
Comparisons bracket(const MeanFieldResult& r, const ClaimOptions&) {
  const Curves c = loss_curves(r);
  Comparison end = c.at(c.last());
  const double low = r.loss_low(c.last()) / r.setting.initial_loss();
  const double high = r.loss_high(c.last()) / r.setting.initial_loss();
  end.predicted = 0.5 * (low + high);
  end.extra_tolerance = 0.5 * (high - low);
  return {end};
}

Comparisons denoising(const MeanFieldResult& r, const ClaimOptions&) {
  require(r.predicted.denoising.size() > 0, kWhere, "denoising needs [data] noise > 0");
  const Curves c = curves(r, 1.0, [](const Path& p) -> Vector { return p.denoising; });
  return {c.at(c.last())};
}

// First crossing of `level` by a curve over time, by linear interpolation.
std::optional<double> crossing(const Vector& time, const Vector& value, double level) {
  for (Index k = 1; k < time.size(); ++k) {
    if (value(k - 1) < level && value(k) >= level) {
      const double part = (level - value(k - 1)) / (value(k) - value(k - 1));
      return time(k - 1) + part * (time(k) - time(k - 1));
    }
  }
  return std::nullopt;
}

Comparisons half_time(const MeanFieldResult& r, const ClaimOptions&) {
  return per_block(r, [&](const Block& b) -> std::optional<Comparison> {
    const auto j = static_cast<std::size_t>(b.first);
    const std::optional<double>& predicted = r.summary.half_time[j];
    if (!predicted || *predicted > r.predicted.time(r.predicted.time.size() - 1)) {
      return std::nullopt;
    }
    numerics::RunningStatistics statistics;
    for (const Path& p : r.measured) {
      const auto t = crossing(p.time, block_mean(p.gain, b), 0.5 * r.summary.gain_limit(b.first));
      statistics.add(t ? *t : std::nan(""));
    }
    return Comparison{"", "", *predicted, statistics.mean(), statistics.standard_error()};
  });
}

constexpr std::array kQuantities{
    Quantity{"gain", "gain a of each block, at the time of its largest deviation", gain,
             Needs::Symmetry},
    Quantity{"gain_max", "gain of the leading component that is farthest off at any time", gain_max,
             Needs::Symmetry},
    Quantity{"gain_mean", "mean |deviation| of the gain over leading components and times",
             gain_mean, Needs::Symmetry},
    Quantity{"end_gain", "gain at the end of the leading component that is farthest off", end_gain,
             Needs::Symmetry},
    Quantity{"end_gain_rms", "root mean square deviation of the leading gains at the end",
             end_gain_rms, Needs::Symmetry},
    Quantity{"learned",
             "number of leading components that grew, of those that clearly grow or decay", learned,
             Needs::Phases},
    Quantity{"scale", "second moment u of each block over its prediction, where farthest off",
             scale, Needs::Symmetry},
    Quantity{"scale_at", "second moment u of each block at `time`", scale_at, Needs::Symmetry},
    Quantity{"forgotten", "fall of u from its predicted peak to the end", forgotten,
             Needs::Symmetry},
    Quantity{"slope", "regression slope of x̂_j on x_j at the end, learned component farthest off",
             slope, Needs::Phases},
    Quantity{"loss", "test loss over L0 at the time of its largest deviation", loss,
             Needs::Symmetry},
    Quantity{"loss_rms", "root mean square over time of the deviation of the test loss over L0",
             loss_rms, Needs::Symmetry},
    Quantity{"end_loss", "test loss over L0 at the end", end_loss, Needs::Symmetry},
    Quantity{"train_loss", "training loss over L0 at the time of its largest deviation", train_loss,
             Needs::Symmetry},
    Quantity{"excess", "end loss above the limit N = ∞, over L0", excess, Needs::Symmetry},
    Quantity{"bracket", "end loss over L0 inside the width bracket", bracket, Needs::Symmetry},
    Quantity{"denoising", "mean square error against the clean data at the end", denoising,
             Needs::Symmetry},
    Quantity{"half_time", "time at which a block reaches half its limit", half_time,
             Needs::Symmetry}};

}  // namespace

const Quantity& find_quantity(std::string_view name) {
  return find_by_name(kQuantities, name, kWhere);
}

std::span<const std::pair<std::string_view, std::string_view>> mean_field_quantities() {
  static const auto list = named_quantities(kQuantities);
  return list;
}

}  // namespace twofold::experiment
