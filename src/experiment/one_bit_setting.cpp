#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiment/case_setting.hpp"
#include "experiment/one_bit_case.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::one_bit";
constexpr Index kPriorValues = 400'000;  // numbers behind a fitted prior
constexpr Index kRowsPerDirection = 4;   // at least, where the covariance is looked at
constexpr double kEnergyOff = 0.05;      // of 1, where rows are used as they are
constexpr Index kPerBit = 100;           // samples per bit, so that the excess n/N is 1 %

MatrixF read_rows(const data::Source& source, std::uint64_t first, Index count) {
  const std::uint64_t size = source.size();
  const std::uint64_t left = size > first ? size - first : 0;
  const auto available = static_cast<Index>(std::min(left, static_cast<std::uint64_t>(count)));
  MatrixF rows(available, source.dimension());
  source.read(first, View<float>(rows));
  return rows;
}

numerics::RunningStatistics energies_of(const MatrixF& rows) {
  numerics::RunningStatistics energies;
  for (Index i = 0; i < rows.rows(); ++i) {
    energies.add(rows.row(i).cast<double>().squaredNorm());
  }
  return energies;
}

// (tr S)²/(d tr S²) of the second moment S, tr S² corrected for the finite number of rows: 1 if all
// directions have the same variance.
double effective_share(const MatrixF& rows, ThreadPool& pool) {
  const Matrix S = second_moment(pool, ConstView<float>(rows));
  const auto d = static_cast<double>(S.rows()), count = static_cast<double>(rows.rows());
  const double trace = S.trace();
  const double squares = std::max(S.squaredNorm() - trace * trace / count, trace * trace / d / 100);
  return std::min(1.0, trace * trace / (d * squares));
}

// The law of all coordinates together, from the rows as they are encoded.
void fit_prior(OneBitSetting& setting, ThreadPool& pool) {
  const Index count = std::max(kPriorValues / setting.d, kRowsPerDirection * setting.d);
  const data::Source& train = *setting.dataset.train;
  const numerics::RunningStatistics energies = energies_of(read_rows(train, 0, count));
  require(energies.mean() > 0.0, kWhere,
          fmt::format("{}: the first {} rows are all 0", setting.dataset.description, count));
  setting.energy = energies.mean() / static_cast<double>(setting.d);
  setting.energy_spread = std::sqrt(energies.variance()) / energies.mean();
  const MatrixF rows = encoded_rows(setting, train, 0, count);
  const std::vector<double> values(rows.data(), rows.data() + std::min(rows.size(), kPriorValues));
  setting.prior = data::ScalarPrior::empirical(values);
  setting.fitted_prior = true;
  setting.effective_share = effective_share(rows, pool);
}

Index code_length(const OneBitSetting& setting) {
  const double rate = setting.spec.model.rate;
  if (setting.spec.model.encoder == "hadamard") {
    return model::structured_code_length(setting.d, rate);
  }
  return std::max<Index>(1, std::llround(rate * static_cast<double>(setting.d)));
}

void describe_coordinates(OneBitSetting& setting, ThreadPool& pool) {
  const Vector& spectrum = setting.dataset.spectrum;
  if (setting.dataset.prior) {
    setting.prior = setting.dataset.prior;
  } else if (spectrum.size() > 0 && setting.spec.data.source == "gaussian") {
    setting.prior = data::ScalarPrior::gaussian();
    setting.energy = spectrum.mean();
    setting.variances = spectrum / setting.energy;
  } else {
    fit_prior(setting, pool);
  }
}

}  // namespace

Index OneBitSetting::fit_samples() const {
  Index wanted = layered() ? 0 : kPerBit * n;
  if (spec.decode.fit_samples > 0) wanted = static_cast<Index>(spec.decode.fit_samples);
  return static_cast<Index>(std::min(static_cast<std::uint64_t>(wanted), dataset.train->size()));
}

OneBitSetting make_setting(OneBitSpec spec, std::int64_t seed, ThreadPool& pool,
                           const OneBitSetting* previous) {
  OneBitSetting setting = setting_with_data(std::move(spec), seed, pool, previous);
  setting.d = setting.dataset.train->dimension();
  setting.n = code_length(setting);
  describe_coordinates(setting, pool);
  require(setting.variances.size() == 0 || setting.layered() ||
              (setting.learned() && setting.spec.train.method == "population"),
          kWhere,
          "unequal variances need a rotation-like encoder, or a learned one with train.method = "
          "\"population\"");
  require(
      setting.variances.size() == 0 || !setting.layered() || setting.spec.data.covariance.empty(),
      kWhere,
      "data.covariance has axes of its own, which a decoder of coordinates does not know: give "
      "its eigenvalues as data.spectrum");
  require(setting.spec.unrolled.steps == 0 || std::abs(setting.energy - 1.0) < kEnergyOff, kWhere,
          fmt::format("the unrolled decoder is trained on rows as they are, but a coordinate has "
                      "variance {:.3g}: add \"unit_variance\" or \"norm\" to data.transforms",
                      setting.energy));
  return setting;
}

MatrixF encoded_rows(const OneBitSetting& setting, const data::Source& source, std::uint64_t first,
                     Index count) {
  MatrixF rows = read_rows(source, first, count);
  if (!setting.spec.model.store_norm) {
    rows *= static_cast<float>(1.0 / std::sqrt(setting.energy));
    return rows;
  }
  const double root = std::sqrt(static_cast<double>(rows.cols()));
  Index kept = 0;
  for (Index i = 0; i < rows.rows(); ++i) {
    const double norm = rows.row(i).cast<double>().norm();
    if (norm == 0.0) continue;
    rows.row(kept++) = rows.row(i) * static_cast<float>(root / norm);
  }
  rows.conservativeResize(kept, Eigen::NoChange);
  return rows;
}

std::optional<numerics::MeanAndError> measured_value(const OneBitResult& result,
                                                     const std::string& name) {
  double sum = 0.0, square = 0.0, count = 0.0;
  for (const OneBitMeasured& m : result.measured) {
    const auto found = m.values.find(name);
    if (found == m.values.end()) continue;
    sum += found->second.mean;
    square += found->second.standard_error * found->second.standard_error;
    count += 1.0;
  }
  if (count == 0.0) return std::nullopt;
  return numerics::MeanAndError{sum / count, std::sqrt(square) / count};
}

}  // namespace twofold::experiment
