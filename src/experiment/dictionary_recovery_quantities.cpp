#include "experiment/dictionary_recovery_quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/dictionary_recovery_theory.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::dictionary_recovery";
constexpr double kErrors = 3.0;      // standard errors added to every tolerance
constexpr double kDestroyed = 20.0;  // times the predicted error
constexpr double kFound = 0.1;       // ‖w − a‖² at cos = 0.95
constexpr double kExact = 1e-9;      // squared distance of an atom that counts as none
constexpr double kBasin = 1.15;      // δ of the measured basins: all at 1.1, few or none at 1.2

using Comparisons = std::vector<Comparison>;

Comparison beside(double predicted, const numerics::MeanAndError& value, std::string name = "",
                  std::string title = "") {
  return {std::move(name), std::move(title),     predicted,
          value.mean,      value.standard_error, kErrors * value.standard_error};
}

numerics::MeanAndError measured_or_refuse(const RecoveryResult& r, const std::string& key) {
  const auto value = measured_value(r, key);
  require(
      value.has_value(), kWhere,
      fmt::format("'{}' was not measured in case '{}': see [train] and [compare]", key, r.label));
  return *value;
}

// Mean and standard error over the repeats of a number of each.
template <typename Number>
numerics::MeanAndError over_repeats(const RecoveryResult& r, Number&& number) {
  std::vector<double> values;
  for (const RecoveryMeasured& m : r.measured) values.push_back(number(m));
  return numerics::mean_and_error(values);
}

double last_iteration(const RecoveryResult& r) {
  return r.measured.front().iteration.back();
}

// The claim's time is an iteration; without one it is the end.
Comparisons error(const RecoveryResult& r, const ClaimOptions& claim) {
  const double t = claim.time < 0.0 ? last_iteration(r) : claim.time;
  const auto measured = measured_error(r, t);
  require(
      measured.has_value(), kWhere,
      fmt::format("iteration {} was not recorded in case '{}': raise train.records", t, r.label));
  const theory::RecoveryPrediction& p = r.predicted->run;
  double predicted = r.predicted->final_error;
  if (claim.time >= 0.0) {
    const auto at = std::ranges::find(p.iteration, t);
    require(at != p.iteration.end(), kWhere,
            fmt::format("theory says nothing about iteration {} in case '{}'", t, r.label));
    predicted = p.error[static_cast<std::size_t>(at - p.iteration.begin())];
  }
  return {beside(predicted, *measured)};
}

// tan θ and λ = cos θ of two unit vectors at squared distance D.
double tangent(double D) {
  return std::sqrt(D * (1.0 - 0.25 * D)) / (1.0 - 0.5 * D);
}

// Mean over atoms of tan θ'/tan θ across one iteration, beside the law at the λ measured there.
Comparisons contraction(const RecoveryResult& r, const ClaimOptions& claim) {
  const double t = std::max(0.0, claim.time);
  const data::DictionaryModel& truth = r.setting.truth();
  const double tau = r.setting.spec.train.step;
  const double bias = r.setting.spec.model.activation == "relu" ? r.setting.spec.model.bias : 0.0;
  std::vector<double> ratios, laws;
  for (const RecoveryMeasured& m : r.measured) {
    const auto at = std::ranges::find(m.iteration, t) - m.iteration.begin();
    require(at + 1 < m.distance.rows() && m.iteration[static_cast<std::size_t>(at) + 1] == t + 1.0,
            kWhere,
            fmt::format("'contraction' needs iterations {} and {} recorded in case '{}': raise "
                        "train.records",
                        t, t + 1.0, r.label));
    double ratio = 0.0, law = 0.0;
    for (Index j = 0; j < m.distance.cols(); ++j) {
      // Every atom has a rate of its own: ζ p_j = τ p_j/max p.
      const double share =
          truth.law == data::CodeLaw::Mixture ? truth.probability(j) * r.setting.step_unit : 1.0;
      ratio += tangent(m.distance(at + 1, j)) / tangent(m.distance(at, j));
      law += theory::contraction(tau * share, 1.0 - 0.5 * m.distance(at, j), bias);
    }
    ratios.push_back(ratio / static_cast<double>(m.distance.cols()));
    laws.push_back(law / static_cast<double>(m.distance.cols()));
  }
  return {beside(numerics::mean_and_error(laws).mean, numerics::mean_and_error(ratios))};
}

