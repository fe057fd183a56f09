#include "twofold/decode/denoiser.hpp"

#include <fmt/format.h>

#include <cmath>

#include "denoiser_method.hpp"
#include "twofold/core/error.hpp"

namespace twofold::decode {
namespace {

// Deviations may have been stored in single precision.
constexpr double kUnitTolerance = 1e-6;

Vector checked(Vector deviations) {
  constexpr auto where = "decode::Denoiser";
  if (deviations.size() == 0) return deviations;
  for (Index j = 0; j < deviations.size(); ++j) {
    require(deviations[j] >= 0.0 && std::isfinite(deviations[j]), where,
            fmt::format("deviation {} must be finite and >= 0, got {}", j, deviations[j]));
  }
  const double square = deviations.squaredNorm() / static_cast<double>(deviations.size());
  require(std::abs(square - 1.0) <= kUnitTolerance, where,
          fmt::format("the mean of the squared deviations must be 1, got {}", square));
  return deviations;
}

}  // namespace

Denoiser::Denoiser(std::shared_ptr<const DenoiserMethod> method) noexcept
    : method_(std::move(method)) {}

Denoiser Denoiser::exact(data::ScalarPrior prior, Vector deviations) {
  return Denoiser(exact_method(std::move(prior), checked(std::move(deviations))));
}

Denoiser Denoiser::tabulated(data::ScalarPrior prior, Vector deviations) {
  return Denoiser(tabulated_method(std::move(prior), checked(std::move(deviations))));
}

Index Denoiser::dimension() const noexcept {
  return method_->deviations().size();
}

template <std::floating_point Scalar>
double Denoiser::apply(std::span<const Scalar> r, double tau, std::span<Scalar> x) const {
  constexpr auto where = "decode::Denoiser::apply";
  require(!r.empty() && r.size() == x.size(), where,
          fmt::format("needs as many numbers out as in, at least one: got {} and {}", x.size(),
                      r.size()));
  if (dimension() != 0 && static_cast<Index>(r.size()) != dimension()) {
    throw InvalidArgument(where,
                          fmt::format("{} deviations for {} coordinates", dimension(), r.size()));
  }
  if (!(tau > 0.0 && std::isfinite(tau))) {
    throw InvalidArgument(where, fmt::format("tau must be finite and > 0, got {}", tau));
  }
  for (std::size_t j = 0; j < r.size(); ++j) {
    if (std::isfinite(r[j])) continue;
    throw InvalidArgument(where, fmt::format("entry {} of r is {}; it must be finite", j, r[j]));
  }
  DenoiserScratch scratch;
  return method_->apply(r, 1.0, tau, x, scratch);
}

template double Denoiser::apply(std::span<const float>, double, std::span<float>) const;
template double Denoiser::apply(std::span<const double>, double, std::span<double>) const;

}  // namespace twofold::decode
