#include "twofold/decode/gvamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "row_blocks.hpp"
#include "twofold/core/error.hpp"
#include "twofold/numerics/positive_normal.hpp"

namespace twofold::decode {
namespace {

constexpr double kLeastPrecision = 1e-3, kMostPrecision = 1e5;
constexpr double kLeastVariance = 1e-6;
constexpr double kMostShrink = 1.0 - 1e-4;

/// Scalars of one vector between layers.
struct State {
  double ex = 1.0, g1 = 0.0, g2 = 1.0, h = 0.0, vz = 1.0, ez = 1.0;
  double gz = 1.0;
  bool live = true;
};

double clamp_precision(double g) {
  return std::clamp(g, kLeastPrecision, kMostPrecision);
}

/// A block of vectors on its way through the layers.
template <typename Scalar>
class Block {
 public:
  Block(const ops::EncoderOperator<Scalar>& encoder, const Denoiser& denoiser,
        const ConstView<Scalar>& codes)
      : encoder_(encoder),
        denoiser_(denoiser),
        codes_(codes),
        states_(static_cast<std::size_t>(codes.rows())),
        p1_(MatrixOf<Scalar>::Zero(codes.rows(), codes.cols())),
        step_(p1_),
        z_(p1_),
        r1_(MatrixOf<Scalar>::Zero(codes.rows(), encoder.dimension())),
        x_(r1_),
        back_(r1_) {}

  [[nodiscard]] State& state(Index i) { return states_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] auto estimate(Index i) const { return x_.row(i); }
  [[nodiscard]] auto observation(Index i) const { return r1_.row(i); }
  [[nodiscard]] Index rows() const { return x_.rows(); }

  /// One layer; `scalars` given: use them, else estimate and clamp.
  void layer(bool first, const model::GvampScalars* scalars) {
    if (!first) encoder_.forward(x_, z_, scratch_);
    for (Index i = 0; i < rows(); ++i) {
      if (state(i).live) sign_side(i, first, scalars);
    }
    encoder_.backward(z_, back_, scratch_);
    for (Index i = 0; i < rows(); ++i) {
      if (state(i).live) denoise(i, first, scalars);
    }
  }

 private:
  [[nodiscard]] bool wide() const { return encoder_.rate() <= 1.0; }

  /// p1, vz and then p2 of vector i. Leaves in z_ what Bᵀ is to multiply.
  void sign_side(Index i, bool first, const model::GvampScalars* scalars) {
    State& s = state(i);
    if (!first) believe(i, scalars == nullptr);
    if (scalars != nullptr) s.vz = scalars->vz;
    const double deviation = std::sqrt(s.vz);
    double variance = 0.0;
    for (Index j = 0; j < codes_.cols(); ++j) {
      const double y = static_cast<double>(codes_(i, j));
      const auto bit = numerics::positive_normal(y * static_cast<double>(p1_(i, j)) / deviation);
      variance += bit.variance;
      step_(i, j) = static_cast<Scalar>(y * deviation * bit.hazard);  // ẑ - p1
    }
    s.ez = std::clamp(s.vz * variance / static_cast<double>(codes_.cols()), kLeastVariance,
                      s.vz * kMostShrink);
    s.h = (s.vz - s.ez) / (s.vz * s.ez);
    if (scalars != nullptr) {
      s.ez = scalars->ez;
      s.h = scalars->h;
    }
    // p2 - p1 = (ẑ - p1)/(ez h), since 1/ez = h + 1/vz.
    step_.row(i) *= static_cast<Scalar>(1.0 / (s.ez * s.h));
    z_.row(i) = step_.row(i);
    if (!wide()) z_.row(i) += p1_.row(i);
  }

  /// The belief about z before the bits are used again: z_ holds B x̂.
  void believe(Index i, bool guarded) {
    State& s = state(i);
    s.g2 = 1.0 / s.ex - s.g1;
    s.gz = wide() ? s.g2 : 1.0 / s.ex - s.h;
    if (guarded) {
      s.g2 = clamp_precision(s.g2);
      s.gz = clamp_precision(s.gz);
    }
    s.vz = std::min(1.0 / s.gz, 1.0);
    const auto scale = static_cast<Scalar>(1.0 / (s.ex * s.gz));
    if (wide()) {
      const auto back = static_cast<Scalar>(s.g1 / s.gz);
      const auto part = static_cast<Scalar>(1.0 / encoder_.rate());
      p1_.row(i) = scale * z_.row(i) - back * (p1_.row(i) + part * step_.row(i));
    } else {
      const auto back = static_cast<Scalar>(s.h / s.gz);
      p1_.row(i) = scale * z_.row(i) - back * (p1_.row(i) + step_.row(i));
    }
  }

