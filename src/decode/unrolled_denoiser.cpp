#include "twofold/decode/unrolled_denoiser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "unrolled_table.hpp"

namespace twofold::decode {
namespace {

// σ(40) = 1 to the last digit.
constexpr double kOpen = -40.0;

double logistic(double z) {
  return 1.0 / (1.0 + std::exp(-z));
}

/// |u| as a piece of the table and the place in it; the last piece has no end.
struct Place {
  std::size_t piece;
  double fraction;
};

Place place_of(double u, double spacing, std::size_t pieces) {
  const double a = std::abs(u) / spacing;
  const double last = static_cast<double>(pieces - 1);
  const double piece = a < last ? std::floor(a) : last;  // NaN ends in the last piece
  return {static_cast<std::size_t>(piece), a - piece};
}

DenoiserValue table_at(const std::vector<double>& knots, double spacing, double u) {
  const auto [piece, fraction] = place_of(u, spacing, knots.size());
  const double left = piece == 0 ? 0.0 : knots[piece - 1];
  const double rise = knots[piece] - left;
  return {std::copysign(1.0, u) * (left + fraction * rise), rise / spacing};
}

}  // namespace

void require_table(const TableShape& table, std::string_view where) {
  if (table.knots < 1) {
    throw InvalidArgument(where, fmt::format("table knots must be >= 1, got {}", table.knots));
  }
  if (!(table.range > 0.0 && std::isfinite(table.range))) {
    throw InvalidArgument(where,
                          fmt::format("table range must be finite and > 0, got {}", table.range));
  }
}

UnrolledDenoiser make_table(const TableShape& table, const std::function<double(double)>& f) {
  UnrolledDenoiser denoiser{DenoiserFamily::Table, {}, table.range / table.knots};
  for (int j = 1; j <= table.knots; ++j) denoiser.parameters.push_back(f(j * denoiser.spacing));
  return denoiser;
}

DenoiserValue UnrolledDenoiser::at(double u) const noexcept {
  const auto& p = parameters;
  switch (family) {
    case DenoiserFamily::Gate: {
      const double gate = logistic(p[2] * u * u - p[1]);
      const double open = p[0] * gate;
      return {open * u, open * (1.0 + 2.0 * p[2] * u * u * (1.0 - gate))};
    }
    case DenoiserFamily::Tanh: {
      const double t = std::tanh(p[2] * u);
      return {p[0] * u + p[1] * t, p[0] + p[1] * p[2] * (1.0 - t * t)};
    }
    case DenoiserFamily::Table:
      return table_at(p, spacing, u);
  }
  return {};
}

void UnrolledDenoiser::add_gradient(double u, double weight, double* gradient) const noexcept {
  const auto& p = parameters;
  switch (family) {
    case DenoiserFamily::Gate: {
      const double gate = logistic(p[2] * u * u - p[1]);
      const double edge = weight * p[0] * u * gate * (1.0 - gate);
      gradient[0] += weight * u * gate;
      gradient[1] -= edge;
      gradient[2] += edge * u * u;
      return;
    }
    case DenoiserFamily::Tanh: {
      const double t = std::tanh(p[2] * u);
      gradient[0] += weight * u;
      gradient[1] += weight * t;
      gradient[2] += weight * p[1] * (1.0 - t * t) * u;
      return;
    }
    case DenoiserFamily::Table: {
      const auto [piece, fraction] = place_of(u, spacing, p.size());
      const double signed_weight = std::copysign(1.0, u) * weight;
      if (piece > 0) gradient[piece - 1] += signed_weight * (1.0 - fraction);
      gradient[piece] += signed_weight * fraction;
      return;
    }
  }
}

UnrolledDenoiser sparse_gaussian_gate(double p, double tau) {
  constexpr auto where = "decode::sparse_gaussian_gate";
  if (!(p > 0.0 && p <= 1.0)) {
    throw InvalidArgument(where, fmt::format("p must be in (0, 1], got {}", p));
  }
  if (!(tau > 0.0 && std::isfinite(tau))) {
    throw InvalidArgument(where, fmt::format("tau must be finite and > 0, got {}", tau));
  }
  const double v = 1.0 / p;
  const double beta = std::log((1.0 - p) / p) + 0.5 * std::log((v + tau) / tau);
  return {DenoiserFamily::Gate,
          {v / (v + tau), std::max(beta, kOpen), v / (2.0 * tau * (v + tau))},
          0.0};
}

UnrolledDenoiser naive_denoiser(DenoiserFamily family, const TableShape& table) {
  require_table(table, "decode::naive_denoiser");
  switch (family) {
    case DenoiserFamily::Gate:
      return {family, {0.7, 0.0, 0.1}, 0.0};
    case DenoiserFamily::Tanh:
      return {family, {0.7, -0.1, 1.0}, 0.0};
    case DenoiserFamily::Table:
      break;
  }
  return make_table(table, [](double u) { return 0.6 * u; });
}

}  // namespace twofold::decode
