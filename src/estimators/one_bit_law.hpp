// The second pass of a fit: norms, and the law of the scaled coordinates.
#pragma once

#include <string_view>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_codec.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::estimators {

/// Numbers drawn from the scaled coordinates of the training rows.
struct LawSample {
  std::vector<double> of_vectors;     ///< z_i/√energy_i
  std::vector<double> of_directions;  ///< z_i/(ρ √energy_i), each row as often as ρ² says
  double mean_norm = 1.0;             ///< E ρ
  double norm_variance = 0.0;         ///< Var ρ/E ρ²
};

/// @param parameters  with all but the prior and the norm.
[[nodiscard]] LawSample sample_law(const OneBitCodecParameters& parameters,
                                   const data::Source& source, std::uint64_t seed, ThreadPool& pool,
                                   Observer& observer);

/// Directions and norms of at most 2048 training rows, evenly spaced.
[[nodiscard]] DirectionSample sample_directions(const OneBitCodecParameters& parameters,
                                                const data::Source& source, ThreadPool& pool,
                                                Observer& observer);

/// The prior of that name (kPriorNames) for these numbers.
[[nodiscard]] data::ScalarPrior fit_prior(std::string_view name, const std::vector<double>& values);

/// Whether the decoder should take the law of vectors for a law of finitely many values.
[[nodiscard]] bool is_discrete(std::string_view name, const std::vector<double>& values);

}  // namespace twofold::estimators
