// An encoder judged by the best linear decoder, fitted on some vectors and measured on others.
#pragma once

#include "experiment/one_bit_case.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::experiment {

/// Vectors to fit on and to measure on, read once.
struct FitRows {
  MatrixF fit, test;
};

/// Generative sources: independent vectors; files: training rows and test rows.
/// @throws InvalidArgument  if there are no test rows.
[[nodiscard]] FitRows read_fit_rows(const OneBitSetting& setting, const data::Dataset& dataset);

/// Loss of `encoder` with the least-squares decoder of `rows.fit` on `rows.test`. An element that
/// is exactly 0 gets its bit from a fair coin of `seed`, as the theory of B = I assumes, if
/// `fair_ties`.
[[nodiscard]] numerics::MeanAndError fitted_loss(const FitRows& rows, const model::Encoder& encoder,
                                                 bool fair_ties, std::uint64_t seed,
                                                 ThreadPool& pool);

}  // namespace twofold::experiment
