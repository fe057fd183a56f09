// The part of a spec that every system shares: what to run, how often, what to claim.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twofold/core/fields.hpp"
#include "twofold/experiment/spec_document.hpp"

namespace twofold::experiment {

/// Top-level keys of a spec.
struct RunOptions {
  std::string system;
  std::string experiment;
  std::string title;
  std::string description;
  std::int64_t seed = 1;
  std::int64_t repeats = 1;

  static constexpr auto fields() {
    using R = RunOptions;
    return std::tuple{
        field("system", &R::system, "which system; see `twofold list systems`"),
        field("experiment", &R::experiment, "short name; used for folders and figures"),
        field("title", &R::title, "title in the report"),
        field("description", &R::description, "what the experiment shows, in one or two sentences"),
        field("seed", &R::seed, "seed of all random numbers", domain::non_negative),
        field("repeats", &R::repeats, "simulations with seeds seed, seed + 1, ...",
              domain::at_least_one)};
  }
};

/// [predict]
struct PredictOptions {
  bool skip = false;

  static constexpr auto fields() {
    return std::tuple{
        field("skip", &PredictOptions::skip, "training alone: no theory, and no claim is judged")};
  }
};

/// One run of a sweep: overrides laid over the spec.
struct CaseOptions {
  std::string label;
  double value = 0.0;  // only compared and drawn, never computed with
  std::vector<std::string> set;

  static constexpr auto fields() {
    using C = CaseOptions;
    return std::tuple{
        field("label", &C::label, "name of the case in tables and figures"),
        field("value", &C::value, "place of the case on the axis of a sweep", domain::finite),
        field("set", &C::set, "overrides, each \"key=value\"")};
  }
};

/// A one-key sweep, short for a list of cases.
struct SweepOptions {
  std::string key;
  std::string label;
  std::vector<double> values;

  static constexpr auto fields() {
    using S = SweepOptions;
    return std::tuple{field("key", &S::key, "dotted key that is varied"),
                      field("label", &S::label, "its name on axes and in tables"),
                      field("values", &S::values, "the values", domain::finite)};
  }
};

/// One claim to be judged; `quantity` names a comparison the system offers.
struct ClaimOptions {
  std::string quantity;
  std::string title;
  double tolerance = 0.0;
  bool relative = false;
  std::string reason;
  std::string source;
  std::vector<std::string> cases;
  double time = -1.0;
  std::int64_t index = -1;

  static constexpr auto fields() {
    using C = ClaimOptions;
    return std::tuple{
        field("quantity", &C::quantity, "what is compared; see `twofold list quantities`"),
        field("title", &C::title, "for people; default from the quantity"),
        field("tolerance", &C::tolerance, "allowed |predicted - measured|", domain::non_negative),
        field("relative", &C::relative, "tolerance is a fraction of |predicted|"),
        field("reason", &C::reason, "why this tolerance"),
        field("source", &C::source, "where the prediction is derived"),
        field("cases", &C::cases, "labels of the cases it is about; default: all"),
        field("time", &C::time, "time of the comparison, where the quantity takes one"),
        field("index", &C::index, "only this one, counted from 0, of several; -1: all")};
  }
};

/// One figure of the report; `kind` names a picture the system can draw.
struct FigureOptions {
  std::string kind;
  std::string title;
  std::string sentence;
  std::string x_label;
  std::string x_scale;
  std::string y_scale;
  std::vector<std::string> cases;

  static constexpr auto fields() {
    using F = FigureOptions;
    return std::tuple{field("kind", &F::kind, "which picture"),
                      field("title", &F::title, "title above it"),
                      field("sentence", &F::sentence, "what is to be seen"),
                      field("x_label", &F::x_label, "of the x axis; default of the kind"),
                      field("x_scale", &F::x_scale, "linear or log; default of the kind"),
                      field("y_scale", &F::y_scale, "linear or log; default of the kind"),
                      field("cases", &F::cases, "labels of the cases drawn; default: all")};
  }
};

/// One case with its complete document.
struct Case {
  std::string label;
  double value = 0.0;
  SpecDocument document;
};

/// A spec taken apart: common options, cases (at least one), claims and figures.
struct ExperimentSpec {
  RunOptions run;
  std::string axis;   ///< what varies over the cases, for axes and tables
  SpecDocument base;  ///< the sections of the system, without the cases' overrides
  std::vector<CaseOptions> case_options;
  std::vector<Case> cases;
  std::vector<ClaimOptions> claims;
  std::vector<FigureOptions> figures;
};

/// Takes the table [quick] ("key" = value, dotted keys quoted) out of a spec and, if `quick`,
/// lays it over the rest. To be done before `--set`, which wins.
void lay_quick_over(SpecDocument& document, bool quick);

/// @throws InvalidArgument  if the prediction of a case is to be skipped, with the remedy.
void require_prediction(const ExperimentSpec& spec);

/// Takes a spec apart; a [quick] table that is still there is dropped.
/// @throws InvalidArgument  on a bad sweep, case, claim or figure.
[[nodiscard]] ExperimentSpec read_experiment(SpecDocument document);

}  // namespace twofold::experiment
