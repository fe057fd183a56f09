#include "twofold/theory/recovery_floor.hpp"

#include "recovery_checks.hpp"
#include "recovery_modes.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

using data::CodeLaw;

constexpr auto kWhere = "theory::recovery_floor";

// Σ_i ‖P_i (AᵀA) a_i‖², P_i orthogonal to a_i.
double tangent_interference(const Matrix& A) {
  Matrix gram(A.rows(), A.rows()), image(A.rows(), A.cols());
  gemm(Trans::No, Trans::Yes, 1.0, A, A, 0.0, gram);
  gemm(Trans::No, Trans::No, 1.0, gram, A, 0.0, image);
  double sum = 0.0;
  for (Index i = 0; i < A.rows(); ++i) {
    sum += (image.row(i) - image.row(i).dot(A.row(i)) * A.row(i)).squaredNorm();
  }
  return sum;
}

double population_term(const data::DictionaryModel& model, RecoveryGradient kind) {
  if (model.law == CodeLaw::Mixture || model.sparsity == 1) return 0.0;
  if (model.law == CodeLaw::Nonnegative)
    return population_floor(model, kind, safe_step(model, kind));
  const double q = pair_ratio(model) * (kind == RecoveryGradient::Full ? 2.0 : 1.0);
  return q * q * tangent_interference(model.atoms);
}

// N times the sampling term without noise.
double sampling_term(const data::DictionaryModel& model, RecoveryGradient kind) {
  if (model.law == CodeLaw::Mixture) return 0.0;
  const double k = static_cast<double>(model.sparsity), m = static_cast<double>(model.size());
  const double r = kurtosis(model), q = pair_ratio(model);
  double factor = (k - 1.0) * (r + k - 2.0) / k;
  if (kind == RecoveryGradient::Full) {
    // The drive is symmetric in a pair of atoms, so it meets the stiffness 1 + 3q, and at the
    // displaced atoms coherences are smaller by 1 − 2q.
    const double damping = (1.0 - 2.0 * q) / (1.0 + 3.0 * q);
    factor = 2.0 * (k - 1.0) * (r + k - 1.0) / k * damping * damping;
  }
  return factor * m * m * mean_square_coherence(model);
}

// What multiplies (d−1) σ²/(N p): variance of z η over the square of the restoring force. The
// encoder's term makes the bias cancel.
double noise_gain(double kappa1, double kappa2, double variance, double bias,
                  RecoveryGradient kind) {
  const double b = kind == RecoveryGradient::Full ? 0.0 : bias;
  const double restoring = kappa2 + b * kappa1;
  return (restoring + b * (kappa1 + b) + variance) / (restoring * restoring);
}

// N times the noise term.
double noise_term(const data::DictionaryModel& model, RecoveryGradient kind, double bias) {
  if (model.law == CodeLaw::Mixture) return mixture_floors(model, 1, kind, bias).sum();
  const double variance = model.noise * model.noise;
  const double d = static_cast<double>(model.dimension()), m = static_cast<double>(model.size());
  return m * (d - 1.0) * variance / model.probability(0) *
         noise_gain(model.kappa1(), model.kappa2(), variance, bias, kind);
}

// N times what the bias adds to the sampling term.
double bias_sampling(const data::DictionaryModel& model, RecoveryGradient kind, double bias) {
  const double beta = -bias, k = static_cast<double>(model.sparsity);
  const double kappa1 = model.kappa1(), kappa2 = model.kappa2();
  const Stiffness rate = stiffness(model, kind);
  const bool full = kind == RecoveryGradient::Full;
  // The drive β(c_i + c_q − β) of Full is symmetric in i and q, β(c_i − β) of DecoderOnly is not.
  const double drive =
      full ? 2.0 * kappa2 + 2.0 * kappa1 * kappa1 - 4.0 * beta * kappa1 + beta * beta
           : kappa2 - 2.0 * beta * kappa1 + beta * beta;
  const double stiff = full ? rate.mean + rate.split : rate.mean;
  return static_cast<double>(model.size()) / model.probability(0) * (k - 1.0) * beta * beta *
         drive / (stiff * stiff);
}

}  // namespace

double bias_drift(const data::DictionaryModel& model, double bias, RecoveryGradient kind) {
  constexpr auto where = "theory::bias_drift";
  data::check_model(model, where);
  require(model.law == CodeLaw::Nonnegative, where,
          "only non-negative codes drift with a bias that stays");
  require_bias(model, bias, where);
  const double beta = -bias, weight = kind == RecoveryGradient::Full ? 2.0 : 1.0;
  return pair_ratio(model) * beta * (weight * model.kappa1() - beta) /
         stiffness(model, kind).uniform;
}

Vector mixture_floors(const data::DictionaryModel& model, std::uint64_t samples,
                      RecoveryGradient kind, double bias) {
  constexpr auto where = "theory::mixture_floors";
  data::check_model(model, where);
  require(model.law == CodeLaw::Mixture, where, "the model is not a mixture");
  require(samples >= 1, where, "samples must be >= 1, got 0");
  require_bias(model, bias, where);
  const double variance = model.noise * model.noise, n = static_cast<double>(samples);
  Vector floors(model.size());
  for (Index j = 0; j < model.size(); ++j) {
    const double alpha = model.atoms.row(j).norm();
    require(alpha + bias > 0.0, where,
            fmt::format("mean {} has norm {}; with bias {} its unit never fires", j, alpha, bias));
    floors[j] = static_cast<double>(model.dimension() - 1) * variance / (n * model.weights[j]) *
                noise_gain(alpha, alpha * alpha, variance, bias, kind);
  }
  return floors;
}

SampleFloor sample_floor(const data::DictionaryModel& model, RecoveryGradient kind,
                         std::uint64_t samples, double bias) {
  if (samples == 0) return {};
  const double n = static_cast<double>(samples);
  SampleFloor floor{sampling_term(model, kind) / n, noise_term(model, kind, bias) / n, 0.0};
  if (model.law == CodeLaw::Nonnegative) floor.bias = bias_sampling(model, kind, bias) / n;
  return floor;
}

RecoveryFloor recovery_floor(const data::DictionaryModel& model, RecoveryGradient kind,
                             std::uint64_t samples, double bias) {
  data::check_model(model, kWhere);
  require_bias(model, bias, kWhere);
  const SampleFloor of_samples = sample_floor(model, kind, samples, bias);
  RecoveryFloor floor{population_term(model, kind), of_samples.sampling, of_samples.noise,
                      of_samples.bias};
  if (model.law == CodeLaw::Nonnegative) {
    const double m = static_cast<double>(model.size()), v = bias_drift(model, bias, kind);
    floor.bias += m * (m - 1.0) * v * v;
  }
  return floor;
}

double needed_samples(const data::DictionaryModel& model, RecoveryGradient kind,
                      double squared_error) {
  constexpr auto where = "theory::needed_samples";
  data::check_model(model, where);
  require_positive(squared_error, "the squared error per atom", where);
  return (sampling_term(model, kind) + noise_term(model, kind, 0.0)) /
         (static_cast<double>(model.size()) * squared_error);
}

}  // namespace twofold::theory
