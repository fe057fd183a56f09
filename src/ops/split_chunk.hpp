// As Chunk, by split products. Where σ or its slope jumps no code is on the wrong side, and of
// top_k no code is wrongly kept.
#pragma once

#include "chunk.hpp"
#include "scratch_pool.hpp"
#include "twofold/linalg/split_product.hpp"

namespace twofold::ops {

/// What a Workspace holds for it.
struct SplitBuffers {
  /// Of a block: packed, its rows stay in the L2 cache beside a few hundred samples.
  static constexpr Index kNeurons = 64;

  /// Operands of one block of neurons.
  struct Scratch {
    SplitOperand weights;  ///< block×d, or its transpose
    SplitOperand codes;    ///< block×samples, or its transpose
  };
  /// Right operands: columns are samples, for codes, or coordinates, for gradients.
  struct Samples {
    SplitOperand by_sample, by_coordinate;
  };

  SplitBuffers(Index chunk, Index d, Index block, Index strips);

  Samples X, E;
  VectorF norms;  // of the samples
  ScratchPool<Scratch> scratch;
  // For top_k: three rows of n codes a strip, norms of the neurons and the largest of them.
  Vector rows;
  VectorF neuron_norms;
  float largest = 0;
};

class SplitChunk final : public Chunk<float> {
 public:
  /// @pre as Chunk, and buffers.split is there.
  SplitChunk(const ConstView<float>& X, const model::Weights<float>& weights,
             const model::Activation& activation, Buffers& buffers, ThreadPool& pool);

 private:
  void take_samples() override;
  void encode(Span block) override;
  void keep_largest(const model::TopK& top_k, Index sample, Index strip, Codes z, Codes value,
                    Codes slope) override;
  void decode(Span block, Index strip, bool first) override;
  void take_residual() override;
  void project(Span block, float factor, Block D) override;
  void add_gradient(Span block, float factor, const Block& D, float keep, MatrixF& encoder,
                    MatrixF& decoder) override;

  void take_norms(const ConstView<float>& rows, VectorF& norms);
  void pack(const ConstView<float>& rows, SplitBuffers::Samples& samples);

  SplitBuffers& split_;
};

}  // namespace twofold::ops
