// A batch cut into fixed chunks.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "active_chunk.hpp"
#include "check_batch.hpp"
#include "chunk.hpp"
#include "split_chunk.hpp"

namespace twofold::ops {

/// Checks the shapes; then calls body(chunk, begin, size) for the chunks of the batch, in order;
/// the chunk is a Chunk or as one.
template <typename Scalar, typename Body>
void for_each_chunk(const ConstView<Scalar>& X, const model::Weights<Scalar>& weights,
                    const model::Activation& activation, Workspace<Scalar>& workspace,
                    ThreadPool& pool, std::string_view where, Body&& body) {
  check_batch<Scalar>(X, weights, where);
  auto& buffers = workspace.buffers();
  if (X.rows() > buffers.batch || X.cols() != buffers.d || weights.neurons() != buffers.neurons) {
    throw InvalidArgument(
        where, fmt::format("the workspace was made for batch <= {}, d = {}, n = {}; got {}, {}, {}",
                           buffers.batch, buffers.d, buffers.neurons, X.rows(), X.cols(),
                           weights.neurons()));
  }
  for (Index begin = 0; begin < X.rows(); begin += buffers.chunk) {
    const Index size = std::min(buffers.chunk, X.rows() - begin);
    if constexpr (std::is_same_v<Scalar, float>) {
      if (buffers.split != nullptr) {
        SplitChunk chunk(X.middleRows(begin, size), weights, activation, buffers, pool);
        body(chunk, begin, size);
        continue;
      }
      if (ActiveChunk::serves(weights, activation)) {
        ActiveChunk chunk(X.middleRows(begin, size), weights, buffers, pool);
        body(chunk, begin, size);
        continue;
      }
    }
    Chunk<Scalar> chunk(X.middleRows(begin, size), weights, activation, buffers, pool);
    body(chunk, begin, size);
  }
}

}  // namespace twofold::ops
