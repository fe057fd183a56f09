// Whether the mean-field prediction applies to given data and settings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::theory {

/// One line of the trust report.
struct TrustEntry {
  std::string name;
  double value;
  double limit;         ///< up to this value the verdict is "trust"
  std::string verdict;  ///< trust | partly | no
  std::string text;     ///< what it means and what to do, one sentence
};

/// Options of `asymmetry`.
struct AsymmetryOptions {
  Index directions = 64;
  std::uint64_t max_samples = 65536;  ///< the first rows; also bounds an unlimited source
  std::uint64_t seed = 1;
};

/// ρ = rms_w ‖E[x |<w,x>|]‖ / rms_w ‖E[x <w,x>]‖ over random directions w ~ N(0, I).
///
/// 0 for data with the law of x and −x equal; sampling leaves a floor of about √(d_eff/n).
/// @throws InvalidArgument  if directions < 1 or the source has fewer than 2 rows;
///         DataError from the source. Streams the data in blocks; bitwise the same for any pool.
/// Source  docs/theory/mean_field.md#data.
[[nodiscard]] double asymmetry(const data::Source& source, const AsymmetryOptions& options,
                               ThreadPool& pool);

/// ρ < 0.1 trust; to 0.5 phases and slopes hold, loss is an upper estimate; above: centre or
/// use random signs. With signs the law is symmetric and ρ is reported as 0.
[[nodiscard]] TrustEntry asymmetry_entry(double rho, bool random_signs);

/// Settings that the other entries judge.
struct TrustSetting {
  Vector spectrum;
  Vector gains;  ///< limit gains
  model::Activation activation;
  double step = 0.1;
  Index independent_samples = 0;  ///< per batch; 0 = full batch
  Index neurons = 0;              ///< 0 = N = ∞
  Index learned = 0;              ///< K_λ
};

/// Entries effective_dimension (bounded activations), noise_level, even_mode_step and
/// neurons_per_structural_minimum; those that do not apply are left out.
[[nodiscard]] std::vector<TrustEntry> trust_report(const TrustSetting& setting);

}  // namespace twofold::theory
