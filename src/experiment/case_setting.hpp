// What the settings of cases have in common: how they begin, and the checkpoints of their training.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <utility>

#include "twofold/core/parallel.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/experiment/spec_document.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::experiment {

/// A setting with its spec, its seed and its data.
/// @param previous  of the case before; its data serve again where they are the same.
template <typename Setting>
[[nodiscard]] Setting setting_with_data(decltype(Setting::spec) spec, std::int64_t seed,
                                        ThreadPool& pool, const Setting* previous) {
  Setting setting;
  setting.spec = std::move(spec);
  setting.seed = seed;
  const bool same =
      previous != nullptr && previous->seed == seed &&
      toml_section("data", previous->spec.data) == toml_section("data", setting.spec.data);
  setting.dataset =
      same ? previous->dataset
           : data::open_dataset(setting.spec.data, static_cast<std::uint64_t>(seed), pool);
  return setting;
}

/// Checkpoints in `folder`, from which a run of the same spec and seed goes on.
template <typename Spec>
[[nodiscard]] train::CheckpointPolicy checkpoints(const Spec& spec, std::uint64_t seed,
                                                  std::filesystem::path folder) {
  return {.folder = std::move(folder),
          .seconds = spec.train.checkpoint_seconds,
          .fingerprint = fmt::format("seed = {}\n{}", seed, resolved_text(spec)),
          .resume = true};
}

}  // namespace twofold::experiment
