// The population gradient on uniform random supports; private to population_gradient.
#pragma once

#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

/// population_gradient for sparse and non-negative codes; arguments are checked by the caller.
Matrix code_gradient(const data::DictionaryModel& model, const Matrix& W, double bias,
                     RecoveryGradient kind);

}  // namespace twofold::theory
