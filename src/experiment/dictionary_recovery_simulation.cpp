#include "experiment/dictionary_recovery_simulation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/dictionary_recovery_baselines.hpp"
#include "experiment/dictionary_recovery_measurement.hpp"
#include "experiment/dictionary_recovery_training.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

// Rows for a start where batches are drawn afresh, and for scores of the codes.
constexpr std::uint64_t kFreshRows = 10'000;

// The fixed batch, or the first samples of the stream.
Matrix training_rows(const RecoverySetting& setting, const data::Dataset& dataset) {
  std::uint64_t rows = dataset.train->size();
  if (setting.spec.train.batch > 0) rows = std::min(rows, kFreshRows);
  Matrix X(static_cast<Index>(rows), setting.d);
  dataset.train->read(0, View<double>(X));
  return X;
}

// Whether the true codes of the training rows are known and the units are as many as the atoms.
bool comparable(const RecoverySetting& setting) {
  return setting.known() && setting.units == setting.truth().size();
}

void measure(const RecoverySetting& setting, const data::Dataset& dataset, const Matrix& X,
             const Matrix& start, const ops::Gate& gate, RecoveryMeasured& m, ThreadPool& pool) {
  score_atoms(setting, dataset, m.atoms, "", m);
  score_atoms(setting, dataset, start, "start ", m);
  if (comparable(setting)) {
    score_codes(setting, dataset, X, start, start_gate(setting), "start ", m, pool);
    score_codes(setting, dataset, X, m.atoms, gate, "", m, pool);
    m.values["off_diagonal"] = {mean_off_diagonal(dataset.truth->model(), m.atoms), 0.0};
  }
  const auto held_out = static_cast<Index>(setting.spec.compare.held_out);
  const Matrix unseen = held_out_rows(dataset, held_out);
  m.values["explained"] = {explained_by_gate(unseen, m.atoms, gate, pool), 0.0};
  m.values["pursuit"] = {explained_by_pursuit(unseen, m.atoms, setting.active, pool), 0.0};
  measure_baselines(setting, dataset, X, unseen, start, m, pool);
}

// --- finished repeats on disk -----------------------------------------------------------------

Json to_json(const RecoveryMeasured& measured) {
  Json values = Json::object();
  for (const auto& [name, value] : measured.values) {
    values[name] = {value.mean, value.standard_error};
  }
  const Matrix& D = measured.distance;
  const std::vector<double> distance(D.data(), D.data() + D.size());
  return {{"values", values},
          {"iteration", measured.iteration},
          {"loss", measured.loss},
          {"distance", distance}};
}

RecoveryMeasured from_json(const Json& json) {
  RecoveryMeasured measured;
  for (const auto& [name, value] : json.at("values").items()) {
    measured.values[name] = {value.at(0).get<double>(), value.at(1).get<double>()};
  }
  json.at("iteration").get_to(measured.iteration);
  json.at("loss").get_to(measured.loss);
  const auto distance = json.at("distance").get<std::vector<double>>();
  if (distance.empty()) return measured;
  const auto rows = static_cast<Index>(measured.iteration.size());
  measured.distance =
      Eigen::Map<const Matrix>(distance.data(), rows, static_cast<Index>(distance.size()) / rows);
  return measured;
}

RecoveryMeasured read_finished(const fs::path& file, const fs::path& atoms) {
  const std::string text = read_file(file);
  RecoveryMeasured measured;
  try {
    measured = from_json(Json::parse(text));
  } catch (const Json::exception&) {
    throw DataError("experiment::dictionary_recovery",
                    file.string() + " is damaged; remove it to measure that repeat again");
  }
  const auto source = data::open_npy(atoms);
  measured.atoms.resize(static_cast<Index>(source->size()), source->dimension());
  source->read(0, View<double>(measured.atoms));
  return measured;
}

}  // namespace

RecoverySimulated simulate(const RecoverySetting& setting, std::int64_t repeat,
                           const std::string& name, const RunFolder& folder, RunContext context) {
  const std::string id = fmt::format("{}-{}", name, repeat + 1);
  const fs::path finished = folder.checkpoint() / (id + ".json");
  const fs::path atoms_file = folder.arrays() / ("atoms-" + id + ".npy");
  RecoverySimulated result;
  if (fs::exists(finished)) {
    result.measured = read_finished(finished, atoms_file);
    return result;
  }
  const auto seed = static_cast<std::uint64_t>(setting.seed + repeat);
  const data::Dataset dataset =
      repeat == 0 ? setting.dataset : data::open_dataset(setting.spec.data, seed, context.pool);
  const Matrix X = training_rows(setting, dataset);
  const Matrix start = start_atoms(setting, dataset, X, seed, context.pool);
  RecoveryTrained trained = train_atoms(setting, dataset, X, start, seed, id, folder, context);
  result.status = trained.status;
  result.stopped_at = trained.stopped_at;
  if (result.status != RunStatus::Finished) return result;
  result.measured = std::move(trained.measured);
  measure(setting, dataset, X, start, trained.gate, result.measured, context.pool);
  create_folder(folder.arrays());
  data::write_npy(atoms_file, ConstView<double>(result.measured.atoms));
  create_folder(folder.checkpoint());
  write_file(finished, to_json(result.measured).dump());
  return result;
}

}  // namespace twofold::experiment