Comparisons atom_error(const RecoveryResult& r, const ClaimOptions&) {
  const Vector& floors = r.predicted->atom_floors;
  require(floors.size() > 0, kWhere, "'atom_error' is for mixture_of_gaussians with data.samples");
  Comparisons list;
  for (Index j = 0; j < floors.size(); ++j) {
    const auto value = over_repeats(
        r, [&](const RecoveryMeasured& m) { return m.distance(m.distance.rows() - 1, j); });
    list.push_back(beside(floors(j), value, fmt::format("[{}]", j), fmt::format("atom {}", j)));
  }
  return list;
}

bool in_basin(const RecoveryResult& r) {
  const RecoveryTrain& train = r.setting.spec.train;
  return train.start != "near" || train.start_distance < kBasin;
}

// Random samples of a mixture stay in their clusters: all are found if they hit m different ones,
// which has probability m! Π p_j.
double chance_of_all(const RecoveryResult& r) {
  const data::DictionaryModel& truth = r.setting.truth();
  if (r.setting.spec.train.start != "samples" || truth.law != data::CodeLaw::Mixture) {
    return in_basin(r) ? 1.0 : 0.0;
  }
  const double log_product = truth.weights.array().log().sum();
  return std::exp(std::lgamma(static_cast<double>(truth.size()) + 1.0) + log_product);
}

Comparisons recovered(const RecoveryResult& r, const ClaimOptions&) {
  return {beside(in_basin(r) ? 1.0 : 0.0, measured_or_refuse(r, "recovered"))};
}

// Of the units that began beside an atom the share that ends there.
Comparisons kept(const RecoveryResult& r, const ClaimOptions&) {
  const auto value = over_repeats(r, [](const RecoveryMeasured& m) {
    const auto last = m.distance.row(m.distance.rows() - 1);
    return static_cast<double>((last.array() < kFound).count()) / static_cast<double>(last.size());
  });
  return {beside(in_basin(r) ? 1.0 : 0.0, value)};
}

Comparisons all_recovered(const RecoveryResult& r, const ClaimOptions&) {
  numerics::MeanAndError value = over_repeats(r, [](const RecoveryMeasured& m) {
    return m.values.at("recovered").mean == 1.0 ? 1.0 : 0.0;
  });
  const auto n = static_cast<double>(r.measured.size());
  value.standard_error = std::sqrt(value.mean * (1.0 - value.mean) / n);
  return {beside(chance_of_all(r), value)};
}

Comparisons distinct(const RecoveryResult& r, const ClaimOptions&) {
  return {beside(1.0, measured_or_refuse(r, "distinct"))};
}

Comparisons consistency(const RecoveryResult& r, const ClaimOptions&) {
  return {beside(r.predicted->start_consistency, measured_or_refuse(r, "start consistency"))};
}

Comparisons label_error(const RecoveryResult& r, const ClaimOptions&) {
  return {beside(r.predicted->run.label_error, measured_or_refuse(r, "label_error"))};
}

Comparisons stable(const RecoveryResult& r, const ClaimOptions&) {
  const auto value = over_repeats(r, [](const RecoveryMeasured& m) {
    return m.error(m.distance.rows() - 1) < m.error(0) ? 1.0 : 0.0;
  });
  const theory::RecoveryPrediction& p = r.predicted->run;
  return {beside(p.step < p.step_edge ? 1.0 : 0.0, value)};
}

Comparisons off_diagonal(const RecoveryResult& r, const ClaimOptions&) {
  return {beside(r.predicted->off_diagonal, measured_or_refuse(r, "off_diagonal"))};
}

// Theory has no law for what happens then, only that its floor does not hold.
Comparisons destroyed(const RecoveryResult& r, const ClaimOptions&) {
  const double bound = kDestroyed * r.predicted->final_error;
  const auto value = over_repeats(r, [&](const RecoveryMeasured& m) {
    return m.error(m.distance.rows() - 1) > bound ? 1.0 : 0.0;
  });
  double violated = 0.0;
  for (const std::string_view name : {"threshold", "bias", "signal", "start", "step"}) {
    const theory::Assumption* a = find_assumption(r, name);
    if (a != nullptr && !a->holds) violated = 1.0;
  }
  return {beside(violated, value)};
}

