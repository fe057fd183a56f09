// What a way to denoise must deliver; docstrings as in Denoiser.
#pragma once

#include <memory>
#include <span>

#include "twofold/data/scalar_prior.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::decode {

/// The range of the noise variance t = τ/s² that is looked up; nearer ends beyond.
constexpr double kLeastNoise = 1e-12, kMostNoise = 1e12;

class DenoiserMethod {
 public:
  explicit DenoiserMethod(Vector deviations) : deviations_(std::move(deviations)) {}
  virtual ~DenoiserMethod() = default;
  DenoiserMethod(const DenoiserMethod&) = delete;
  DenoiserMethod& operator=(const DenoiserMethod&) = delete;

  [[nodiscard]] const Vector& deviations() const noexcept { return deviations_; }
  virtual double apply(std::span<const float> r, double tau, std::span<float> x) const = 0;
  virtual double apply(std::span<const double> r, double tau, std::span<double> x) const = 0;

 private:
  Vector deviations_;  // empty: all 1
};

std::shared_ptr<const DenoiserMethod> exact_method(data::ScalarPrior prior, Vector deviations);

}  // namespace twofold::decode
