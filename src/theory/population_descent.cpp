#include <cmath>
#include <utility>

#include "recovery_checks.hpp"
#include "recovery_modes.hpp"
#include "twofold/core/random.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

Matrix displaced_atoms(const data::DictionaryModel& model, double distance, std::uint64_t seed) {
  constexpr auto where = "theory::displaced_atoms";
  Matrix W = unit_atoms(model);
  require_distance(distance, where);
  if (distance == 0.0) return W;
  require(model.dimension() >= 2, where, "rows in one dimension cannot be displaced");
  const RandomStream stream(seed, "displaced atoms");
  const double cosine = 1.0 - 0.5 * distance * distance;
  const double sine = distance * std::sqrt(std::max(0.0, 1.0 - 0.25 * distance * distance));
  Vector u(model.dimension());
  for (Index i = 0; i < W.rows(); ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       {u.data(), static_cast<std::size_t>(u.size())});
    u -= u.dot(W.row(i)) * W.row(i).transpose();
    W.row(i) = cosine * W.row(i) + sine / u.norm() * u.transpose();
  }
  return W;
}

PopulationDescent::PopulationDescent(data::DictionaryModel model, RecoveryGradient kind,
                                     Matrix start)
    : model_(std::move(model)),
      kind_(kind),
      unit_(step_unit(model_)),
      W_(std::move(start)),
      target_(unit_atoms(model_)) {
  constexpr auto where = "theory::PopulationDescent";
  require(W_.rows() == target_.rows() && W_.cols() == target_.cols(), where,
          fmt::format("the start must be {} x {}, got {} x {}", target_.rows(), target_.cols(),
                      W_.rows(), W_.cols()));
  require(W_.allFinite() && W_.rowwise().norm().minCoeff() > 0.0, where,
          "rows of the start must be finite and not 0");
  W_.rowwise().normalize();
}

void PopulationDescent::advance(double tau, double bias) {
  require_positive(tau, "the step τ", "theory::PopulationDescent");
  W_ -= tau * unit_ * population_gradient(model_, W_, bias, kind_);
  // Not rowwise().normalize(), which leaves a row of zeros as it is.
  const Vector norms = W_.rowwise().norm();
  W_.array().colwise() /= norms.array();
}

double population_floor(const data::DictionaryModel& model, RecoveryGradient kind, double tau,
                        int iterations, double bias) {
  require(iterations >= 0, "theory::population_floor",
          fmt::format("iterations must be >= 0, got {}", iterations));
  constexpr double kAtRest = 1e-12;  // rounding of a step is 1e-15 or so
  PopulationDescent descent(model, kind, unit_atoms(model));
  for (int t = 0; t < iterations; ++t) {
    const Matrix before = descent.rows();
    descent.advance(tau, bias);
    if ((descent.rows() - before).norm() <= kAtRest * before.norm()) break;
  }
  const double error = descent.error();
  return error < kSquaredRounding * static_cast<double>(model.size()) ? 0.0 : error;
}

}  // namespace twofold::theory
