// The vectors RI-GAMP remembers, and its four steps on them.
#pragma once

#include <cmath>
#include <vector>

#include "row_blocks.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/numerics/positive_normal.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::decode {

/// x^t, x̂^t, r^t, s^t for a batch of codes; entry t - 1 of each list. s has one more: s^1 = y.
template <std::floating_point Scalar>
class RiGampMemory {
 public:
  RiGampMemory(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
               const data::ScalarPrior& prior, const ConstView<Scalar>& codes)
      : pool_(pool), encoder_(encoder), prior_(prior), s_{MatrixOf<Scalar>(codes)} {}

  [[nodiscard]] const std::vector<MatrixOf<Scalar>>& s() const { return s_; }
  [[nodiscard]] const std::vector<MatrixOf<Scalar>>& estimates() const { return estimates_; }

  /// x^t = Bᵀ s^t - Σ_{i<t} beta_i x̂^i.
  void backward(const Vector& beta) {
    x_.emplace_back(rows(), encoder_.dimension());
    blocks([&](Index begin, Index count) {
      VectorOf<Scalar> scratch;
      auto x = x_.back().middleRows(begin, count);
      encoder_.backward(s_.back().middleRows(begin, count), x, scratch);
      subtract(beta, estimates_, begin, x);
    });
  }

  /// x̂^t = f(Σ weights_i x^i; tau). Returns the mean posterior variance.
  double denoise(const Vector& weights, double tau) {
    estimates_.emplace_back(rows(), encoder_.dimension());
    const data::ScalarChannel channel = prior_.channel(tau);
    return mean_over_blocks(estimates_.back(), [&](Index begin, Index count) {
      auto x = estimates_.back().middleRows(begin, count);
      x.setZero();
      subtract(-weights, x_, begin, x);
      double variance = 0.0;
      for (Index i = 0; i < count; ++i) {
        for (Index j = 0; j < x.cols(); ++j) {
          const auto posterior = channel.posterior(static_cast<double>(x(i, j)));
          x(i, j) = static_cast<Scalar>(posterior.mean);
          variance += posterior.variance;
        }
      }
      return variance;
    });
  }

  /// r^t = B x̂^t - Σ_{i<=t} alpha_i s^i.
  void forward(const Vector& alpha) {
    r_.emplace_back(rows(), encoder_.code_length());
    blocks([&](Index begin, Index count) {
      VectorOf<Scalar> scratch;
      auto r = r_.back().middleRows(begin, count);
      encoder_.forward(estimates_.back().middleRows(begin, count), r, scratch);
      subtract(alpha, s_, begin, r);
    });
  }

  /// s^{t+1} = y √v λ(y m/√v), m = Σ mixing_i r^i. Returns the mean of v q(y m/√v).
  double use_signs(const Vector& mixing, double v) {
    s_.emplace_back(rows(), encoder_.code_length());
    const double deviation = std::sqrt(v);
    return mean_over_blocks(s_.back(), [&](Index begin, Index count) {
      auto s = s_.back().middleRows(begin, count);
      s.setZero();
      subtract(-mixing, r_, begin, s);
      double variance = 0.0;
      for (Index i = 0; i < count; ++i) {
        for (Index j = 0; j < s.cols(); ++j) {
          const double y = static_cast<double>(s_.front()(begin + i, j));
          const auto bit = numerics::positive_normal(y * static_cast<double>(s(i, j)) / deviation);
          s(i, j) = static_cast<Scalar>(y * deviation * bit.hazard);
          variance += v * bit.variance;
        }
      }
      return variance;
    });
  }

  /// Mean of the entrywise product of two lists' entries.
  [[nodiscard]] double overlap(const MatrixOf<Scalar>& a, const MatrixOf<Scalar>& b) {
    return mean_over_blocks(a, [&](Index begin, Index count) {
      return a.middleRows(begin, count)
          .template cast<double>()
          .cwiseProduct(b.middleRows(begin, count).template cast<double>())
          .sum();
    });
  }

 private:
  [[nodiscard]] Index rows() const { return s_.front().rows(); }

  template <typename Body>
  void blocks(Body&& body) {
    parallel_for(pool_, rows(), kRowsPerBlock,
                 [&](Index begin, Index end) { body(begin, end - begin); });
  }

  template <typename Partial>
  double mean_over_blocks(const MatrixOf<Scalar>& entries, Partial&& partial) {
    const double sum =
        parallel_sum<double>(pool_, rows(), kRowsPerBlock,
                             [&](Index begin, Index end) { return partial(begin, end - begin); });
    return sum / static_cast<double>(entries.size());
  }

  template <typename Rows>
  static void subtract(const Vector& factors, const std::vector<MatrixOf<Scalar>>& list,
                       Index begin, Rows& target) {
    for (Index i = 0; i < factors.size(); ++i) {
      target -= static_cast<Scalar>(factors[i]) *
                list[static_cast<std::size_t>(i)].middleRows(begin, target.rows());
    }
  }

  ThreadPool& pool_;
  const ops::EncoderOperator<Scalar>& encoder_;
  const data::ScalarPrior& prior_;
  std::vector<MatrixOf<Scalar>> s_, x_, estimates_, r_;
};

}  // namespace twofold::decode
