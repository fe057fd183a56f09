#include "twofold/model/rectangular_cumulants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::model {
namespace {

// Power series truncated at the length of `a`.
Vector product(const Vector& a, const Vector& b) {
  Vector c = Vector::Zero(a.size());
  for (Index i = 0; i < a.size(); ++i) {
    for (Index j = 0; i + j < a.size(); ++j) c[i + j] += a[i] * b[j];
  }
  return c;
}

void require_rate(double rate, std::string_view where) {
  if (!(rate > 0.0 && std::isfinite(rate))) {
    throw InvalidArgument(where, fmt::format("rate must be finite and > 0, got {}", rate));
  }
}

void require_count(int count, std::string_view where) {
  if (count < 1) throw InvalidArgument(where, fmt::format("count must be >= 1, got {}", count));
}

// Σ_j κ_{2(j+1)} first · step^j. The strictly lower step makes the sum end by itself.
Matrix memory(std::span<const double> cumulants, const Matrix& first, const Matrix& step) {
  Matrix sum = Matrix::Zero(first.rows(), first.cols()), term = first;
  for (const double cumulant : cumulants) {
    sum += cumulant * term;
    term = (term * step).eval();
  }
  return sum;
}

// Σ_j κ_{2(j+1)} [Σ_{i<=j} P^i outer P'^{j-i} + Σ_{i<j} P^i inner P'^{j-1-i}]. With
// T_j = Σ_{i<=j} P^i X P'^{j-i}: T_{j+1} = P T_j + X P'^{j+1}.
Matrix covariance(std::span<const double> cumulants, const Matrix& outer, const Matrix& inner,
                  const Matrix& P) {
  Matrix sum = Matrix::Zero(P.rows(), P.cols());
  Matrix outer_terms = outer, inner_terms = Matrix::Zero(P.rows(), P.cols());
  Matrix outer_last = outer, inner_last = inner;  // X P'^j
  for (const double cumulant : cumulants) {
    sum += cumulant * (outer_terms + inner_terms);
    inner_terms = (P * inner_terms + inner_last).eval();
    inner_last = (inner_last * P.transpose()).eval();
    outer_last = (outer_last * P.transpose()).eval();
    outer_terms = (P * outer_terms + outer_last).eval();
  }
  return sum;
}

// The sums end at the given power; longer ones only add zeros and rounding.
std::span<const double> first(std::span<const double> cumulants, Index count) {
  return cumulants.first(std::min(cumulants.size(), static_cast<std::size_t>(count)));
}

}  // namespace

std::vector<double> rectangular_cumulants(std::span<const double> moments, double rate) {
  constexpr auto where = "model::rectangular_cumulants";
  require_rate(rate, where);
  require(!moments.empty(), where, "needs at least one moment, got none");
  const auto order = static_cast<Index>(moments.size());
  Vector m = Vector::Zero(order + 1);
  for (Index k = 1; k <= order; ++k) {
    m[k] = moments[static_cast<std::size_t>(k - 1)];
    if (!std::isfinite(m[k])) {
      throw InvalidArgument(where, fmt::format("moment {} is not finite: {}", k, m[k]));
    }
  }
  Vector left = rate * m, right = m, shift = Vector::Zero(order + 1);
  left[0] = right[0] = 1.0;
  shift[1] = 1.0;
  const Vector argument = product(shift, product(left, right));
  std::vector<double> cumulants;
  Vector rest = m, power = argument;  // rest: M minus the terms of C found so far
  for (Index i = 1; i <= order; ++i) {
    cumulants.push_back(rest[i]);
    rest -= cumulants.back() * power;
    power = product(power, argument);
  }
  return cumulants;
}

std::vector<double> orthogonal_cumulants(double rate, int count) {
  require_rate(rate, "model::orthogonal_cumulants");
  require_count(count, "model::orthogonal_cumulants");
  const double s = std::min(rate, 1.0);
  std::vector<double> cumulants{1.0};
  for (int k = 1; k < count; ++k) {  // Catalan(k) = Catalan(k-1) (4k - 2)/(k + 1)
    cumulants.push_back(-s * cumulants.back() * (4.0 * k - 2.0) / (k + 1.0));
  }
  return cumulants;
}

std::vector<double> gaussian_cumulants(int count) {
  require_count(count, "model::gaussian_cumulants");
  std::vector<double> cumulants(static_cast<std::size_t>(count), 0.0);
  cumulants[0] = 1.0;
  return cumulants;
}

Matrix backward_memory(std::span<const double> cumulants, double rate, const RiGampState& state) {
  const Index size = state.phi.rows();
  return rate * memory(first(cumulants, size), state.phi, state.psi * state.phi);
}

Matrix forward_memory(std::span<const double> cumulants, const RiGampState& state) {
  const Index size = state.psi.rows();
  return memory(first(cumulants, size + 1), state.psi, state.phi * state.psi);
}

Matrix backward_covariance(std::span<const double> cumulants, double rate,
                           const RiGampState& state) {
  const Matrix inner = state.phi * state.gamma * state.phi.transpose();
  const Index size = state.phi.rows();
  return rate *
         covariance(first(cumulants, 2 * size - 2), state.delta, inner, state.phi * state.psi);
}

Matrix forward_covariance(std::span<const double> cumulants, const RiGampState& state) {
  const Matrix inner = state.psi * state.delta * state.psi.transpose();
  const Index size = state.psi.rows();
  return covariance(first(cumulants, 2 * size), state.gamma, inner, state.psi * state.phi);
}

}  // namespace twofold::model
