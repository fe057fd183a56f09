// The pictures of a one_bit experiment.
#pragma once

#include <filesystem>
#include <vector>

#include "experiment/one_bit_case.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// @throws InvalidArgument  if the figure is of an unknown kind, quantity or scale.
void check_one_bit_figure(const FigureOptions& figure);

/// The figures a spec asks for; without any, "layers", or "training" for a learned encoder. Kinds:
///   errors         every decoder's error against the value of the case, one panel a prior
///   layers         error against the number of decoder layers, one colour a case
///   training       loss of a learned encoder against steps, one colour a case
///   transition     R_Gauss, R_Id and the least R(θ) against p, and what training reached
///   encoder        |B| of each learned encoder as a picture (see one_bit_pictures)
///   sweep:QUANTITY a quantity against the value of the case
[[nodiscard]] std::vector<Figure> one_bit_figures(const ExperimentSpec& spec,
                                                  const std::vector<OneBitResult>& results);

/// Writes the pictures of kind "encoder" into `folder`/arrays: rows of |B| sorted by the axis they
/// look along most.
[[nodiscard]] std::vector<Picture> one_bit_pictures(const ExperimentSpec& spec,
                                                    const std::vector<OneBitResult>& results,
                                                    const std::filesystem::path& folder);

}  // namespace twofold::experiment
