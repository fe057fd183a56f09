#include "twofold/theory/mean_field_cloud.hpp"

#include <cmath>

#include "checks.hpp"

namespace twofold::theory {
namespace {

void check_neurons(const Matrix& neurons, Index d, std::string_view where) {
  require(neurons.size() > 0 && neurons.cols() == d, where,
          fmt::format("neurons must be non-empty rows of length {}, got {}x{}", d, neurons.rows(),
                      neurons.cols()));
}

}  // namespace

Vector empirical_gain(const Matrix& neurons, const Matrix& basis, double odd_slope) {
  constexpr auto where = "theory::empirical_gain";
  check_neurons(neurons, basis.rows(), where);
  require_positive(odd_slope, "odd_slope", where);
  const Matrix coordinates = neurons * basis;
  return odd_slope * coordinates.array().square().colwise().mean().transpose();
}

double cloud_asymmetry(const Matrix& neurons) {
  check_neurons(neurons, neurons.cols(), "theory::cloud_asymmetry");
  const double rms = std::sqrt(neurons.squaredNorm() / static_cast<double>(neurons.rows()));
  return rms > 0.0 ? neurons.colwise().mean().norm() / rms : 0.0;
}

double linear_part_loss(const Matrix& neurons, const Matrix& S, double odd_slope) {
  constexpr auto where = "theory::linear_part_loss";
  check_neurons(neurons, S.rows(), where);
  require(S.rows() == S.cols(), where,
          fmt::format("S must be square, got {}x{}", S.rows(), S.cols()));
  require_positive(odd_slope, "odd_slope", where);
  const double scale = odd_slope / static_cast<double>(neurons.rows());
  const Matrix residual =
      Matrix::Identity(S.rows(), S.cols()) - scale * (neurons.transpose() * neurons);
  return 0.5 * (residual * S).cwiseProduct(residual).sum();
}

}  // namespace twofold::theory
