// What the reference and the fast steps of the k-sparse autoencoder have in common: domains, the
// shape of the state, and which numbers a step uses.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/ops/topk_step.hpp"

namespace twofold::ops {

inline void check_options(const TopKStepOptions& o, std::string_view where) {
  const auto beta = [](double b) { return b >= 0 && b < 1; };
  require(o.k >= 1, where, fmt::format("k must be >= 1, got {}", o.k));
  require(beta(o.beta1) && beta(o.beta2), where,
          fmt::format("beta1 and beta2 must be in [0, 1), got {} and {}", o.beta1, o.beta2));
  require(o.epsilon > 0 && std::isfinite(o.epsilon), where,
          fmt::format("epsilon must be finite and > 0, got {}", o.epsilon));
  require(o.dead_after > 0, where, fmt::format("dead_after must be > 0, got {}", o.dead_after));
  require(o.aux_weight >= 0 && std::isfinite(o.aux_weight), where,
          fmt::format("aux_weight must be finite and >= 0, got {}", o.aux_weight));
  require(o.aux_k >= 0, where, fmt::format("aux_k must be >= 0, got {}", o.aux_k));
}

/// Messages are built only when they are thrown: nothing is allocated on the good path.
template <typename Scalar>
void check_state(const TopKState<Scalar>& state, const TopKStepOptions& options,
                 std::string_view where) {
  model::check_shapes(state.weights, where);
  const Index m = state.weights.units(), d = state.weights.dimension();
  if (static_cast<Index>(state.silent.size()) != m) {
    throw InvalidArgument(where, fmt::format("{} counters for {} units", state.silent.size(), m));
  }
  if (options.optimizer == TopKOptimizer::Sgd) return;
  for (const auto* moments : {&state.first, &state.second}) {
    if (moments->encoder.rows() == m && moments->encoder.cols() == d &&
        moments->decoder.size() == state.weights.decoder.size() &&
        moments->encoder_bias.size() == state.weights.encoder_bias.size() &&
        moments->decoder_bias.size() == state.weights.decoder_bias.size()) {
      continue;
    }
    throw InvalidArgument(where, "the moments of adam must have the shapes of the weights");
  }
}

template <typename Scalar>
void check_samples(const ConstView<Scalar>& X, const model::TopKAutoencoder<Scalar>& weights,
                   std::string_view where) {
  if (X.cols() == weights.dimension()) return;
  throw InvalidArgument(where, fmt::format("samples have dimension {}, the weights expect {}",
                                           X.cols(), weights.dimension()));
}

inline Index aux_units(const TopKStepOptions& options, Index d) noexcept {
  return options.aux_k > 0 ? options.aux_k : std::max<Index>(d / 2, 1);
}

/// Σ‖v_s − v̄‖² from Σ‖v_s‖² and ‖Σ v_s‖²: 0 where nothing but rounding is left.
inline double scatter(double squares, double squared_sum, Index N) noexcept {
  constexpr double kRounding = 1e-12;
  const double about_mean = squares - squared_sum / static_cast<double>(N);
  return about_mean > kRounding * squares ? about_mean : 0.0;
}

/// The numbers of one update, rounded once.
template <typename Scalar>
struct TopKRates {
  bool adam;
  Scalar step;  ///< η, for adam η/(1 − β₁ᵗ)
  Scalar beta1, beta2;
  Scalar second_scale;  ///< 1/(1 − β₂ᵗ)
  Scalar epsilon;

  /// @param t  number of this update, from 1.
  TopKRates(const TopKStepOptions& o, double eta, std::int64_t t)
      : adam(o.optimizer == TopKOptimizer::Adam),
        step(static_cast<Scalar>(adam ? eta / (1 - std::pow(o.beta1, static_cast<double>(t)))
                                      : eta)),
        beta1(static_cast<Scalar>(o.beta1)),
        beta2(static_cast<Scalar>(o.beta2)),
        second_scale(static_cast<Scalar>(1 / (1 - std::pow(o.beta2, static_cast<double>(t))))),
        epsilon(static_cast<Scalar>(o.epsilon)) {}
};

}  // namespace twofold::ops
