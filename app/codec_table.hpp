// What `twofold codec` prints: tables for people, documents for programs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "twofold/estimators/one_bit_codec.hpp"
#include "twofold/estimators/one_bit_file.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::app {

/// The fitted decoder with this many layers on held-out vectors.
struct MeasuredLayer {
  int layers = 1;
  double predicted = 1.0;
  numerics::MeanAndError measured;
};

/// Everything that `codec fit` found out.
struct FitReport {
  std::string data;
  std::string codec;  ///< file
  estimators::OneBitPrediction prediction;
  std::vector<MeasuredLayer> held_out;  ///< empty without held-out vectors
  std::uint64_t held_out_rows = 0;
  std::string verdict, reason;  ///< reason: empty if it holds
  double fit_s = 0.0, measure_s = 0.0;
};

void print_prediction(const estimators::OneBitCodec& codec, const FitReport& report);
void print_measurement(const estimators::OneBitCodec& codec, const FitReport& report);
[[nodiscard]] experiment::Json fit_document(const estimators::OneBitCodec& codec,
                                            const FitReport& report);

/// Of a codec or of a file of codes, for `codec info`.
[[nodiscard]] experiment::Json codec_document(const estimators::OneBitCodec& codec);
[[nodiscard]] experiment::Json codes_document(const estimators::CodesHeader& header);
/// Key and value, one pair a line.
void print_document(const experiment::Json& document);

}  // namespace twofold::app
