// One one_bit case: what is encoded, and what came out of theory and simulation.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/experiment/one_bit_spec.hpp"
#include "twofold/experiment/record.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::experiment {

/// A spec with its data opened.
struct OneBitSetting {
  OneBitSpec spec;
  std::int64_t seed = 1;
  data::Dataset dataset;
  Index d = 0, n = 0;
  /// Law of a coordinate in units of its standard deviation: of the source, or of the training
  /// rows as they are encoded.
  std::optional<data::ScalarPrior> prior;
  bool fitted_prior = false;  ///< the prior comes from rows: coordinates need not be independent
  Vector variances;           ///< of the coordinates, mean 1, where they differ; else empty
  double energy = 1.0;        ///< E‖x‖²/d of the rows as the source gives them
  double energy_spread = 0.0;  ///< relative standard deviation of ‖x‖² over rows, before scaling
  double effective_share = 1.0;  ///< (tr S)²/(d tr S²) of the rows' second moment; 1: whitened

  [[nodiscard]] double rate() const { return static_cast<double>(n) / static_cast<double>(d); }
  [[nodiscard]] bool learned() const { return spec.model.encoder == "learned"; }
  /// Training vectors behind the least-squares decoder, no more than there are; 0: none is fitted.
  [[nodiscard]] Index fit_samples() const;
  /// As in a record.
  [[nodiscard]] std::string arithmetic() const {
    return learned() ? "double (encoder)" : "float (codes and decoders)";
  }
  /// Whether the multi-layer decoder applies: B is rotation-like.
  [[nodiscard]] bool layered() const { return !learned() && spec.model.encoder != "identity"; }
};

/// Opens the data and finds the law of a coordinate.
/// @param previous  a setting whose data are taken over if they are the same; may be null.
/// @throws InvalidArgument, DataError with what to change.
[[nodiscard]] OneBitSetting make_setting(OneBitSpec spec, std::int64_t seed, ThreadPool& pool,
                                         const OneBitSetting* previous = nullptr);

/// Rows [first, first + count) of a source as they are encoded, fewer where it ends: scaled to norm
/// √d if the norm is stored (rows that are 0 are left out then), else all by the same factor to
/// variance 1.
[[nodiscard]] MatrixF encoded_rows(const OneBitSetting& setting, const data::Source& source,
                                   std::uint64_t first, Index count);

/// What theory says; NaN where it says nothing.
struct OneBitPrediction {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double gaussian_limit = kNone;      ///< R_Gauss(r)
  double linear = kNone;              ///< this encoder with the best (gaussian: matched) decoder
  std::vector<double> layers;         ///< one for each entry of decode.layers
  double fixed_point = kNone;         ///< of the multi-layer decoder
  double bayes = kNone;               ///< least error of any decoder behind a rotation
  double identity = kNone;            ///< R_Id
  double critical_sparsity = kNone;   ///< p_c
  double stability_sparsity = kNone;  ///< p_s
  double tilted = kNone;   ///< least R(θ) of the family between axes and rotation, r = 1
  double trained = kNone;  ///< a learned encoder with a linear decoder
  std::string trained_by;  ///< which formula `trained` is
};

/// What one repeat measured: mean over vectors of the squared error per coordinate.
struct OneBitMeasured {
  /// "linear", "fitted", "layer 3", "ri_gamp", "axis_rows", ...
  std::map<std::string, numerics::MeanAndError> values;
  std::vector<double> step, loss;  ///< of the encoder on its way, with a refitted decoder
  Matrix encoder;                  ///< learned: n×d, at the end
};

/// Theory and simulation of one case.
struct OneBitResult {
  std::string label;
  double value = 0.0;
  OneBitSetting setting;
  OneBitPrediction predicted;
  std::vector<OneBitMeasured> measured;  ///< one per repeat
  std::vector<TrustEntry> trust;
  std::vector<std::string> arithmetic;  ///< of the repeats, each kind once
  std::int64_t diverged_at = -1;
  double simulate_s = 0.0, predict_s = 0.0;
};

/// Mean over the repeats of a measured value; empty if no repeat has it.
[[nodiscard]] std::optional<numerics::MeanAndError> measured_value(const OneBitResult& result,
                                                                   const std::string& name);

}  // namespace twofold::experiment
