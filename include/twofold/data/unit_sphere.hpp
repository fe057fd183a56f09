// Samples uniform on the unit sphere.
#pragma once

#include <string_view>

#include "twofold/core/random.hpp"
#include "twofold/data/row_source.hpp"

namespace twofold::data {

/// x_i uniform on {x ∈ R^d : ‖x‖ = 1}, a function of (seed, split, i). Unlimited.
/// E x = 0, E x xᵀ = I/d.
class UnitSphere final : public RowSource<UnitSphere> {
 public:
  /// @throws InvalidArgument  if dimension < 1.
  UnitSphere(Index dimension, std::uint64_t seed, std::string_view split = "train");

  [[nodiscard]] Index dimension() const override { return dimension_; }
  [[nodiscard]] std::uint64_t size() const override { return kUnlimited; }
  [[nodiscard]] std::string description() const override;

  template <typename Scalar>
  void fill_row(std::uint64_t i, std::span<Scalar> out) const;

 private:
  Index dimension_;
  RandomStream stream_;
};

}  // namespace twofold::data
