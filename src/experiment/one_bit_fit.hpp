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

/// Elements that are exactly 0 get their bits from fair coins, as the theory of B = I assumes: they
/// become ± the least normal number.
void break_ties(FitRows& rows, std::uint64_t seed);

/// Loss of `encoder` with the least-squares decoder of `rows.fit` on `rows.test`.
[[nodiscard]] numerics::MeanAndError fitted_loss(const FitRows& rows, const model::Encoder& encoder,
                                                 ThreadPool& pool);

}  // namespace twofold::experiment
