// What is measured of atoms: against the true ones, and on samples they have not seen.
#pragma once

#include <string>

#include "experiment/dictionary_recovery_case.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::experiment {

/// Scores of a dictionary W against the truth, if there is one:
///   PREFIX "error"        Σ‖w_j − a_j‖² over matched pairs of unit vectors
///   PREFIX "recovered"    share of the true atoms with |cos| > 0.95
///   PREFIX "mean_cosine"  of matched pairs
/// and of its own: "distinct", share of its rows that are no duplicate (|cos| > 0.9).
/// @param W  any norms.
void score_atoms(const RecoverySetting& setting, const data::Dataset& dataset, const Matrix& W,
                 const std::string& prefix, RecoveryMeasured& measured);

/// Codes of the training samples against the true ones, unit j standing for atom j where the start
/// was near, else matched:
///   PREFIX "consistency"  share of samples whose support is right
///   PREFIX "label_error"  share of wrong entries among all samples and units
void score_codes(const RecoverySetting& setting, const data::Dataset& dataset, const Matrix& X,
                 const Matrix& W, const ops::Gate& gate, const std::string& prefix,
                 RecoveryMeasured& measured, ThreadPool& pool);

/// Mean of w_i·a_j over i ≠ j, unit j beside atom j.
[[nodiscard]] double mean_off_diagonal(const data::DictionaryModel& truth, const Matrix& W);

/// Rows that training has not seen, at most `count`.
[[nodiscard]] Matrix held_out_rows(const data::Dataset& dataset, Index count);

/// Explained variance of the autoencoder's reconstructions Wᵀσ(Wx + b).
[[nodiscard]] double explained_by_gate(const Matrix& X, const Matrix& W, const ops::Gate& gate,
                                       ThreadPool& pool);

/// The same with codes by orthogonal matching pursuit, `active` of them: the dictionary by itself,
/// whatever its encoder.
[[nodiscard]] double explained_by_pursuit(const Matrix& X, const Matrix& W, Index active,
                                          ThreadPool& pool);

}  // namespace twofold::experiment
