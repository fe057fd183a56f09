#include "twofold/model/tangent_start.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <span>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::model {
namespace {

using Names = std::array<std::string_view, 2>;
constexpr Names kStarts{"plain", "antisymmetric"};
constexpr Names kLaws{"signs", "normal"};
constexpr Names kScalings{"mean_field", "standard"};

template <typename Enum>
Enum parse(std::string_view name, const Names& names, std::string_view where) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  throw InvalidArgument(
      where, fmt::format("unknown name '{}'; there are: {}", name, fmt::join(names, ", ")));
}

void check_sizes(Index neurons, Index d, std::string_view where) {
  require(neurons >= 1 && d >= 1, where,
          fmt::format("need at least one neuron and one dimension, got {} and {}", neurons, d));
}

template <typename Scalar>
std::span<Scalar> row_of(MatrixOf<Scalar>& M, Index r) {
  return {M.row(r).data(), static_cast<std::size_t>(M.cols())};
}

// The bits of one index are the signs of up to 256 columns.
template <typename Scalar>
void fill_signs(const RandomStream& stream, std::uint64_t index, std::span<Scalar> row) {
  std::array<std::uint64_t, 4> bits{};
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (j % 256 == 0) bits = stream.bits(index, j / 256);
    row[j] = (bits[j % 256 / 64] >> (j % 64) & 1) != 0 ? Scalar(1) : Scalar(-1);
  }
}

}  // namespace

std::string_view tangent_start_name(TangentStart kind) {
  return kStarts[static_cast<std::size_t>(kind)];
}
std::string_view decoder_law_name(DecoderLaw law) {
  return kLaws[static_cast<std::size_t>(law)];
}
std::string_view tied_scaling_name(TiedScaling scaling) {
  return kScalings[static_cast<std::size_t>(scaling)];
}

TangentStart parse_tangent_start(std::string_view name) {
  return parse<TangentStart>(name, kStarts, "model::parse_tangent_start");
}
DecoderLaw parse_decoder_law(std::string_view name) {
  return parse<DecoderLaw>(name, kLaws, "model::parse_decoder_law");
}
TiedScaling parse_tied_scaling(std::string_view name) {
  return parse<TiedScaling>(name, kScalings, "model::parse_tied_scaling");
}

template <std::floating_point Scalar>
Weights<Scalar> tangent_start(TangentStart kind, Index neurons, Index d, std::uint64_t seed,
                              DecoderLaw law) {
  constexpr std::string_view where = "model::tangent_start";
  check_sizes(neurons, d, where);
  const bool mirrored = kind == TangentStart::Antisymmetric;
  require(!mirrored || neurons % 2 == 0, where,
          fmt::format("antisymmetric needs an even number of neurons, got {}", neurons));
  const RandomStream encoder(seed, "neurons"), decoder(seed, "decoder");
  const Index drawn = mirrored ? neurons / 2 : neurons;
  Weights<Scalar> weights;
  weights.encoder.resize(neurons, d);
  weights.decoder.resize(neurons, d);
  for (Index r = 0; r < drawn; ++r) {
    const auto index = static_cast<std::uint64_t>(r);
    encoder.fill_normal(index, row_of(weights.encoder, r));
    const std::span<Scalar> a = row_of(weights.decoder, r);
    if (law == DecoderLaw::Normal) {
      decoder.fill_normal(index, a);
    } else {
      fill_signs(decoder, index, a);
    }
  }
  if (mirrored) {
    weights.encoder.bottomRows(drawn) = weights.encoder.topRows(drawn);
    weights.decoder.bottomRows(drawn) = -weights.decoder.topRows(drawn);
  }
  weights.scale = static_cast<Scalar>(1 / std::sqrt(static_cast<double>(neurons * d)));
  return weights;
}

template <std::floating_point Scalar>
Weights<Scalar> tied_tangent_start(Index neurons, Index d, double deviation, TiedScaling scaling,
                                   std::uint64_t seed) {
  constexpr std::string_view where = "model::tied_tangent_start";
  check_sizes(neurons, d, where);
  require(std::isfinite(deviation) && deviation > 0, where,
          fmt::format("deviation must be finite and > 0, got {}", deviation));
  const RandomStream stream(seed, "neurons");
  Weights<Scalar> weights;
  weights.encoder.resize(neurons, d);
  for (Index r = 0; r < neurons; ++r) {
    stream.fill_normal(static_cast<std::uint64_t>(r), row_of(weights.encoder, r));
  }
  weights.encoder *= static_cast<Scalar>(deviation);
  const auto n = static_cast<double>(neurons);
  weights.scale = static_cast<Scalar>(
      scaling == TiedScaling::MeanField ? 1 / n : 1 / std::sqrt(n * static_cast<double>(d)));
  return weights;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                              \
  template Weights<Scalar> tangent_start(TangentStart, Index, Index, std::uint64_t, DecoderLaw); \
  template Weights<Scalar> tied_tangent_start(Index, Index, double, TiedScaling, std::uint64_t);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::model
