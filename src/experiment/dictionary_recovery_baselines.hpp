// Other methods on the samples of a dictionary_recovery case, from the same start.
#pragma once

#include "experiment/dictionary_recovery_case.hpp"

namespace twofold::experiment {

/// For each of compare.baselines the scores of score_atoms under "NAME ", and on unseen samples
///   "NAME explained"  variance explained by the method's own codes: the nearest mean (lloyd, em),
///                     `active` atoms by pursuit (ksvd), non-negative codes (nmf), `active`
///                     principal components (pca)
///   "NAME pursuit"    the same by `active` of its atoms, as for the autoencoder; not for pca
/// @param X       training samples
/// @param start   of the autoencoder, which the methods begin from as well
void measure_baselines(const RecoverySetting& setting, const data::Dataset& dataset,
                       const Matrix& X, const Matrix& unseen, const Matrix& start,
                       RecoveryMeasured& measured, ThreadPool& pool);

}  // namespace twofold::experiment
