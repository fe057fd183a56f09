// Vectors on their way through the layers of GVAMP together: flat loops over rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
#include <span>
#include <vector>

#include "denoiser_method.hpp"
#include "expand_signs.hpp"
#include "row_blocks.hpp"
#include "sign_side.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::decode {

/// Scalars of one vector between layers.
struct GvampState {
  double ex = 1.0, g1 = 0.0, g2 = 1.0, h = 0.0, vz = 1.0, ez = 1.0;
  double gz = 1.0;
  double first_step = 0.0;  ///< |p2 - p1| of each bit after the first layer; 0 later
  double gain = 1.0;        ///< r1 is gain times what is stored
  bool live = true;
};

template <std::floating_point Scalar>
class GvampBlock {
 public:
  GvampBlock(const ops::EncoderOperator<Scalar>& encoder, const DenoiserMethod& denoiser)
      : encoder_(encoder),
        denoiser_(denoiser),
        d_(static_cast<std::size_t>(encoder.dimension())),
        n_(static_cast<std::size_t>(encoder.code_length())),
        most_(static_cast<std::size_t>(most_rows())),
        numbers_(std::make_unique_for_overwrite<Scalar[]>(most_ * (3 * d_ + 4 * n_))) {}

  /// How many vectors go together: what a gemm wants, else one, which stays in the first cache.
  [[nodiscard]] Index most_rows() const { return encoder_.structured() ? 1 : kRowsPerBlock; }

  /// Starts with the rows of Y, at most most_rows(). They and those of the estimate, where x̂ of
  /// the accepted layers is kept, must outlive the layers.
  void start(const ConstView<Scalar>& Y, View<Scalar> estimate) {
    codes_ = Y.data();
    stride_ = static_cast<std::size_t>(Y.outerStride());
    estimate_ = estimate.data();
    states_.assign(static_cast<std::size_t>(Y.rows()), {});
  }

  /// The same with packed codes.
  void start(std::span<const std::uint8_t> packed, View<Scalar> estimate) {
    packed_ = packed;
    codes_ = nullptr;
    estimate_ = estimate.data();
    states_.assign(static_cast<std::size_t>(estimate.rows()), {});
    if (!encoder_.structured()) unpack();
  }

  [[nodiscard]] std::size_t rows() const { return states_.size(); }
  [[nodiscard]] GvampState& state(std::size_t i) { return states_[i]; }
  [[nodiscard]] Scalar* estimate(std::size_t i) const { return estimate_ + i * d_; }
  /// x̂ of a later layer that is still to be accepted.
  [[nodiscard]] Scalar* candidate(std::size_t i) const { return r1(most_ + i); }
  void copy_observation(std::size_t i, Scalar* to) const {
    const auto gain = static_cast<Scalar>(states_[i].gain);
    for (std::size_t j = 0; j < d_; ++j) to[j] = gain * r1(i)[j];
  }

  /// One layer; `scalars` given: use them, else estimate and clamp. x̂ becomes the estimate in a
  /// first layer and with scalars, else the candidate.
  void layer(bool first, const model::GvampScalars* scalars) {
    if (first) {
      first_image();
    } else {
      if (codes_ == nullptr) unpack();
      encoder_.forward(image(estimate_, d_), image(z(0), n_), scratch_);
    }
    for (std::size_t i = 0; i < rows(); ++i) {
      if (!state(i).live) continue;
      if (first) {
        first_bits(state(i), scalars);
      } else {
        later_bits(i, scalars);
      }
    }
    if (!first) encoder_.backward(image(z(0), n_), image(back(0), d_), scratch_);
    for (std::size_t i = 0; i < rows(); ++i) {
      if (state(i).live) denoise(i, first, scalars);
    }
  }

 private:
  static constexpr double kLeastPrecision = 1e-3, kMostPrecision = 1e5;
  static constexpr double kLeastVariance = 1e-6;
  static constexpr double kMostShrink = 1.0 - 1e-4;

