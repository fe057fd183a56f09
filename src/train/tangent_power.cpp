#include "twofold/train/tangent_power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

constexpr Index kNeurons = 128;
constexpr int kMaxIterations = 1000;
constexpr double kAccuracy = 1e-4;

// Strips of neurons with a sum of n×d each; few where n×d is large.
Index strip_count(Index samples, Index d) {
  return std::clamp<Index>((Index{1} << 26) / (samples * d), 1, 16);
}

template <typename Scalar>
class TangentProduct {
 public:
  TangentProduct(ConstView<Scalar> X, const model::Weights<Scalar>& weights, FactorRates rates)
      : X_(X),
        weights_(weights),
        encoder_rate_(static_cast<Scalar>(rates.encoder)),
        decoder_rate_(static_cast<Scalar>(rates.decoder)),
        strips_(static_cast<std::size_t>(strip_count(X.rows(), X.cols()))) {}

  // V <- r_B J_B J_Bᵀ V + r_A J_A J_Aᵀ V.
  void apply(MatrixOf<Scalar>& V, ThreadPool& pool) {
    const Index blocks = num_blocks(weights_.neurons(), kNeurons);
    const auto strips = static_cast<Index>(strips_.size());
    pool.run(strips, [&](Index strip) {
      Strip& s = strips_[static_cast<std::size_t>(strip)];
      s.sum.setZero(V.rows(), V.cols());
      const Index end = blocks * (strip + 1) / strips;
      for (Index block = blocks * strip / strips; block < end; ++block) {
        const Index begin = block * kNeurons;
        add_block(V, begin, std::min(kNeurons, weights_.neurons() - begin), s);
      }
    });
    V = strips_.front().sum;
    for (std::size_t strip = 1; strip < strips_.size(); ++strip) V += strips_[strip].sum;
    V *= weights_.scale * weights_.scale;
  }

 private:
  struct Strip {
    MatrixOf<Scalar> codes, back, dB, dA, sum;
  };

  void add_block(const MatrixOf<Scalar>& V, Index begin, Index size, Strip& s) const {
    const auto B = weights_.encoder.middleRows(begin, size);
    const auto A = weights_.decoder_rows().middleRows(begin, size);
    s.codes.resize(size, V.rows());
    s.back.resize(size, V.rows());
    s.dB.resize(size, V.cols());
    s.dA.resize(size, V.cols());
    gemm<Scalar>(Trans::No, Trans::Yes, 1, B, X_, 0, s.codes);
    s.codes = s.codes.cwiseMax(Scalar(0));
    if (encoder_rate_ > 0) {
      gemm<Scalar>(Trans::No, Trans::Yes, 1, A, V, 0, s.back);
      mask(s);
      gemm<Scalar>(Trans::No, Trans::No, encoder_rate_, s.back, X_, 0, s.dB);
      if (weights_.tied()) gemm<Scalar>(Trans::No, Trans::No, encoder_rate_, s.codes, V, 1, s.dB);
      gemm<Scalar>(Trans::No, Trans::Yes, 1, s.dB, X_, 0, s.back);
      mask(s);
      gemm<Scalar>(Trans::Yes, Trans::No, 1, s.back, A, 1, s.sum);
    }
    if (weights_.tied()) {
      gemm<Scalar>(Trans::Yes, Trans::No, 1, s.codes, s.dB, 1, s.sum);
    } else if (decoder_rate_ > 0) {
      gemm<Scalar>(Trans::No, Trans::No, decoder_rate_, s.codes, V, 0, s.dA);
      gemm<Scalar>(Trans::Yes, Trans::No, 1, s.codes, s.dA, 1, s.sum);
    }
  }

  static void mask(Strip& s) { s.back = (s.codes.array() > 0).select(s.back.array(), Scalar(0)); }

  ConstView<Scalar> X_;
  const model::Weights<Scalar>& weights_;
  Scalar encoder_rate_, decoder_rate_;
  std::vector<Strip> strips_;
};

template <typename Scalar>
void check(const ConstView<Scalar>& X, const model::Weights<Scalar>& weights, FactorRates rates) {
  constexpr std::string_view where = "train::tangent_power";
  check_shapes(weights, where);
  require(!weights.has_bias(), where, "weights must have no bias");
  require(X.rows() >= 1 && X.cols() == weights.dimension(), where,
          fmt::format("samples are {}x{}, the weights expect dimension {}", X.rows(), X.cols(),
                      weights.dimension()));
  const auto good = [](double rate) { return rate >= 0 && std::isfinite(rate); };
  require(good(rates.encoder) && good(rates.decoder) &&
              (rates.encoder > 0 || (rates.decoder > 0 && !weights.tied())),
          where,
          fmt::format("rates must be finite, >= 0 and not both 0, got {} and {}", rates.encoder,
                      rates.decoder));
}

}  // namespace

template <std::floating_point Scalar>
TangentPower tangent_power(std::type_identity_t<ConstView<Scalar>> X,
                           const model::Weights<Scalar>& weights, FactorRates rates,
                           ThreadPool& pool) {
  check<Scalar>(X, weights, rates);
  const RandomStream stream(1, "tangent power");
  MatrixOf<Scalar> V(X.rows(), X.cols());
  stream.fill_normal(0, std::span(V.data(), static_cast<std::size_t>(V.size())));
  V /= V.norm();
  TangentProduct<Scalar> product(X, weights, rates);
  TangentPower power;
  MatrixOf<Scalar> image(X.rows(), X.cols());
  while (power.iterations < kMaxIterations && !power.converged) {
    image = V;
    product.apply(image, pool);
    ++power.iterations;
    const double quotient =
        V.template cast<double>().cwiseProduct(image.template cast<double>()).sum();
    const double norm = image.template cast<double>().norm();
    if (!std::isfinite(quotient) || norm == 0) return {quotient, power.iterations, norm == 0};
    power.converged = std::abs(quotient - power.eigenvalue) <= kAccuracy * quotient;
    power.eigenvalue = quotient;
    V = image * static_cast<Scalar>(1 / norm);
  }
  return power;
}

template TangentPower tangent_power<float>(ConstView<float>, const model::Weights<float>&,
                                           FactorRates, ThreadPool&);
template TangentPower tangent_power<double>(ConstView<double>, const model::Weights<double>&,
                                            FactorRates, ThreadPool&);

}  // namespace twofold::train
