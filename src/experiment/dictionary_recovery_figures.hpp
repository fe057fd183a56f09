// The pictures of a dictionary_recovery experiment.
#pragma once

#include <filesystem>
#include <vector>

#include "experiment/dictionary_recovery_case.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// @throws InvalidArgument  if the figure is of an unknown kind, quantity or scale, or needs what
///                          the spec of a case does not have.
void check_dictionary_recovery_figure(const FigureOptions& figure, const RecoverySpec& spec);

/// The figures a spec asks for; without any, "error", or "loss" without a known dictionary. Kinds:
///   error           ‖W − A‖² against iterations, one colour a case
///   loss            loss against iterations, the witness of a collapse, one colour a case
///   methods         share of atoms found, or explained variance without a known dictionary, of the
///                   autoencoder and each baseline against the value of the case
///   method_errors   ‖W − A‖² of the same
///   method_pursuit  explained variance of the same with codes by matching pursuit
///   atoms           each case's atoms as a sheet of tiles, for images (see the pictures)
///   cosines         |W Aᵀ| of each case as a picture
///   sweep:QUANTITY  a quantity against the value of the case
[[nodiscard]] std::vector<Figure> dictionary_recovery_figures(
    const ExperimentSpec& spec, const std::vector<RecoveryResult>& results);

/// Writes the pictures of kinds "atoms" and "cosines", of the first repeat, into `folder`/arrays.
[[nodiscard]] std::vector<Picture> dictionary_recovery_pictures(
    const ExperimentSpec& spec, const std::vector<RecoveryResult>& results,
    const std::filesystem::path& folder);

}  // namespace twofold::experiment
