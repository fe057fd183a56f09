#include "twofold/decode/linear.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::decode {
namespace {

constexpr Index kSamplesPerSum = 4096;

}  // namespace

double orthogonal_gain(double rate) {
  if (!(rate > 0.0 && std::isfinite(rate))) {
    throw InvalidArgument("decode::orthogonal_gain",
                          fmt::format("rate must be finite and > 0, got {}", rate));
  }
  constexpr double two_over_pi = 2.0 / std::numbers::pi;
  return std::sqrt(two_over_pi) / (1.0 + std::max(rate - 1.0, 0.0) * two_over_pi);
}

LeastSquaresDecoder::LeastSquaresDecoder(Index d, Index n) {
  if (d < 1 || n < 1) {
    throw InvalidArgument("decode::LeastSquaresDecoder",
                          fmt::format("needs d >= 1 and n >= 1, got d = {}, n = {}", d, n));
  }
  cross_ = Matrix::Zero(d, n);
  gram_ = Matrix::Zero(n, n);
}

template <std::floating_point Scalar>
void LeastSquaresDecoder::add(ThreadPool& pool, const MatrixOf<Scalar>& X,
                              const MatrixOf<Scalar>& Y) {
  if (X.rows() != Y.rows() || X.cols() != cross_.rows() || Y.cols() != cross_.cols()) {
    throw InvalidArgument("decode::LeastSquaresDecoder::add",
                          fmt::format("needs X k×{} and Y k×{}, got {}×{} and {}×{}", cross_.rows(),
                                      cross_.cols(), X.rows(), X.cols(), Y.rows(), Y.cols()));
  }
  for (Index begin = 0; begin < X.rows(); begin += kSamplesPerSum) {
    const Index count = std::min(kSamplesPerSum, X.rows() - begin);
    const Matrix x = X.middleRows(begin, count).template cast<double>();
    const Matrix y = Y.middleRows(begin, count).template cast<double>();
    multiply(pool, Trans::Yes, Trans::No, 1.0, x, y, 1.0, cross_);
    multiply(pool, Trans::Yes, Trans::No, 1.0, y, y, 1.0, gram_);
  }
  samples_ += X.rows();
}

LinearDecoder LeastSquaresDecoder::solve(double ridge) const {
  constexpr auto where = "decode::LeastSquaresDecoder::solve";
  require(samples_ > 0, where, "no sample was added");
  if (!(ridge >= 0.0 && std::isfinite(ridge))) {
    throw InvalidArgument(where, fmt::format("ridge must be finite and >= 0, got {}", ridge));
  }
  const double count = static_cast<double>(samples_);
  Matrix K = gram_ / count;
  K.diagonal().array() += ridge;
  const Eigen::LLT<Matrix> factor(K);
  LinearDecoder result;
  if (factor.info() != Eigen::Success || !cross_.allFinite()) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    result.decoder = Matrix::Constant(cross_.rows(), cross_.cols(), nan);
    result.status = SolveStatus::NonFinite;
    return result;
  }
  result.decoder = factor.solve((cross_ / count).transpose()).transpose();
  return result;
}

template void LeastSquaresDecoder::add(ThreadPool&, const MatrixF&, const MatrixF&);
template void LeastSquaresDecoder::add(ThreadPool&, const Matrix&, const Matrix&);

}  // namespace twofold::decode
