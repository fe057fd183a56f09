// From what a system compares to judged claims; the same for every system.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// Predicted and measured value of a quantity at one point, not yet judged.
struct Comparison {
  std::string name;   ///< suffix such as "[2]"; may be empty
  std::string title;  ///< what it is about; may be empty
  double predicted = 0.0;
  double measured = 0.0;
  double standard_error = 0.0;
  double extra_tolerance = 0.0;  ///< added to the claim's, where theory itself gives a range
};

/// A case of an experiment as claims see it.
struct JudgedCase {
  std::string label;
  double value = 0.0;     ///< its place on the axis of a sweep
  bool measured = false;  ///< whether there is anything to compare with
  /// Comparisons of the claim's quantity; only called if `comparable`.
  std::function<std::vector<Comparison>(const ClaimOptions&)> evaluate;
  /// Why the quantity cannot be expected to agree here; empty if it can.
  std::function<std::string(const ClaimOptions&)> obstacle;
  bool predicted = true;  ///< false if theory was skipped

  [[nodiscard]] bool comparable() const { return measured && predicted; }
};

/// What a claim may put before the name of any quantity, with one line for people.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kSweepQuantities{
    std::pair{"minimum:QUANTITY", "case of a sweep whose quantity is least"},
    std::pair{"exponent:QUANTITY", "power of the sweep's value that the quantity follows"}};

/// One line about a quantity. @throws InvalidArgument if there is none of that name.
using AboutQuantity = std::string_view (*)(std::string_view quantity);

/// @throws InvalidArgument  if the claim names an unknown quantity or prefix.
void check_claim(const ClaimOptions& claim, AboutQuantity about);

/// The claims that one entry of a spec makes about the cases it names: one for each case and
/// comparison. "minimum:QUANTITY" and "exponent:QUANTITY" judge the sweep as a whole, by the
/// comparison of the claim's index, or the first. A claim whose assumptions do not hold in a case
/// is `not applicable` and says why.
/// @throws InvalidArgument  if a case of a sweep has no such comparison.
[[nodiscard]] std::vector<Claim> judge_claims(const ClaimOptions& options,
                                              const std::vector<JudgedCase>& cases,
                                              AboutQuantity about);

/// All claims of a spec, in order; of a spec without claims those that `defaults` makes about each
/// predicted case, given its number.
[[nodiscard]] std::vector<Claim> judge_spec(
    const std::vector<ClaimOptions>& claims, const std::vector<JudgedCase>& cases,
    AboutQuantity about,
    const std::function<std::vector<ClaimOptions>(std::size_t index)>& defaults);

/// The results as claims and sweeps see them, for quantities with `evaluate` and `needs`; they must
/// outlive the list.
template <typename Quantity, typename Result, typename Needs>
std::vector<JudgedCase> cases_to_judge(const std::vector<Result>& results,
                                       const Quantity& (*find)(std::string_view),
                                       std::string (*obstacle)(const Result&, Needs)) {
  std::vector<JudgedCase> cases;
  cases.reserve(results.size());
  for (const Result& r : results) {
    cases.push_back(
        {r.label, r.value, !r.measured.empty(),
         [&r, find](const ClaimOptions& claim) { return find(claim.quantity).evaluate(r, claim); },
         [&r, find, obstacle](const ClaimOptions& claim) {
           return obstacle(r, find(claim.quantity).needs);
         },
         !r.setting.spec.predict.skip});
  }
  return cases;
}

/// The entry of a list of quantities with this name. @throws InvalidArgument with the nearest one.
template <typename List>
const auto& find_by_name(const List& quantities, std::string_view name, std::string_view where);

/// Names of quantities with one line for people, the ones for sweeps last.
template <typename List>
auto named_quantities(const List& quantities) {
  std::vector<std::pair<std::string_view, std::string_view>> names;
  names.reserve(quantities.size() + kSweepQuantities.size());
  for (const auto& q : quantities) names.emplace_back(q.name, q.about);
  names.insert(names.end(), kSweepQuantities.begin(), kSweepQuantities.end());
  return names;
}

/// The results whose labels are listed; all if the list is empty.
template <typename Result>
std::vector<const Result*> chosen_results(const std::vector<std::string>& labels,
                                          const std::vector<Result>& results) {
  std::vector<const Result*> list;
  for (const Result& r : results) {
    bool named = labels.empty();
    for (const std::string& label : labels) named = named || label == r.label;
    if (named) list.push_back(&r);
  }
  return list;
}

/// For the message of find_by_name.
[[noreturn]] void refuse_quantity(std::string_view name, const std::vector<std::string_view>& known,
                                  std::string_view where);

template <typename List>
const auto& find_by_name(const List& quantities, std::string_view name, std::string_view where) {
  std::vector<std::string_view> names;
  for (const auto& q : quantities) {
    if (q.name == name) return q;
    names.push_back(q.name);
  }
  refuse_quantity(name, names, where);
}

}  // namespace twofold::experiment
