#include "twofold/theory/tangent_kernel_finite.hpp"

#include <fmt/format.h>

#include <utility>

#include "checks.hpp"
#include "tangent_geometry.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

Matrix product(ThreadPool& pool, const Matrix& A, Trans trans_b, const Matrix& B) {
  Matrix result(A.rows(), trans_b == Trans::Yes ? B.rows() : B.cols());
  multiply(pool, Trans::No, trans_b, 1.0, A, B, 0.0, result);
  return result;
}

Matrix transposed_product(ThreadPool& pool, const Matrix& A, const Matrix& B) {
  Matrix result(A.cols(), B.cols());
  multiply(pool, Trans::Yes, Trans::No, 1.0, A, B, 0.0, result);
  return result;
}

}  // namespace

EmpiricalKernel::EmpiricalKernel(ThreadPool& pool, model::Weights<double> weights,
                                 const ConstView<double>& X, const KernelRates& rates)
    : pool_(&pool), weights_(std::move(weights)), rates_(rates), samples_(X) {
  constexpr auto where = "theory::EmpiricalKernel";
  model::check_shapes(weights_, where);
  check_rates(rates, where);
  require(!weights_.has_bias(), where, "a network with biases is not covered");
  require(!weights_.tied() || rates.encoder == rates.decoder, where,
          fmt::format("a tied network has one rate, got {} and {}", rates.encoder, rates.decoder));
  require(X.rows() >= 1 && X.cols() == weights_.dimension(), where,
          fmt::format("samples are {}x{}, the network has dimension {}", X.rows(), X.cols(),
                      weights_.dimension()));
  require(samples_.allFinite() && weights_.encoder.allFinite() && weights_.decoder.allFinite(),
          where, "an entry of the samples or the weights is not finite");
  const Matrix z = product(pool, samples_, Trans::Yes, weights_.encoder);
  active_ = z.unaryExpr([](double value) { return value >= 0.0 ? 1.0 : 0.0; });
  codes_ = z.cwiseMax(0.0);
}

Matrix EmpiricalKernel::output() const {
  return weights_.scale * product(*pool_, codes_, Trans::No, weights_.decoder_rows());
}

Matrix EmpiricalKernel::apply(const ConstView<double>& V) const {
  require(V.rows() == samples() && V.cols() == dimension(), "theory::EmpiricalKernel::apply",
          fmt::format("expected {}x{}, got {}x{}", samples(), dimension(), V.rows(), V.cols()));
  const Matrix& decoder = weights_.decoder_rows();
  Matrix pulled = product(*pool_, V, Trans::Yes, decoder).cwiseProduct(active_);
  // Gradients with respect to the encoder and the decoder, N×d; tied weights add them up.
  Matrix encoder_move = rates_.encoder * transposed_product(*pool_, pulled, samples_);
  Matrix decoder_move = rates_.decoder * transposed_product(*pool_, codes_, V);
  if (weights_.tied()) {
    encoder_move += decoder_move;
    decoder_move = encoder_move;
  }
  const Matrix shift = product(*pool_, samples_, Trans::Yes, encoder_move).cwiseProduct(active_);
  Matrix change = product(*pool_, shift, Trans::No, decoder);
  multiply(*pool_, Trans::No, Trans::No, 1.0, codes_, decoder_move, 1.0, change);
  return weights_.scale * weights_.scale * change;
}

SymmetricOperator EmpiricalKernel::stacked() const {
  return [this](const ConstView<double>& in, View<double> out) {
    for (Index k = 0; k < in.cols(); ++k) {
      const Vector column = in.col(k);
      const Matrix image = apply(Eigen::Map<const Matrix>(column.data(), samples(), dimension()));
      out.col(k) = Eigen::Map<const Vector>(image.data(), image.size());
    }
  };
}

ExtremeEigenvalues EmpiricalKernel::extremes(const LanczosOptions& options) const {
  return extreme_eigenvalues(stacked(), samples() * dimension(), options);
}

Matrix EmpiricalKernel::block(Index i, Index j) const {
  const Matrix& decoder = weights_.decoder_rows();
  const Vector both = active_.row(i).cwiseProduct(active_.row(j)).transpose();
  const Matrix masked = both.asDiagonal() * decoder;
  Matrix result(dimension(), dimension());
  gemm(Trans::Yes, Trans::No, rates_.encoder * samples_.row(i).dot(samples_.row(j)), masked,
       decoder, 0.0, result);
  result.diagonal().array() += rates_.decoder * codes_.row(i).dot(codes_.row(j));
  if (weights_.tied()) {
    const Vector left =
        decoder.transpose() * active_.row(j).cwiseProduct(codes_.row(i)).transpose();
    const Vector right =
        decoder.transpose() * active_.row(i).cwiseProduct(codes_.row(j)).transpose();
    result +=
        rates_.encoder * (samples_.row(j).transpose() * left.transpose() + right * samples_.row(i));
  }
  return weights_.scale * weights_.scale * result;
}

Matrix EmpiricalKernel::dense(double allowed_bytes) const {
  const Index n = samples(), d = dimension();
  const double size = static_cast<double>(n) * static_cast<double>(d);
  require(
      8.0 * size * size <= allowed_bytes, "theory::EmpiricalKernel::dense",
      fmt::format("the kernel of {} samples of dimension {} needs {:.3g} GB, allowed are {:.3g}", n,
                  d, 8e-9 * size * size, 1e-9 * allowed_bytes));
  Matrix kernel(n * d, n * d);
  pool_->run(n, [&](Index i) {
    for (Index j = 0; j <= i; ++j) {
      const Matrix entry = block(i, j);
      kernel.block(i * d, j * d, d, d) = entry;
      if (j < i) kernel.block(j * d, i * d, d, d) = entry.transpose();
    }
  });
  return kernel;
}

LinearisedRun linearised_run(const EmpiricalKernel& kernel, const ConstView<double>& E_0,
                             double step, Index steps) {
  constexpr auto where = "theory::linearised_run";
  require_positive(step, "step", where);
  require(steps >= 0, where, fmt::format("steps must be >= 0, got {}", steps));
  LinearisedRun run{{0.5 * E_0.squaredNorm()}, E_0};
  run.losses.reserve(static_cast<std::size_t>(steps) + 1);
  for (Index t = 0; t < steps; ++t) {
    run.residual -= step * kernel.apply(run.residual);
    run.losses.push_back(0.5 * run.residual.squaredNorm());
  }
  return run;
}

}  // namespace twofold::theory
