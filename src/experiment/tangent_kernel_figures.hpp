// The pictures of a tangent_kernel experiment.
#pragma once

#include <filesystem>
#include <vector>

#include "experiment/tangent_kernel_case.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// @throws InvalidArgument  if the figure is of an unknown kind, quantity or scale, or needs what
///                          the spec of a case does not have.
void check_tangent_kernel_figure(const FigureOptions& figure, const TangentSpec& spec);

/// The figures a spec asks for; without any, "loss" and "outputs".
[[nodiscard]] std::vector<FigureOptions> wanted_figures(const ExperimentSpec& spec);

/// All but the pictures. Kinds:
///   loss            loss over the first against steps, one colour a case
///   outputs         unseen images, what is predicted and what the trained network makes of them,
///                   and the training images that are blended (see the pictures)
///   sweep:QUANTITY  a quantity against the value of the case
///   modes:QUANTITY  the same, one colour a mode of training
[[nodiscard]] std::vector<Figure> tangent_kernel_figures(const ExperimentSpec& spec,
                                                         const std::vector<TangentResult>& results);

/// Writes the pictures of kind "outputs", of the first repeat, into `folder`/arrays: eight unseen
/// samples, one a row of the sheet: the sample, the prediction (grey if there is none), the trained
/// output, and the five training samples of largest weight. Each tile has its own scale.
[[nodiscard]] std::vector<Picture> tangent_kernel_pictures(
    const ExperimentSpec& spec, const std::vector<TangentResult>& results,
    const std::filesystem::path& folder, ThreadPool& pool);

}  // namespace twofold::experiment