  using Image = Eigen::Map<MatrixOf<Scalar>, 0, Eigen::OuterStride<>>;

  [[nodiscard]] bool wide() const { return encoder_.rate() <= 1.0; }
  [[nodiscard]] const Scalar* y(std::size_t i) const { return codes_ + i * stride_; }
  [[nodiscard]] Scalar* r1(std::size_t i) const { return numbers_.get() + i * d_; }
  [[nodiscard]] Scalar* back(std::size_t i) const { return r1(2 * most_ + i); }
  [[nodiscard]] Scalar* p1(std::size_t i) const { return r1(3 * most_) + i * n_; }
  [[nodiscard]] Scalar* step(std::size_t i) const { return p1(most_ + i); }  // p2 - p1
  [[nodiscard]] Scalar* z(std::size_t i) const { return p1(2 * most_ + i); }

  [[nodiscard]] Image image(Scalar* numbers, std::size_t columns) const {
    const auto cols = static_cast<Index>(columns);
    return Image(numbers, static_cast<Index>(rows()), cols, Eigen::OuterStride<>(cols));
  }

  /// r1 <- Bᵀ y.
  void first_image() {
    if (codes_ == nullptr) {
      encoder_.backward_bits(packed_, image(r1(0), d_), scratch_);
      return;
    }
    using Codes = Eigen::Map<const MatrixOf<Scalar>, 0, Eigen::OuterStride<>>;
    const Codes codes(codes_, static_cast<Index>(rows()), static_cast<Index>(n_),
                      Eigen::OuterStride<>(static_cast<Index>(stride_)));
    encoder_.backward(codes, image(r1(0), d_), scratch_);
  }

  void unpack() {
    Scalar* const y = p1(3 * most_);
    const std::size_t bytes = packed_.size() / rows();
    for (std::size_t i = 0; i < rows(); ++i) {
      expand_signs(packed_.subspan(i * bytes, bytes), std::span<Scalar>(y + i * n_, n_));
    }
    codes_ = y;
    stride_ = n_;
  }

  /// ez and h, given the mean of q.
  void weigh_bits(GvampState& s, double variance, const model::GvampScalars* scalars) const {
    s.ez = std::clamp(s.vz * variance, kLeastVariance, s.vz * kMostShrink);
    s.h = (s.vz - s.ez) / (s.vz * s.ez);
    if (scalars != nullptr) {
      s.ez = scalars->ez;
      s.h = scalars->h;
    }
  }

  /// p1 = 0, so that p2 = y √vz λ(0)/(ez h), the same for all bits, and nothing is stored.
  void first_bits(GvampState& s, const model::GvampScalars* scalars) const {
    if (scalars != nullptr) s.vz = scalars->vz;
    weigh_bits(s, 1.0 - 2.0 / std::numbers::pi, scalars);
    s.first_step = std::sqrt(s.vz * 2.0 / std::numbers::pi) / (s.ez * s.h);
  }

  /// p1, vz and then p2. z holds B x̂ before, what Bᵀ is to multiply after.
  void later_bits(std::size_t i, const model::GvampScalars* scalars) {
    GvampState& s = state(i);
    believe(i, scalars == nullptr);
    if (scalars != nullptr) s.vz = scalars->vz;
    const Scalar* const p = p1(i);
    Scalar* const out = step(i);
    weigh_bits(s, use_signs(y(i), p, std::sqrt(s.vz), out, n_), scalars);
    // p2 - p1 = (ẑ - p1)/(ez h), since 1/ez = h + 1/vz.
    const auto weight = static_cast<Scalar>(1.0 / (s.ez * s.h));
    const auto own = static_cast<Scalar>(wide() ? 0.0 : 1.0);
    Scalar* const to = z(i);
    for (std::size_t j = 0; j < n_; ++j) {
      out[j] *= weight;
      to[j] = out[j] + own * p[j];
    }
  }

