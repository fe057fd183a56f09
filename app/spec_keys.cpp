#include "spec_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "twofold/experiment/dictionary_recovery_spec.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/mean_field_spec.hpp"
#include "twofold/experiment/one_bit_spec.hpp"
#include "twofold/experiment/tangent_kernel_spec.hpp"

namespace twofold::app {
namespace {

template <typename T>
std::string domain_text(const Domain& domain) {
  if (!domain.choices.empty()) return fmt::format("{}", fmt::join(domain.choices, " | "));
  if constexpr (std::is_same_v<T, bool>) return "true | false";
  return domain.contains == nullptr ? "" : std::string(domain.text);
}

template <typename Options>
void add_section(std::vector<SpecKey>& keys, std::string_view system, std::string_view section) {
  Options defaults;
  for_each_field<Options>([&]<typename T>(const Field<Options, T>& field) {
    keys.push_back({std::string(system), std::string(section), std::string(field.name),
                    experiment::toml_text(&(defaults.*field.member)), domain_text<T>(field.domain),
                    std::string(field.help)});
  });
}

}  // namespace

std::vector<SpecKey> spec_keys() {
  std::vector<SpecKey> keys;
  add_section<experiment::RunOptions>(keys, "", "");
  add_section<data::SourceOptions>(keys, "", "[data]");
  add_section<experiment::PredictOptions>(keys, "", "[predict]");
  add_section<experiment::MeanFieldModel>(keys, "mean_field", "[model]");
  add_section<experiment::MeanFieldTrain>(keys, "mean_field", "[train]");
  add_section<experiment::MeanFieldRecord>(keys, "mean_field", "[record]");
  add_section<experiment::OneBitModel>(keys, "one_bit", "[model]");
  add_section<experiment::OneBitDecode>(keys, "one_bit", "[decode]");
  add_section<experiment::OneBitTrain>(keys, "one_bit", "[train]");
  add_section<experiment::OneBitUnrolled>(keys, "one_bit", "[unrolled]");
  constexpr std::string_view recovery = "dictionary_recovery";
  add_section<experiment::RecoveryModel>(keys, recovery, "[model]");
  add_section<experiment::RecoveryTrain>(keys, recovery, "[train]");
  add_section<experiment::RecoveryCompare>(keys, recovery, "[compare]");
  constexpr std::string_view tangent = "tangent_kernel";
  add_section<experiment::TangentModel>(keys, tangent, "[model]");
  add_section<experiment::TangentTrain>(keys, tangent, "[train]");
  add_section<experiment::TangentRecord>(keys, tangent, "[record]");
  add_section<experiment::TangentPredict>(keys, tangent, "[predict]");
  add_section<experiment::SweepOptions>(keys, "", "[sweep]");
  add_section<experiment::CaseOptions>(keys, "", "[[case]]");
  add_section<experiment::ClaimOptions>(keys, "", "[[claim]]");
  add_section<experiment::FigureOptions>(keys, "", "[[figure]]");
  return keys;
}

}  // namespace twofold::app
