// What a codec will lose, before anything is encoded; what it lost; and whether they agree.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/core/verdict.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_codec.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::estimators {

/// Mean square error over the variance of the data, E‖x − x̂‖²/E‖x − mean‖², by state evolution.
///
///   e = Σ_i variance_i mmse(τ_L/energy_i)/Σ_i variance_i,  τ_L of layer L at rate n/k;
///   without a stored norm e + κ (1 − e), κ = Var ρ/E ρ², because then x̂ has E ρ in place of ρ;
///   that takes norm and direction for independent.
///
/// Every coordinate has the law `prior`, up to its scale. Nothing is encoded or decoded.
/// @param prior   what the decoder takes for the law of a coordinate. With a Gaussian the value at
///                layer 1 holds for any data: the decoder is linear, and only variances enter.
/// @param layers  L >= 1.
/// Source  docs/theory/one_bit_decoders.md#state-evolution, docs/codec.md#how-it-works.
[[nodiscard]] double predicted_mse(const OneBitCodecParameters& parameters,
                                   const data::ScalarPrior& prior, int layers);

/// Training rows as the decoder meets them: directions w, each row of norm √k, and norms ρ.
struct DirectionSample {
  MatrixF directions;  ///< rows×k
  std::vector<double> norms;
};

/// One line of the table that `codec fit` prints first.
struct PredictedError {
  std::string decoder;  ///< linear | Gaussian | fitted
  int layers = 1;
  double mse = 1.0;
};

/// All decoders, and what to think of the numbers.
struct OneBitPrediction {
  std::vector<PredictedError> decoders;
  /// Signs of the n largest coordinates t_i themselves, each with the best gain:
  /// 1 − (E|u|)² Σ_{used} variance_i/Σ variance_i. Absent for n > d.
  std::optional<double> identity;
  double effective_coordinates = 0.0;  ///< (Σ energy)²/Σ energy²
  double fourth_moment = 3.0;          ///< E u⁴ of the prior
  Index constant_coordinates = 0;      ///< of variance 0
  std::vector<std::string> warnings;   ///< the numbers hold, but there is something to know
  std::vector<std::string> obstacles;  ///< assumptions that do not hold: do not trust the numbers
};

/// The table for 1, 2, 3, 6 and parameters.layers layers.
///
/// The fitted decoder takes one law for all coordinates; their laws are their own. With a sample
/// its error is that of the scalar channel w_i + √τ_L g averaged over the sample (g simulated, the
/// Gaussian decoder at the same numbers as control variate); without, or where the prior is
/// discrete, that of the common law.
/// Without a stored norm the Gaussian decoder is averaged likewise: how much is lost depends on
/// what long and short vectors look like. Accuracy with a sample of 2048 rows: 0.5 % of the error.
/// Source  docs/codec.md#how-it-works.
[[nodiscard]] OneBitPrediction predict(const OneBitCodecParameters& parameters,
                                       const DirectionSample& sample = {});

/// What the table says about the fitted decoder with this many layers.
/// @throws InvalidArgument  if it is not in the table.
[[nodiscard]] double fitted_mse(const OneBitPrediction& prediction, int layers);

/// Layers of every table.
[[nodiscard]] std::span<const int> tabulated_layers();

/// E‖x − x̂‖²/E‖x − mean‖² of encoding and decoding rows, with its standard error, for each number
/// of layers.
/// @param rows      at most this many rows are used, evenly spaced over the source; >= 1.
/// @param observer  is told the progress; a stop request throws Stopped.
/// @throws DataError  if the source cannot be read or all of the rows are equal to the mean.
[[nodiscard]] std::vector<numerics::MeanAndError> measure(const OneBitCodec& codec,
                                                          const data::Source& source,
                                                          std::span<const int> layers,
                                                          std::uint64_t rows, ThreadPool& pool,
                                                          Observer& observer = no_observer());

/// How much the error of the linear decoder on other rows differs from the predicted one, because
/// their variances do: 0.1 for 10 % more. From at most 2048 rows, evenly spaced; on the used
/// coordinates, error i is (1 − a)² E z_i² + a² τ E ρ² times variance_i/energy_i, a = v_i/(v_i +
/// τ). Rows that differ by more than half of agreement_tolerance are of another kind than the
/// training rows, and say nothing about the prediction.
[[nodiscard]] double drift(const OneBitCodec& codec, const data::Source& source, ThreadPool& pool,
                           Observer& observer = no_observer());

/// A computation that ended because its observer asked for it; what it was writing is gone.
struct Stopped {
  StopRequest reason;
};

/// Relative difference of measured and predicted error that counts as agreement: 5 % with one
/// layer, 10 % with more, where finite dimension is felt.
[[nodiscard]] double agreement_tolerance(int layers) noexcept;

/// NotApplicable where there is an obstacle, else whether the values agree to the tolerance plus
/// three standard errors.
[[nodiscard]] Verdict judge(const OneBitPrediction& prediction, double predicted,
                            const numerics::MeanAndError& measured, int layers);

}  // namespace twofold::estimators
