#include "twofold/theory/mean_field_matrix.hpp"

#include <cmath>

#include "checks.hpp"
#include "twofold/linalg/qr.hpp"

namespace twofold::theory {
namespace {

Matrix symmetric_residual(const Matrix& gain, const Matrix& S) {
  const Matrix product = S - gain * S;  // (I − A) S; its transpose is S (I − A)
  return product + product.transpose();
}

}  // namespace

MatrixRecursion::MatrixRecursion(const Matrix& neurons, double odd_slope, double penalty,
                                 double momentum)
    : odd_slope_(odd_slope), penalty_(penalty), momentum_(momentum) {
  constexpr auto where = "theory::MatrixRecursion";
  require(neurons.size() > 0, where,
          fmt::format("neurons are empty: {}x{}", neurons.rows(), neurons.cols()));
  require(neurons.allFinite(), where, "neurons hold NaN or infinity");
  require_positive(odd_slope, "odd_slope", where);
  require_non_negative(penalty, "penalty", where);
  require_momentum(momentum, where);
  // With W = Q T the step acts on T alone, and TᵀT = WᵀW without ever forming it.
  const bool tall = neurons.rows() > neurons.cols();
  factor_ = tall ? thin_qr(neurons).r : neurons;
  factor_ /= std::sqrt(static_cast<double>(neurons.rows()));
  velocity_ = Matrix::Zero(factor_.rows(), factor_.cols());
}

void MatrixRecursion::step(const Matrix& S, double step_size) {
  constexpr auto where = "theory::MatrixRecursion::step";
  const Index d = factor_.cols();
  require(S.rows() == d && S.cols() == d, where,
          fmt::format("S must be {}x{}, got {}x{}", d, d, S.rows(), S.cols()));
  require_positive(step_size, "step_size", where);
  Matrix H = odd_slope_ * symmetric_residual(gain(), S);
  H.diagonal().array() -= penalty_;
  velocity_ = momentum_ * velocity_ + step_size * (factor_ * H);
  factor_ += velocity_;
}

void MatrixRecursion::step_on_batch(ConstView<double> X, double step_size) {
  require(X.rows() > 0 && X.cols() == factor_.cols(), "theory::MatrixRecursion::step_on_batch",
          fmt::format("batch must have rows of length {}, got {}x{}", factor_.cols(), X.rows(),
                      X.cols()));
  step(X.transpose() * X / static_cast<double>(X.rows()), step_size);
}

Matrix MatrixRecursion::second_moment() const {
  return factor_.transpose() * factor_;
}

Matrix MatrixRecursion::gain() const {
  return odd_slope_ * second_moment();
}

double MatrixRecursion::loss(const Matrix& S) const {
  require(S.rows() == factor_.cols() && S.cols() == factor_.cols(), "theory::MatrixRecursion::loss",
          fmt::format("S must be {0}x{0}, got {1}x{2}", factor_.cols(), S.rows(), S.cols()));
  const Matrix residual = Matrix::Identity(S.rows(), S.cols()) - gain();
  return 0.5 * (residual * S).cwiseProduct(residual).sum();
}

Matrix in_leading_components(const Matrix& neurons, const Matrix& basis, Index p) {
  constexpr auto where = "theory::in_leading_components";
  require(neurons.cols() == basis.rows(), where,
          fmt::format("neurons have length {}, basis vectors {}", neurons.cols(), basis.rows()));
  require(p >= 1 && p <= basis.cols(), where,
          fmt::format("p must be in [1, {}], got {}", basis.cols(), p));
  return neurons * basis.leftCols(p);
}

}  // namespace twofold::theory
