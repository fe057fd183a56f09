// What a way to denoise must deliver; docstrings as in Denoiser.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "cubic_table.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::decode {

/// From |ν| = 1/64 up to 64 standard deviations of an observation in twelve octaves.
constexpr PieceGrid kPosteriorGrid{-6, 12};

/// What a denoiser keeps between vectors of the same noise: one user, one thread.
struct DenoiserScratch {
  double tau = 0.0;  // 0: empty
  std::array<Piece, static_cast<std::size_t>(kPosteriorGrid.size())> pieces;
};

class DenoiserMethod {
 public:
  explicit DenoiserMethod(Vector deviations) : deviations_(std::move(deviations)) {}
  virtual ~DenoiserMethod() = default;
  DenoiserMethod(const DenoiserMethod&) = delete;
  DenoiserMethod& operator=(const DenoiserMethod&) = delete;

  [[nodiscard]] const Vector& deviations() const noexcept { return deviations_; }

  /// Denoiser::apply to gain r.  @param scratch  of this method only.
  virtual double apply(std::span<const float> r, double gain, double tau, std::span<float> x,
                       DenoiserScratch& scratch) const = 0;
  virtual double apply(std::span<const double> r, double gain, double tau, std::span<double> x,
                       DenoiserScratch& scratch) const = 0;

 private:
  Vector deviations_;  // empty: all 1
};

std::shared_ptr<const DenoiserMethod> exact_method(data::ScalarPrior prior, Vector deviations);
std::shared_ptr<const DenoiserMethod> tabulated_method(data::ScalarPrior prior, Vector deviations);

}  // namespace twofold::decode
