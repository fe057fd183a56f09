#include <cmath>

#include "checks.hpp"
#include "code_gradient.hpp"
#include "recovery_checks.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {
namespace {

// One component at a time: on its samples only unit i is on, and x = a + η, so
// E[z x] = (λ + b) a + σ² w, E[z²] = (λ + b)² + σ² ‖w‖², and likewise for the encoder's term.
Matrix mixture_gradient(const data::DictionaryModel& model, const Matrix& W, double bias,
                        RecoveryGradient kind) {
  const double variance = model.noise * model.noise;
  Matrix G(W.rows(), W.cols());
  for (Index i = 0; i < W.rows(); ++i) {
    const auto w = W.row(i), a = model.atoms.row(i);
    const double lambda = w.dot(a), norm = w.squaredNorm(), z = lambda + bias;
    double of_atom = z, of_row = variance - z * z - variance * norm;
    if (kind == RecoveryGradient::Full) {
      of_atom += (1.0 - norm) * lambda - bias * norm;
      of_row += (1.0 - norm) * variance;
    }
    G.row(i) = -model.probability(i) * (of_atom * a + of_row * w);
  }
  return G;
}

}  // namespace

Matrix population_gradient(const data::DictionaryModel& model, const Matrix& W, double bias,
                           RecoveryGradient kind) {
  constexpr auto where = "theory::population_gradient";
  data::check_model(model, where);
  require_bias(model, bias, where);
  require(W.rows() == model.size() && W.cols() == model.dimension(), where,
          fmt::format("W must be {} x {}, got {} x {}", model.size(), model.dimension(), W.rows(),
                      W.cols()));
  return model.law == data::CodeLaw::Mixture ? mixture_gradient(model, W, bias, kind)
                                             : code_gradient(model, W, bias, kind);
}

}  // namespace twofold::theory
