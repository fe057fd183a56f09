#include "twofold/theory/mean_field_convention.hpp"

#include <cmath>

#include "checks.hpp"

namespace twofold::theory {
namespace {

/// Factors that turn a user's numbers into ours.
struct Factors {
  double penalty, step, init_scale;
};

Factors factors(Convention convention, const ConventionSizes& sizes) {
  const double kappa2 = sizes.kappa * sizes.kappa;
  const double d = static_cast<double>(sizes.dimension);
  const double root_n = std::sqrt(static_cast<double>(sizes.neurons));
  switch (convention) {
    case Convention::MeanField:
      return {1.0, 1.0, 1.0};
    case Convention::UnhalvedPenalty:
      return {2.0, 1.0, 1.0};
    case Convention::ThetaPenalty:
      return {2.0 / kappa2, kappa2, sizes.kappa};
    case Convention::UnhalvedLoss:
      return {0.5, 2.0, 1.0};
    case Convention::StandardSum:
      return {1.0, 1.0, root_n};
    case Convention::StandardMean:
      return {0.5 * d, 2.0 / d, root_n};
  }
  throw InvalidArgument("theory::convention", "unknown convention");
}

void check(const Hyperparameters& numbers, const ConventionSizes& sizes, std::string_view where) {
  require_non_negative(numbers.penalty, "penalty", where);
  require_positive(numbers.step, "step", where);
  require_positive(numbers.init_scale, "init_scale", where);
  require_positive(sizes.kappa, "kappa", where);
  require(sizes.dimension >= 1, where,
          fmt::format("dimension must be >= 1, got {}", sizes.dimension));
  require(sizes.neurons >= 1, where, fmt::format("neurons must be >= 1, got {}", sizes.neurons));
}

}  // namespace

Hyperparameters to_mean_field(Convention convention, const Hyperparameters& user,
                              const ConventionSizes& sizes) {
  check(user, sizes, "theory::to_mean_field");
  const Factors f = factors(convention, sizes);
  return {user.penalty * f.penalty, user.step * f.step, user.init_scale * f.init_scale};
}

Hyperparameters from_mean_field(Convention convention, const Hyperparameters& ours,
                                const ConventionSizes& sizes) {
  check(ours, sizes, "theory::from_mean_field");
  const Factors f = factors(convention, sizes);
  return {ours.penalty / f.penalty, ours.step / f.step, ours.init_scale / f.init_scale};
}

bool convention_applies(Convention convention, const model::Activation& activation) {
  if (convention != Convention::StandardSum && convention != Convention::StandardMean) return true;
  return std::holds_alternative<model::Identity>(activation) ||
         std::holds_alternative<model::Relu>(activation) ||
         std::holds_alternative<model::LeakyRelu>(activation);
}

}  // namespace twofold::theory
