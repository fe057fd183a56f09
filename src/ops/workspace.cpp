#include "twofold/ops/workspace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "active_chunk.hpp"
#include "buffers.hpp"
#include "split_chunk.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {

Index Blocking::chunk(Index d, Index neurons) noexcept {
  constexpr Index kScalars = Index{1} << 24;
  return std::clamp<Index>(kScalars / std::max(neurons, kStrips * d), 64, 1024);
}

namespace {

std::string_view split_arithmetic() {
  static const std::string text = fmt::format("split_bf16 ({})", split_product_instructions());
  return text;
}

}  // namespace

template <std::floating_point Scalar>
Workspace<Scalar>::Workspace(Index batch, Index d, Index neurons, FloatProducts products) {
  require(batch >= 1 && d >= 1 && neurons >= 1, "ops::Workspace",
          fmt::format("batch, d and neurons must be >= 1, got {}, {}, {}", batch, d, neurons));
  require(products == FloatProducts::Float || std::is_same_v<Scalar, float>, "ops::Workspace",
          "split_bf16 splits float, not double");
  const Index chunk = std::min(batch, Blocking::chunk(d, neurons));
  const bool splits = products == FloatProducts::SplitBf16;
  const Index block = std::min(neurons, splits ? SplitBuffers::kNeurons : Blocking::kNeurons);
  const Index strips = std::min(Blocking::kStrips, num_blocks(neurons, block));
  buffers_ = std::make_unique<Buffers>(Buffers{
      .batch = batch,
      .d = d,
      .neurons = neurons,
      .chunk = chunk,
      .block = block,
      .codes = VectorOf<Scalar>::Zero(neurons * chunk),
      .slopes = VectorOf<Scalar>::Zero(neurons * chunk),
      .strips = VectorOf<Scalar>::Zero(strips * chunk * d),
      .back = VectorOf<Scalar>::Zero(strips * block * chunk),
      .rows = VectorOf<Scalar>::Zero(Blocking::kStrips * 3 * neurons),
      .squares = Vector::Zero(chunk),
  });
  if (splits) buffers_->split = std::make_unique<SplitBuffers>(chunk, d, block, strips);
}

template <std::floating_point Scalar>
Workspace<Scalar>::~Workspace() = default;
template <std::floating_point Scalar>
Workspace<Scalar>::Workspace(Workspace&&) noexcept = default;
template <std::floating_point Scalar>
Workspace<Scalar>& Workspace<Scalar>::operator=(Workspace&&) noexcept = default;

template <std::floating_point Scalar>
std::string_view Workspace<Scalar>::arithmetic(const model::Weights<Scalar>& weights,
                                               const model::Activation& activation) const noexcept {
  if constexpr (std::is_same_v<Scalar, float>) {
    if (buffers_->split != nullptr) return split_arithmetic();
    if (ActiveChunk::serves(weights, activation)) return "float, pairs that fire (AVX-512)";
    return "float (BLAS)";
  }
  return "double (BLAS)";
}

template class Workspace<float>;
template class Workspace<double>;

}  // namespace twofold::ops
