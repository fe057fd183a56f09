// As Chunk, for max(z, 0) without a bias: half of the pairs of neuron and sample cost one product
// instead of five.
#pragma once

#include <vector>

#include "active_pass.hpp"
#include "buffers.hpp"
#include "descent.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops {

/// What a Workspace holds for it.
struct ActiveBuffers {
  ActivePass pass;
  ActivePass::Samples samples;
  std::vector<ActivePass::Scratch> strips;
};

class ActiveChunk {
 public:
  using Buffers = Workspace<float>::Buffers;

  /// Whether this processor can, and this is such a network.
  [[nodiscard]] static bool serves(const model::Weights<float>& weights,
                                   const model::Activation& activation) noexcept;

  /// Makes its buffers the first time. @pre serves(...), and as Chunk.
  ActiveChunk(const ConstView<float>& X, const model::Weights<float>& weights, Buffers& buffers,
              ThreadPool& pool);

  void forward(bool with_slopes);
  void reconstruction(View<float> Xhat);
  double residual();
  void backward(model::Weights<float>& gradient, float factor, bool first);
  void descend(const BlockDescent<float>& rows, float factor);

 private:
  template <typename Body>
  void run(Index count, Body&& body);
  template <typename Body>
  void for_each_block(Body&& body);
  template <typename Body>
  void for_each_sample(Body&& body);
  void output(Index sample, float* row) const;

  ConstView<float> X_;
  const model::Weights<float>& weights_;
  Buffers& buffers_;
  ActiveBuffers& active_;
  ThreadPool& pool_;
};

}  // namespace twofold::ops
