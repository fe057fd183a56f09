#include <fmt/format.h>

#include <algorithm>

#include "experiment/case_setting.hpp"
#include "experiment/dictionary_recovery_case.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::dictionary_recovery";
constexpr std::uint64_t kEnergyRows = 2000;  // rows behind the step unit of a file

// m/E‖x‖²: the stiffest direction of the loss if the units share the energy of the samples evenly.
double step_unit_of_rows(const RecoverySetting& setting) {
  const data::Source& source = *setting.dataset.train;
  Matrix rows(static_cast<Index>(std::min(kEnergyRows, source.size())), setting.d);
  source.read(0, View<double>(rows));
  const double energy = rows.squaredNorm() / static_cast<double>(rows.rows());
  require(energy > 0.0, kWhere,
          fmt::format("{}: the first {} rows are all 0", setting.dataset.description, rows.rows()));
  return static_cast<double>(setting.units) / energy;
}

numerics::MeanAndError over_repeats(const std::vector<double>& values, double own_error) {
  numerics::MeanAndError result = numerics::mean_and_error(values);
  if (values.size() == 1) result.standard_error = own_error;
  return result;
}

}  // namespace

bool RecoverySetting::signed_codes() const {
  if (known()) return truth().law == data::CodeLaw::Sparse;
  return spec.model.activation == "hard_threshold" ||
         (spec.model.activation == "top_k" && !spec.model.positive);
}

std::uint64_t RecoverySetting::samples() const {
  const std::uint64_t size = dataset.train->size();
  return size == data::kUnlimited ? 0 : size;
}

RecoverySetting make_setting(RecoverySpec spec, std::int64_t seed, ThreadPool& pool,
                             const RecoverySetting* previous) {
  RecoverySetting setting = setting_with_data(std::move(spec), seed, pool, previous);
  setting.d = setting.dataset.train->dimension();
  const RecoveryModel& model = setting.spec.model;
  require(setting.known() || !setting.spec.generative(), kWhere,
          "data.transforms change the samples, so that their dictionary is not known any more: "
          "leave them out");
  setting.units = static_cast<Index>(model.atoms);
  if (setting.units == 0) setting.units = setting.truth().size();
  setting.active = static_cast<Index>(model.active);
  if (setting.active == 0) setting.active = setting.known() ? setting.truth().sparsity : 1;
  require(
      setting.active <= setting.units, kWhere,
      fmt::format("model.active = {} is more than the {} atoms", setting.active, setting.units));
  // The step of a spec is defined in units of the theory; the trainer is handed a number.
  setting.step_unit =
      setting.known() ? theory::step_unit(setting.truth()) : step_unit_of_rows(setting);
  return setting;
}

std::optional<numerics::MeanAndError> measured_value(const RecoveryResult& result,
                                                     const std::string& name) {
  std::vector<double> values;
  double own_error = 0.0;
  for (const RecoveryMeasured& m : result.measured) {
    const auto found = m.values.find(name);
    if (found == m.values.end()) continue;
    values.push_back(found->second.mean);
    own_error = found->second.standard_error;
  }
  if (values.empty()) return std::nullopt;
  return over_repeats(values, own_error);
}

std::optional<numerics::MeanAndError> measured_error(const RecoveryResult& result,
                                                     double iteration) {
  std::vector<double> values;
  for (const RecoveryMeasured& m : result.measured) {
    const auto at = std::ranges::find(m.iteration, iteration);
    if (at == m.iteration.end() || m.distance.size() == 0) continue;
    values.push_back(m.error(at - m.iteration.begin()));
  }
  if (values.empty()) return std::nullopt;
  return over_repeats(values, 0.0);
}

}  // namespace twofold::experiment
