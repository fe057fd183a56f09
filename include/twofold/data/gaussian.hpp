// Gaussian samples x ~ N(0, Σ).
#pragma once

#include <string_view>

#include "twofold/core/random.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// x_i = Σ^{1/2} z_i with z_i ~ N(0, I_d) a function of (seed, split, i). Unlimited.
///
/// Single precision agrees with double up to rounding. Sources with different `split`
/// (train, test) are independent.
class Gaussian final : public Source {
 public:
  /// Independent coordinates with variances `spectrum`, in the order given (d its length).
  /// Cost per sample: d normal numbers.
  /// @throws InvalidArgument  if it is empty, all zero, or an entry is negative or not finite.
  static Gaussian with_spectrum(Vector spectrum, std::uint64_t seed,
                                std::string_view split = "train");

  /// Any covariance; the root is the symmetric one. Cost per sample: 2 d² flops besides.
  /// @throws InvalidArgument  unless it is square, finite, symmetric to 1e-10 of its largest
  ///         entry, not zero, and its least eigenvalue is at least -1e-10 times the largest.
  static Gaussian with_covariance(const Matrix& covariance, std::uint64_t seed,
                                  std::string_view split = "train");

  /// The same distribution, independent samples.
  [[nodiscard]] Gaussian independent(std::string_view split) const;

  [[nodiscard]] Index dimension() const override { return spectrum_.size(); }
  [[nodiscard]] std::uint64_t size() const override { return kUnlimited; }
  [[nodiscard]] std::string description() const override;
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override;
  void gather(std::span<const std::uint64_t> index, View<float> rows) const override;

  /// Eigenvalues of Σ: as given to with_spectrum, else in descending order.
  [[nodiscard]] const Vector& spectrum() const noexcept { return spectrum_; }

 private:
  Gaussian(Vector spectrum, Matrix root, std::uint64_t seed, std::string_view split);

  Vector spectrum_;
  Vector deviation_;  ///< square roots of the spectrum
  Matrix root_;       ///< Σ^{1/2}; empty if Σ is diagonal
  std::uint64_t seed_;
  RandomStream stream_;
};

}  // namespace twofold::data