// One comparison for each baseline: how far the autoencoder is on the wrong side of it.
Comparisons against_baselines(const RecoveryResult& r, const std::string& score, double sign,
                              bool relative) {
  Comparisons list;
  for (const std::string& name : r.setting.spec.compare.baselines) {
    if (name == "pca" && score != "explained") continue;  // no dictionary to be compared
    const auto value = over_repeats(r, [&](const RecoveryMeasured& m) {
      const auto theirs = m.values.find(name + " " + score);
      require(theirs != m.values.end(), kWhere,
              fmt::format("'{} {}' was not measured in case '{}'", name, score, r.label));
      const double difference = sign * (m.values.at(score).mean - theirs->second.mean);
      return relative ? difference / theirs->second.mean : difference;
    });
    Comparison c = beside(0.0, value, fmt::format("[{}]", name), name);
    c.measured = std::max(0.0, c.measured);
    list.push_back(c);
  }
  return list;
}

Comparisons error_above(const RecoveryResult& r, const ClaimOptions&) {
  return against_baselines(r, "error", 1.0, true);
}
Comparisons recovered_below(const RecoveryResult& r, const ClaimOptions&) {
  return against_baselines(r, "recovered", -1.0, false);
}
Comparisons explained_below(const RecoveryResult& r, const ClaimOptions&) {
  return against_baselines(r, "explained", -1.0, false);
}
Comparisons explained_above(const RecoveryResult& r, const ClaimOptions&) {
  return against_baselines(r, "explained", 1.0, false);
}
Comparisons pursuit_below(const RecoveryResult& r, const ClaimOptions&) {
  return against_baselines(r, "pursuit", -1.0, false);
}

/// What a comparison rests on.
enum class Needs {
  Floor,      ///< right supports, a step below the edge, and all atoms found
  Gate,       ///< a gate with a threshold
  Truth,      ///< a known dictionary
  Baselines,  ///< other methods on the same samples
  Any
};

struct Quantity {
  std::string_view name;
  std::string_view about;
  Needs needs;
  Comparisons (*evaluate)(const RecoveryResult&, const ClaimOptions&);
};

constexpr std::array<Quantity, 18> kQuantities{
    Quantity{"error", "‖W − A‖² over all atoms, at the claim's iteration or the end", Needs::Floor,
             error},
    Quantity{"contraction", "tan θ'/tan θ of one step, mean over atoms, beside the law",
             Needs::Floor, contraction},
    Quantity{"atom_error", "mixture: ‖w − a‖² of each component at the end", Needs::Floor,
             atom_error},
    Quantity{"off_diagonal", "non-negative codes behind a bias: mean of w_i·a_j, i ≠ j",
             Needs::Floor, off_diagonal},
    Quantity{"recovered", "share of atoms found, |cos| > 0.95", Needs::Truth, recovered},
    Quantity{"kept", "near start: share of the units that end at the atom they began beside",
             Needs::Truth, kept},
    Quantity{"all_recovered", "share of the repeats that found every atom", Needs::Truth,
             all_recovered},
    Quantity{"distinct", "share of the units that are no duplicate of another", Needs::Any,
             distinct},
    Quantity{"consistency", "samples whose whole support is right, at the start", Needs::Gate,
             consistency},
    Quantity{"label_error", "wrong entries of a code, at the end", Needs::Gate, label_error},
    Quantity{"stable", "1 if the error ends below its start, 0 if not", Needs::Truth, stable},
    Quantity{"destroyed", "1 if the error ends above 20 times the predicted one", Needs::Truth,
             destroyed},
    Quantity{"error_above", "error above that of each baseline, a fraction of it; 0 if below",
             Needs::Baselines, error_above},
    Quantity{"recovered_below", "share of atoms found below that of each baseline; 0 if above",
             Needs::Baselines, recovered_below},
    Quantity{"explained_below", "explained variance below that of each baseline; 0 if above",
             Needs::Baselines, explained_below},
    Quantity{"explained_above", "explained variance above that of each baseline; 0 if below",
             Needs::Baselines, explained_above},
    Quantity{"pursuit_below",
             "explained variance with codes by matching pursuit, below each baseline's; 0 if above",
             Needs::Baselines, pursuit_below},
    Quantity{"explained", "variance of unseen samples that is explained; predicted: all",
             Needs::Any, [](const RecoveryResult& r, const ClaimOptions&) {
               return Comparisons{beside(1.0, measured_or_refuse(r, "explained"))};
             }}};

