#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiment/mean_field_case.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/gaussian.hpp"
#include "twofold/data/moments.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/model/gaussian_moments.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::mean_field";

// Principal axes of coordinates with given variances: a permutation, or nothing to do.
void axes_of_coordinates(const Vector& variances, MeanFieldSetting& setting) {
  std::vector<Index> order(static_cast<std::size_t>(variances.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, [&](Index a, Index b) { return variances(a) > variances(b); });
  setting.spectrum.resize(variances.size());
  for (Index j = 0; j < variances.size(); ++j) {
    setting.spectrum(j) = variances(order[static_cast<std::size_t>(j)]);
  }
  if (std::ranges::is_sorted(order)) return;
  setting.basis = Matrix::Zero(variances.size(), variances.size());
  for (Index j = 0; j < variances.size(); ++j) {
    setting.basis(order[static_cast<std::size_t>(j)], j) = 1.0;
  }
}

void axes_of_matrix(Matrix second_moment, MeanFieldSetting& setting) {
  SymmetricEigen eigen = symmetric_eigen(std::move(second_moment));
  if (eigen.status != SolveStatus::Converged) {
    throw DataError(kWhere, "the eigenvalues of the data's second moment could not be computed");
  }
  setting.spectrum = eigen.values.cwiseMax(0.0);
  setting.basis = std::move(eigen.vectors);
}

// Second moment of a source without end, from enough of its samples.
Matrix sampled_second_moment(const data::Source& source, ThreadPool& pool) {
  const Index rows = std::clamp<Index>(100 * source.dimension(), 10'000, 100'000);
  Matrix sample(rows, source.dimension());
  source.read(0, View<double>(sample));
  return second_moment(pool, ConstView<double>(sample));
}

Matrix read_covariance(const data::SourceOptions& options) {
  const auto file = data::open_npy(options.covariance);
  Matrix covariance(static_cast<Index>(file->size()), file->dimension());
  file->read(0, View<double>(covariance));
  covariance.diagonal().array() += options.noise;
  return covariance;
}

void find_axes(MeanFieldSetting& setting, ThreadPool& pool, Observer& observer) {
  const data::Dataset& dataset = setting.dataset;
  if (!setting.spec.data.covariance.empty()) {
    axes_of_matrix(read_covariance(setting.spec.data), setting);
  } else if (dataset.train->size() == data::kUnlimited && dataset.spectrum.size() > 0) {
    axes_of_coordinates(dataset.spectrum, setting);
  } else if (dataset.train->size() == data::kUnlimited) {
    axes_of_matrix(sampled_second_moment(*dataset.train, pool), setting);
  } else {
    axes_of_matrix(data::moments(*dataset.train, pool, observer).second, setting);
  }
  setting.spectrum = theory::checked_spectrum(setting.spectrum, kWhere);
}

// Equal eigenvalues (to 1e-9) of a generative source form one block; components estimated
// from data stand alone. At most record.components blocks.
void find_blocks(MeanFieldSetting& setting) {
  const bool grouped = setting.dataset.train->size() == data::kUnlimited;
  const Vector& s = setting.spectrum;
  for (Index j = 0; j < s.size();) {
    Index end = j + 1;
    while (grouped && end < s.size() && s(end) > s(j) * (1.0 - 1e-9)) ++end;
    if (static_cast<std::int64_t>(setting.blocks.size()) == setting.spec.record.components) break;
    const std::string label = end == j + 1 ? fmt::format("{}: s = {:.3g}", j + 1, s(j))
                                           : fmt::format("{}-{}: s = {:.3g}", j + 1, end, s(j));
    setting.blocks.push_back({label, j, end - j, s(j)});
    j = end;
  }
}

void resolve_step(MeanFieldSetting& setting) {
  const MeanFieldTrain& train = setting.spec.train;
  const bool full_batch = train.batch == 0;
  const Index batch = static_cast<Index>(train.batch);
  setting.independent = full_batch ? 0 : setting.dataset.mirrored ? batch / 2 : batch;
  require(!full_batch || train.step > 0.0, kWhere,
          "train.batch = 0 (the whole training set) has no gradient noise: set train.step");
  setting.step = train.step > 0.0 ? train.step
                                  : train.noise * static_cast<double>(setting.independent) /
                                        setting.spectrum.sum();
}

std::vector<double> spaced_times(const MeanFieldRecord& record, double end, double step) {
  std::vector<double> times;
  const auto n = static_cast<double>(std::max<std::int64_t>(record.points - 1, 1));
  for (std::int64_t i = 0; i < record.points; ++i) {
    const double part = static_cast<double>(i) / n;
    times.push_back(record.spacing == "linear" ? end * part : step * std::pow(end / step, part));
  }
  return times;
}

void resolve_times(MeanFieldSetting& setting) {
  const MeanFieldTrain& train = setting.spec.train;
  const double unit = train.units == "leading" ? setting.spectrum(0) : 1.0;
  const double end = train.time / unit;
  setting.penalty = train.penalty * unit;
  constexpr double kMostSteps = 1e15;
  require(end / setting.step <= kMostSteps, kWhere,
          fmt::format("train.time {:.4g} at step {:.4g} takes {:.3g} steps; lower train.time",
                      train.time, setting.step, end / setting.step));
  setting.steps = static_cast<std::int64_t>(std::ceil(end / setting.step - 1e-9));
  setting.times = setting.spec.record.times;
  for (double& t : setting.times) t /= unit;
  if (setting.times.empty()) setting.times = spaced_times(setting.spec.record, end, setting.step);
  require(std::ranges::is_sorted(setting.times, std::less_equal<>()), kWhere,
          "record.times must increase");
  require(setting.times.back() <= end * (1.0 + 1e-9), kWhere,
          fmt::format("record.times goes to {}, but train.time ends at {}",
                      setting.times.back() * unit, train.time));
  for (const double t : setting.times) {
    const auto k = static_cast<std::int64_t>(std::llround(t / setting.step));
    setting.record_steps.push_back(std::min(k, setting.steps));
  }
  // std::unique: the range form does not compile with clang 14 and libstdc++ 12.
  auto& steps = setting.record_steps;
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
}

MatrixF first_rows(const data::Source& source, Index most) {
  const Index rows = source.size() == data::kUnlimited
                         ? most
                         : std::min<Index>(most, static_cast<Index>(source.size()));
  MatrixF result(rows, source.dimension());
  source.read(0, View<float>(result));
  return result;
}

// x = clean + noise drawn apart, so that the clean rows are known.
void draw_noisy_test(MeanFieldSetting& setting) {
  const Vector& clean = setting.dataset.clean_spectrum;
  const auto seed = static_cast<std::uint64_t>(setting.seed);
  const Vector noise = Vector::Constant(clean.size(), setting.spec.data.noise);
  const Index rows = static_cast<Index>(setting.spec.record.test_samples);
  setting.clean_test = first_rows(data::Gaussian::with_spectrum(clean, seed, "test-clean"), rows);
  setting.test = setting.clean_test +
                 first_rows(data::Gaussian::with_spectrum(noise, seed, "test-noise"), rows);
}

void read_test_rows(MeanFieldSetting& setting) {
  const Index most = static_cast<Index>(setting.spec.record.test_samples);
  if (setting.spec.data.noise > 0.0 && setting.dataset.clean_spectrum.size() > 0) {
    draw_noisy_test(setting);
  } else {
    require(setting.dataset.test != nullptr, kWhere, "data.split leaves no test rows");
    setting.test = first_rows(*setting.dataset.test, most);
  }
  const Matrix coordinates = principal_coordinates(setting, setting.test.cast<double>());
  setting.test_spectrum = coordinates.cwiseAbs2().colwise().mean().transpose();
  if (setting.dataset.train->size() <= static_cast<std::uint64_t>(most)) {
    setting.train_rows = first_rows(*setting.dataset.train, most);
  }
}

}  // namespace

