// What a wide network would make of inputs it has not seen, without training it.
#pragma once

#include <filesystem>
#include <string>

#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// Audits every row of a file against the training samples of a tangent_kernel spec, with the
/// predictor of infinite width stopped where training would stop. The data's transforms are applied
/// to the rows first. For each row:
///   output         what is predicted, d numbers, averaged over starts
///   weights        of every training sample in it
///   training       the ten largest of them that are not 0: row and weight
///   distance       ‖x − output‖/‖x‖
///   off_span       share of ‖x‖ outside the span of the samples, which cannot come back
///   start_noise_sd what a random start adds to each coordinate
///   rank           share of the training samples that the others reproduce worse (by
///                  interpolation): near 0, the row is unlike all of them
///   verdict        reproduced (distance <= 0.1), lost (off_span > 0.7: half of the energy) or
///                  blended
/// @return  {"queries": [...]} of one case, or {"cases": [...]} of a sweep.
/// @throws InvalidArgument  for another system, a tied network or a step above 2/λ_max; DataError
///                          if the file cannot be read or its rows have another length.
[[nodiscard]] Json audit_queries(const ExperimentSpec& spec, const std::filesystem::path& file,
                                 RunContext context);

/// The audit of one case as a table for people.
[[nodiscard]] std::string audit_text(const Json& audit);

}  // namespace twofold::experiment