const Quantity& find_quantity(std::string_view name) {
  return find_by_name(kQuantities, name, kWhere);
}

std::string floor_obstacle(const RecoveryResult& r) {
  const RecoveryTrain& train = r.setting.spec.train;
  if (train.gradient == "sign") return "theory has no floor of the sign gradient";
  for (const std::string_view name : {"step", "samples", "start", "threshold", "bias", "signal"}) {
    const theory::Assumption* a = find_assumption(r, name);
    const bool about_gate = name == "threshold" || name == "bias" || name == "signal";
    const bool by_rank = r.setting.spec.model.activation == "top_k";
    if (a == nullptr || a->holds || (about_gate && (r.setting.oracle() || by_rank))) continue;
    return fmt::format("{} = {:.3g}, limit {:.3g}: {}", a->name, a->value, a->limit, a->text);
  }
  const auto found = measured_value(r, "recovered");
  if (found && found->mean < 1.0) {
    return fmt::format("the floor is that of runs that found every atom; this one found {:.1f} %",
                       100.0 * found->mean);
  }
  return "";
}

std::string obstacle(const RecoveryResult& r, Needs needs) {
  if (r.diverged_at >= 0) return fmt::format("training collapsed at iteration {}", r.diverged_at);
  if (needs == Needs::Floor) return floor_obstacle(r);
  if (needs == Needs::Gate && r.setting.spec.model.activation == "top_k") {
    return "the gate takes the largest codes, whatever their size: there is no threshold to miss";
  }
  return "";
}

std::vector<ClaimOptions> default_claims(const RecoveryResult& r) {
  std::vector<ClaimOptions> list;
  if (!r.setting.known()) return list;
  ClaimOptions found;
  found.quantity = "recovered";
  found.tolerance = 0.02;
  found.reason = "one atom in fifty may be missed from samples alone";
  found.source = "docs/theory/dictionary_recovery.md#assumptions";
  list.push_back(found);
  if (r.setting.spec.train.start != "near") return list;
  ClaimOptions floor;
  floor.quantity = "error";
  const double exact = kExact * static_cast<double>(r.setting.truth().size());
  if (r.predicted->final_error < exact) {
    floor.tolerance = exact;
    floor.reason = "the atoms are recovered exactly: what is left is the tail of a decay";
  } else {
    floor.tolerance = 0.25;
    floor.relative = true;
    floor.reason = "the floor is the leading order in k/√d; 3 standard errors are added";
  }
  floor.source = "docs/theory/dictionary_recovery.md#floors";
  list.push_back(floor);
  return list;
}

}  // namespace

std::vector<JudgedCase> judged_cases(const std::vector<RecoveryResult>& results) {
  return cases_to_judge(results, find_quantity, obstacle);
}

std::string_view about_dictionary_recovery(std::string_view quantity) {
  return find_quantity(quantity).about;
}

void check_quantity(std::string_view quantity, const RecoverySpec& spec) {
  const Needs needs = find_quantity(quantity).needs;
  require(needs == Needs::Any || needs == Needs::Baselines || spec.generative(), kWhere,
          fmt::format("quantity '{}' needs a source with a known dictionary, not {}", quantity,
                      spec.data.source));
  require(needs != Needs::Baselines || !spec.compare.baselines.empty(), kWhere,
          fmt::format("quantity '{}' needs compare.baselines", quantity));
}

std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                const std::vector<RecoveryResult>& results) {
  return judge_spec(spec.claims, judged_cases(results), about_dictionary_recovery,
                    [&](std::size_t i) { return default_claims(results[i]); });
}

std::span<const std::pair<std::string_view, std::string_view>> dictionary_recovery_quantities() {
  static const auto list = named_quantities(kQuantities);
  return list;
}

}  // namespace twofold::experiment
