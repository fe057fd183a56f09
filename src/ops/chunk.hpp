// One chunk of samples on its way through the network and back.
//
// The neurons are cut into fixed blocks and the blocks into fixed strips; a strip is the unit of
// parallel work. Each block is one product with X, the activation, and one product with the
// weights it writes, all while it is in cache:
//   forward    Z = B_blk Xᵀ + b,  H = σ(Z),  S = σ'(Z),  out_strip += scale Hᵀ A_blk
//   residual   E = X - Σ_strips out_strip, in the order of the strips
//   backward   D = (A_blk Eᵀ)∘S,  ∂A_blk = H E,  ∂B_blk = D X,  ∂b_blk = D 1
#pragma once

#include "buffers.hpp"
#include "span_of_rows.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
class Chunk {
 public:
  using Buffers = typename Workspace<Scalar>::Buffers;

  /// @pre X has at most buffers.chunk rows, and the shapes of X, weights and buffers agree.
  Chunk(const ConstView<Scalar>& X, const model::Weights<Scalar>& weights,
        const model::Activation& activation, Buffers& buffers, ThreadPool& pool);

  /// Codes, slopes if wanted, and what each strip writes.
  void forward(bool with_slopes);

  /// Xhat = Σ_strips. After forward, instead of residual.
  void reconstruction(View<Scalar> Xhat);

  /// E = X - x̂, kept for backward. @return Σ_s ‖e_s‖².
  double residual();

  /// gradient (+)= factor (∂A, ∂B, ∂b) of this chunk; overwritten if `first`. After forward with
  /// slopes and residual.
  void backward(model::Weights<Scalar>& gradient, Scalar factor, bool first);

 private:
  using Block = Eigen::Map<MatrixOf<Scalar>>;

  template <typename Body>
  void run(Index count, Body&& body);
  template <typename Body>
  void for_each_block(Index strip, Body&& body);

  void encode(Span block);
  void activate_block(Span block, bool with_slopes);
  void decode(Span block, Index strip, bool first);
  void activate_samples(const model::TopK& top_k, Index strip);
  void backward_block(Span block, Index strip, model::Weights<Scalar>& gradient, Scalar factor,
                      Scalar keep);

  [[nodiscard]] Block codes(Span block) const;
  [[nodiscard]] Block slopes(Span block) const;
  [[nodiscard]] Block output(Index strip) const;

  ConstView<Scalar> X_;
  const model::Weights<Scalar>& weights_;
  const model::Activation& activation_;
  Buffers& buffers_;
  ThreadPool& pool_;
  Index samples_, d_, blocks_, strips_;
};

}  // namespace twofold::ops
