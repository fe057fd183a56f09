#include <algorithm>
#include <cmath>
#include <limits>

#include "recovery_checks.hpp"
#include "recovery_modes.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The factor of tan θ at θ = 0 is (1 − τc)/(1 − τc + τr), c = z², and reaches −1 at
// τ(2c − r) = 2. Here τ = ζ p and lengths are those of the mean, α.
double component_edge(double alpha, double bias, RecoveryGradient kind) {
  const double z = alpha + bias;
  const double restoring = kind == RecoveryGradient::Full ? alpha * alpha : alpha * z;
  const double excess = 2.0 * z * z - restoring;
  return excess > 0.0 ? 2.0 / excess : kInfinity;
}

}  // namespace

double pair_ratio(const data::DictionaryModel& model) {
  if (model.size() == 1) return 0.0;
  return static_cast<double>(model.sparsity - 1) / static_cast<double>(model.size() - 1);
}

double leading_stiffness(const data::DictionaryModel& model) {
  const double kappa1 = model.kappa1();
  return model.kappa2() + static_cast<double>(model.sparsity - 1) * kappa1 * kappa1;
}

double kurtosis(const data::DictionaryModel& model) {
  const double kappa2 = model.kappa2();
  return model.absolute_moment(4) / (kappa2 * kappa2);
}

Stiffness stiffness(const data::DictionaryModel& model, RecoveryGradient kind) {
  const double square = model.kappa1() * model.kappa1(), kappa2 = model.kappa2();
  const double q = pair_ratio(model), k = static_cast<double>(model.sparsity);
  const double third = model.size() > 2 ? (k - 2.0) / static_cast<double>(model.size() - 2) : 0.0;
  const double own = kappa2 - q * square;
  const double cross = q * (kappa2 - third * square);
  const double cross_uniform = q * (kappa2 + (k - 2.0) * square);
  const double uniform = leading_stiffness(model) - q * square;
  if (kind == RecoveryGradient::Full) {
    return {own + cross, 2.0 * cross, uniform + 3.0 * cross_uniform};
  }
  return {own, cross, uniform + cross_uniform};
}

double safe_step(const data::DictionaryModel& model, RecoveryGradient kind) {
  return std::min(1.0, 0.6 * step_edge(model, 0.0, kind));
}

double mean_square_coherence(const data::DictionaryModel& model) {
  const Index m = model.size();
  if (m == 1) return 0.0;
  Matrix gram(m, m);
  gemm(Trans::No, Trans::Yes, 1.0, unit_atoms(model), model.atoms, 0.0, gram);
  gram.diagonal().setZero();
  const double mean = gram.squaredNorm() / (static_cast<double>(m) * static_cast<double>(m - 1));
  return mean < kSquaredRounding ? 0.0 : mean;
}

double sample_spread(const data::DictionaryModel& model, double samples) {
  const double k = static_cast<double>(model.sparsity), m = static_cast<double>(model.size());
  return (kurtosis(model) + k - 1.0) * m / (k * samples);
}

Matrix unit_atoms(const data::DictionaryModel& model) {
  data::check_model(model, "theory::unit_atoms");
  require(model.atoms.rowwise().norm().minCoeff() > 0.0, "theory::unit_atoms",
          "a mean of the mixture is 0; subtract the mean of the data or leave it out");
  return model.atoms.rowwise().normalized();
}

double contraction(double tau, double lambda, double bias, RecoveryGradient kind) {
  constexpr auto where = "theory::contraction";
  require_positive(tau, "the step τ", where);
  require(lambda > 0.0 && lambda <= 1.0, where,
          fmt::format("the cosine must be in (0, 1], got {}", lambda));
  require(std::isfinite(bias) && bias <= 0.0, where,
          fmt::format("bias must be finite and <= 0, got {}", bias));
  const double z = lambda + bias, kept = 1.0 - tau * z * z;
  return kept / (kept + tau * (kind == RecoveryGradient::Full ? 1.0 : z / lambda));
}

double step_unit(const data::DictionaryModel& model) {
  data::check_model(model, "theory::step_unit");
  double stiffest = 0.0;
  if (model.law == data::CodeLaw::Mixture) {
    for (Index j = 0; j < model.size(); ++j) {
      stiffest = std::max(stiffest, model.weights[j] * model.atoms.row(j).squaredNorm());
    }
    require(stiffest > 0.0, "theory::step_unit", "all means of the mixture are 0");
  } else {
    stiffest = model.probability(0) * leading_stiffness(model);
  }
  return 1.0 / stiffest;
}

double step_edge(const data::DictionaryModel& model, double bias, RecoveryGradient kind) {
  require_bias(model, bias, "theory::step_edge");
  const double unit = step_unit(model);
  if (model.law != data::CodeLaw::Mixture) {
    const Stiffness rate = stiffness(model, kind);
    const double stiffest = std::max(rate.mean + std::abs(rate.split), rate.uniform);
    return 2.0 * leading_stiffness(model) / stiffest;
  }
  double edge = kInfinity;
  for (Index j = 0; j < model.size(); ++j) {
    const double alpha = model.atoms.row(j).norm();
    edge = std::min(edge, component_edge(alpha, bias, kind) / (model.weights[j] * unit));
  }
  return edge;
}

}  // namespace twofold::theory
