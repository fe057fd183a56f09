// Batches for stochastic gradient descent.
#pragma once

#include <string>

#include "twofold/core/random.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// How a batch is drawn.
struct BatchOptions {
  Index batch = 1;            ///< B >= 1 rows
  bool mirrored = false;      ///< rows b and b + B/2 are x and −x; B even, B/2 draws
  bool random_signs = false;  ///< each drawn row is multiplied by an independent ±1
  std::string order = "iid";  ///< finite sources: iid (with replacement) | shuffle (epochs)
};

/// Batch number `step` of a source, a function of (seed, step) only: nothing to save or to
/// advance, and a resumed run draws what the uninterrupted one would have drawn.
///
/// With m draws per batch (B, or B/2 if mirrored), draw number t = step·m + b is
///   unlimited source  sample t (always fresh);
///   iid               a uniform sample, with replacement;
///   shuffle           sample π_e(t mod n), e = ⌊t/n⌋, π_e a pseudo-random permutation of
///                     the n samples: each epoch visits each sample once.
class BatchSampler {
 public:
  /// @param source  must outlive the sampler.
  /// @throws InvalidArgument  if batch < 1, or odd and mirrored, or the order is unknown.
  BatchSampler(const Source& source, BatchOptions options, std::uint64_t seed);

  [[nodiscard]] const Source& source() const noexcept { return *source_; }
  [[nodiscard]] const BatchOptions& options() const noexcept { return options_; }
  /// Independent draws per batch: B, or B/2 if mirrored.
  [[nodiscard]] Index draws() const noexcept { return draws_; }

  /// Writes the batch into `rows` (B×d). Bitwise the same for any pool size.
  /// @throws InvalidArgument  if `rows` has another shape; DataError as Source::gather.
  template <typename Scalar>
  void fill(std::uint64_t step, View<Scalar> rows, ThreadPool& pool) const;

 private:
  [[nodiscard]] std::uint64_t sample_of(std::uint64_t draw) const;

  const Source* source_;
  BatchOptions options_;
  Index draws_;
  bool shuffle_;
  RandomStream order_;
  RandomStream signs_;
};

}  // namespace twofold::data
