// Step, gate and kind of codes of dictionary_descent as functions of the iteration: nothing to
// save.
#pragma once

#include <cstdint>

#include "twofold/train/dictionary_descent.hpp"

namespace twofold::train {

class DictionarySchedule {
 public:
  explicit DictionarySchedule(const DictionaryDescentOptions& options) : options_(options) {}

  /// Steps in all.
  [[nodiscard]] std::int64_t total() const noexcept {
    return options_.iterations + options_.polish;
  }
  /// Whether iteration t has least-squares codes.
  [[nodiscard]] bool polishing(std::int64_t t) const noexcept {
    return options_.polish > 0 && t >= options_.iterations;
  }
  /// τ_t; for t beyond the iterations that of the last one.
  [[nodiscard]] double step(std::int64_t t) const noexcept;
  /// Bias and threshold of iteration t.
  [[nodiscard]] ops::Gate gate(std::int64_t t) const;
  /// Whether iterations t and t + 1 give the same weights the same loss on the same batch.
  [[nodiscard]] bool same_loss_next(std::int64_t t) const;
  [[nodiscard]] ops::TiedGradient gradient(std::int64_t t) const noexcept {
    return polishing(t) ? ops::TiedGradient::DecoderOnly : options_.gradient;
  }
  /// Whether units are looked after before the step of iteration t.
  [[nodiscard]] bool reseeds(std::int64_t t) const noexcept;

 private:
  [[nodiscard]] double geometric(double first, double last, std::int64_t t) const noexcept;

  const DictionaryDescentOptions& options_;
};

/// Throws InvalidArgument("train::dictionary_descent", ...) unless options and the start fit
/// together and samples of dimension d.
template <std::floating_point Scalar>
void check_descent(const MatrixOf<Scalar>& start, Index d, const DictionaryDescentOptions& options);

}  // namespace twofold::train