Index MeanFieldSetting::leading() const {
  return std::min<Index>(spectrum.size(), static_cast<Index>(spec.record.components));
}

double MeanFieldSetting::time_of(std::int64_t after) const {
  return train::Schedule(spec.train.schedule_options(), step, steps).time(after);
}

MeanFieldSetting make_setting(MeanFieldSpec spec, std::int64_t seed, bool with_test_rows,
                              ThreadPool& pool, Observer& observer) {
  MeanFieldSetting setting;
  setting.spec = std::move(spec);
  setting.seed = seed;
  setting.activation = model::parse_activation(setting.spec.model.activation);
  setting.odd_slope = model::linear_odd_slope(setting.activation);
  setting.dataset = data::open_dataset(setting.spec.data, static_cast<std::uint64_t>(seed), pool);
  find_axes(setting, pool, observer);
  find_blocks(setting);
  resolve_step(setting);
  resolve_times(setting);
  if (with_test_rows) read_test_rows(setting);
  return setting;
}

Matrix principal_coordinates(const MeanFieldSetting& setting, const Matrix& rows) {
  if (setting.basis.size() == 0) return rows;
  Matrix result(rows.rows(), setting.basis.cols());
  gemm(Trans::No, Trans::No, 1.0, rows, setting.basis, 0.0, result);
  return result;
}

}  // namespace twofold::experiment