  /// The belief about z before the bits are used again.
  void believe(std::size_t i, bool guarded) {
    GvampState& s = state(i);
    s.g2 = 1.0 / s.ex - s.g1;
    s.gz = wide() ? s.g2 : 1.0 / s.ex - s.h;
    if (guarded) {
      s.g2 = std::clamp(s.g2, kLeastPrecision, kMostPrecision);
      s.gz = std::clamp(s.gz, kLeastPrecision, kMostPrecision);
    }
    s.vz = std::min(1.0 / s.gz, 1.0);
    const auto scale = static_cast<Scalar>(1.0 / (s.ex * s.gz));
    const double back = (wide() ? s.g1 : s.h) / s.gz, part = wide() ? 1.0 / encoder_.rate() : 1.0;
    const Scalar* const image = z(i);
    Scalar* const p = p1(i);
    if (s.first_step != 0.0) {
      const auto bits = static_cast<Scalar>(back * part * s.first_step);
      const Scalar* const code = y(i);
      for (std::size_t j = 0; j < n_; ++j) p[j] = scale * image[j] - bits * code[j];
      s.first_step = 0.0;
      return;
    }
    const auto old = static_cast<Scalar>(back), moved = static_cast<Scalar>(back * part);
    const Scalar* const last = step(i);
    for (std::size_t j = 0; j < n_; ++j) p[j] = scale * image[j] - (old * p[j] + moved * last[j]);
  }

  /// r1, g1 and then x̂.
  void denoise(std::size_t i, bool first, const model::GvampScalars* scalars) {
    GvampState& s = state(i);
    observe(i, first);
    const double r = encoder_.rate();
    s.g1 = wide() ? s.g2 * r * s.h / (s.g2 + (1.0 - r) * s.h) : r * s.h;
    s.g1 = scalars != nullptr ? scalars->g1 : std::min(s.g1, kMostPrecision);
    Scalar* const x = first || scalars != nullptr ? estimate(i) : candidate(i);
    const double variance =
        denoiser_.apply(std::span<const Scalar>(r1(i), d_), s.gain, 1.0 / s.g1,
                        std::span<Scalar>(x, d_), first ? first_denoised_ : denoised_);
    s.ex = scalars != nullptr ? scalars->mse : std::clamp(variance, kLeastVariance, 1.0);
  }

  void observe(std::size_t i, bool first) {
    GvampState& s = state(i);
    Scalar* const r = r1(i);
    const double part = 1.0 / encoder_.rate();
    if (first) {  // r1 holds Bᵀ y
      s.gain = part * s.first_step;
      return;
    }
    const auto factor = static_cast<Scalar>(part);
    const Scalar* const image = back(i);
    const double last_gain = s.gain;
    s.gain = 1.0;
    if (!wide()) {
      for (std::size_t j = 0; j < d_; ++j) r[j] = factor * image[j];
      return;
    }
    const auto forward = static_cast<Scalar>(1.0 / (s.ex * s.g2));
    const auto old = static_cast<Scalar>(s.g1 / s.g2 * last_gain);
    const Scalar* const last = estimate(i);
    for (std::size_t j = 0; j < d_; ++j) {
      r[j] = (forward * last[j] - old * r[j]) + factor * image[j];
    }
  }

  const ops::EncoderOperator<Scalar>& encoder_;
  const DenoiserMethod& denoiser_;
  std::size_t d_, n_, most_;
  std::span<const std::uint8_t> packed_;
  const Scalar* codes_ = nullptr;  // y; of packed codes not before a second layer asks
  std::size_t stride_ = 0;
  std::vector<GvampState> states_;
  std::unique_ptr<Scalar[]> numbers_;  // r1, candidate, Bᵀz, p1, p2 - p1, z, y: most_ rows each
  Scalar* estimate_ = nullptr;
  VectorOf<Scalar> scratch_;
  DenoiserScratch first_denoised_;  // the same noise for all vectors
  DenoiserScratch denoised_;
};

}  // namespace twofold::decode
