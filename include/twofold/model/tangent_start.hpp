// Where wide networks in the tangent-kernel scaling start.
#pragma once

#include <cstdint>
#include <string_view>

#include "twofold/model/weights.hpp"

namespace twofold::model {

/// How encoder and decoder of an untied network are drawn.
enum class TangentStart {
  Plain,          ///< b_r ~ N(0, I), a_r as DecoderLaw says, all independent
  Antisymmetric,  ///< the first half as Plain, then b_{r+N/2} = b_r, a_{r+N/2} = -a_r: x̂ = 0
};

/// Entries of a_r: mean 0, variance 1, independent.
enum class DecoderLaw { Signs, Normal };

/// What a tied network divides its sum by.
enum class TiedScaling {
  MeanField,  ///< scale = 1/N
  Standard,   ///< scale = 1/√(Nd), the one of untied networks
};

/// "plain" or "antisymmetric"; "signs" or "normal"; "mean_field" or "standard".
[[nodiscard]] std::string_view tangent_start_name(TangentStart kind);
[[nodiscard]] std::string_view decoder_law_name(DecoderLaw law);
[[nodiscard]] std::string_view tied_scaling_name(TiedScaling scaling);

/// The inverse of the names. @throws InvalidArgument  listing them.
[[nodiscard]] TangentStart parse_tangent_start(std::string_view name);
[[nodiscard]] DecoderLaw parse_decoder_law(std::string_view name);
[[nodiscard]] TiedScaling parse_tied_scaling(std::string_view name);

/// x̂ = 1/√(Nd) Σ_r a_r σ(⟨b_r, x⟩) at random weights of variance 1.
///
/// With σ = relu the output of a Plain start does not vanish with N: E‖x̂‖² = ‖x‖²/2
/// (docs/theory/tangent_kernel.md). That of an Antisymmetric start does, up to the rounding of sums
/// of opposite numbers; its kernel is on average the same, at half the effective width.
/// Random numbers: RandomStream(seed, "neurons") for b_r, as initial_neurons, and
/// RandomStream(seed, "decoder") for a_r, one index per row: the first rows of a wider network are
/// those of a narrower one (Plain). The float version rounds the double one.
/// @throws InvalidArgument  if N or d < 1, or N is odd (Antisymmetric).
template <std::floating_point Scalar>
[[nodiscard]] Weights<Scalar> tangent_start(TangentStart kind, Index neurons, Index d,
                                            std::uint64_t seed, DecoderLaw law = DecoderLaw::Signs);

/// x̂ = scale Σ_r w_r σ(⟨w_r, x⟩) with w_r ~ N(0, deviation² I), from RandomStream(seed, "neurons").
/// @throws InvalidArgument  if N or d < 1, or deviation is not finite or <= 0.
template <std::floating_point Scalar>
[[nodiscard]] Weights<Scalar> tied_tangent_start(Index neurons, Index d, double deviation,
                                                 TiedScaling scaling, std::uint64_t seed);

}  // namespace twofold::model