  /// r1, g1 and then x̂ of vector i.
  void denoise(Index i, bool first, const model::GvampScalars* scalars) {
    State& s = state(i);
    const double r = encoder_.rate();
    const auto part = static_cast<Scalar>(1.0 / r);
    if (wide() && !first) {
      const auto forward = static_cast<Scalar>(1.0 / (s.ex * s.g2));
      const auto back = static_cast<Scalar>(s.g1 / s.g2);
      r1_.row(i) = forward * x_.row(i) - back * r1_.row(i) + part * back_.row(i);
    } else {
      r1_.row(i) = part * back_.row(i);
    }
    s.g1 = wide() ? s.g2 * r * s.h / (s.g2 + (1.0 - r) * s.h) : r * s.h;
    s.g1 = scalars != nullptr ? scalars->g1 : std::min(s.g1, kMostPrecision);
    const auto d = static_cast<std::size_t>(x_.cols());
    const double variance = denoiser_.apply(std::span<const Scalar>(r1_.row(i).data(), d),
                                            1.0 / s.g1, std::span<Scalar>(x_.row(i).data(), d));
    s.ex = scalars != nullptr ? scalars->mse : std::clamp(variance, kLeastVariance, 1.0);
  }

  const ops::EncoderOperator<Scalar>& encoder_;

  const Denoiser& denoiser_;
  ConstView<Scalar> codes_;
  std::vector<State> states_;
  MatrixOf<Scalar> p1_, step_, z_;  // step: p2 - p1
  MatrixOf<Scalar> r1_, x_, back_;
  VectorOf<Scalar> scratch_;
};

/// Takes over the layer of each vector that passes, freezes the others. True if any is left.
template <typename Scalar>
bool accept(Block<Scalar>& block, Index begin, int layer, double tolerance,
            GvampResult<Scalar>& result) {
  bool any = false;
  for (Index i = 0; i < block.rows(); ++i) {
    State& s = block.state(i);
    if (!s.live) continue;
    const auto place = static_cast<std::size_t>(begin + i);
    const auto x = block.estimate(i);
    const double square = x.template cast<double>().squaredNorm() / static_cast<double>(x.size());
    const bool plausible = std::abs(square - (1.0 - s.ex)) <= tolerance;
    if (layer > 0 && !(plausible && s.ex <= result.variance[place])) {
      s.live = false;
      continue;
    }
    result.estimate.row(begin + i) = x;
    result.variance[place] = s.ex;
    result.layers[place] = layer + 1;
    if (!result.noise.empty()) {
      result.unbiased.row(begin + i) = block.observation(i);
      result.noise[place] = 1.0 / s.g1;
    }
    any = true;
  }
  return any;
}

}  // namespace

template <std::floating_point Scalar>
GvampResult<Scalar> gvamp(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                          const Denoiser& denoiser, std::type_identity_t<ConstView<Scalar>> Y,
                          const GvampOptions& options) {
  constexpr auto where = "decode::gvamp";
  require_codes(Y.cols(), encoder.code_length(), where);
  require_deviations(denoiser.dimension(), encoder.dimension(), where);
  if (options.layers < 1) {
    throw InvalidArgument(where, fmt::format("layers must be >= 1, got {}", options.layers));
  }
  if (!(options.norm_tolerance > 0.0)) {
    throw InvalidArgument(
        where, fmt::format("norm_tolerance must be > 0, got {}", options.norm_tolerance));
  }
  const auto count = static_cast<std::size_t>(Y.rows());
  GvampResult<Scalar> result;
  result.estimate.resize(Y.rows(), encoder.dimension());
  result.variance.assign(count, 1.0);
  result.layers.assign(count, 0);
  if (options.keep_unbiased) {
    result.unbiased.resize(Y.rows(), encoder.dimension());
    result.noise.assign(count, 0.0);
  }
  parallel_for(pool, Y.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    Block<Scalar> block(encoder, denoiser, Y.middleRows(begin, end - begin));
    for (int t = 0; t < options.layers; ++t) {
      block.layer(t == 0, nullptr);
      if (!accept(block, begin, t, options.norm_tolerance, result)) break;
    }
  });
  return result;
}

template <std::floating_point Scalar>
MatrixOf<Scalar> gvamp_scheduled(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                 const Denoiser& denoiser,
                                 std::type_identity_t<ConstView<Scalar>> Y,
                                 std::span<const model::GvampScalars> schedule) {
  constexpr auto where = "decode::gvamp_scheduled";
  require_codes(Y.cols(), encoder.code_length(), where);
  require_deviations(denoiser.dimension(), encoder.dimension(), where);
  require(!schedule.empty(), where, "needs at least one layer, got none");
  MatrixOf<Scalar> estimate(Y.rows(), encoder.dimension());
  parallel_for(pool, Y.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    Block<Scalar> block(encoder, denoiser, Y.middleRows(begin, end - begin));
    for (std::size_t t = 0; t < schedule.size(); ++t) block.layer(t == 0, &schedule[t]);
    for (Index i = begin; i < end; ++i) estimate.row(i) = block.estimate(i - begin);
  });
  return estimate;
}

template GvampResult<float> gvamp(ThreadPool&, const ops::EncoderOperator<float>&, const Denoiser&,
                                  ConstView<float>, const GvampOptions&);
template GvampResult<double> gvamp(ThreadPool&, const ops::EncoderOperator<double>&,
                                   const Denoiser&, ConstView<double>, const GvampOptions&);
template MatrixF gvamp_scheduled(ThreadPool&, const ops::EncoderOperator<float>&, const Denoiser&,
                                 ConstView<float>, std::span<const model::GvampScalars>);
template Matrix gvamp_scheduled(ThreadPool&, const ops::EncoderOperator<double>&, const Denoiser&,
                                ConstView<double>, std::span<const model::GvampScalars>);

}  // namespace twofold::decode
