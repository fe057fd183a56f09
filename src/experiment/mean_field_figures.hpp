// The pictures of a mean_field experiment.
#pragma once

#include <vector>

#include "experiment/mean_field_case.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// @throws InvalidArgument  if the figure is of an unknown kind, quantity or scale.
void check_figure(const FigureOptions& figure);

/// The figures a spec asks for; without any, "gain" and "loss". Kinds:
///   gain, scale    of each block against time, one panel a case
///   loss           over L0 against time, with the width bracket as a band
///   train_loss     likewise on the training rows
///   spectrum       gain at the end against the eigenvalue, one colour a case
///   sweep:QUANTITY a quantity (see mean_field_quantities) against the value of the case
[[nodiscard]] std::vector<Figure> mean_field_figures(const ExperimentSpec& spec,
                                                     const std::vector<MeanFieldResult>& results);

}  // namespace twofold::experiment
