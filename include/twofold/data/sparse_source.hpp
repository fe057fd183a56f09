// Samples with independent coordinates of one scalar law.
#pragma once

#include <string_view>

#include "twofold/core/random.hpp"
#include "twofold/data/row_source.hpp"
#include "twofold/data/scalar_prior.hpp"

namespace twofold::data {

/// x_i in R^d, coordinates iid of `prior`; x_ij is a function of (seed, split, i, j). Unlimited.
/// E x xᵀ = I for the centred priors (all but empirical).
class SparseSource final : public RowSource<SparseSource> {
 public:
  /// @throws InvalidArgument  if dimension < 1.
  SparseSource(ScalarPrior prior, Index dimension, std::uint64_t seed,
               std::string_view split = "train");

  [[nodiscard]] Index dimension() const override { return dimension_; }
  [[nodiscard]] std::uint64_t size() const override { return kUnlimited; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] const ScalarPrior& prior() const noexcept { return prior_; }

  template <typename Scalar>
  void fill_row(std::uint64_t i, std::span<Scalar> out) const;

 private:
  ScalarPrior prior_;
  Index dimension_;
  RandomStream stream_;
};

}  // namespace twofold::data
