// One chunk of samples on its way through the network and back.
//
// The neurons are cut into fixed blocks and the blocks into fixed strips; a strip is the unit of
// parallel work. Each block is one product with X, the activation, and one product with the
// weights it writes, all while it is in cache:
//   forward    Z = B_blk Xᵀ + b,  H = σ(Z),  S = σ'(Z),  out_strip += scale Hᵀ A_blk
//   residual   E = X - Σ_strips out_strip, in the order of the strips
//   backward   D = (A_blk Eᵀ)∘S,  ∂A_blk = H E,  ∂B_blk = D X,  ∂b_blk = D 1
#pragma once

#include <span>

#include "buffers.hpp"
#include "descent.hpp"
#include "run_blocks.hpp"
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
  virtual ~Chunk() = default;

  /// Codes, slopes if wanted, and what each strip writes.
  void forward(bool with_slopes);

  /// Xhat = Σ_strips. After forward, instead of residual.
  void reconstruction(View<Scalar> Xhat);

  /// E = X - x̂, kept for backward. @return Σ_s ‖e_s‖².
  double residual();

  /// gradient (+)= factor (∂A, ∂B, ∂b) of this chunk; overwritten if `first`. After forward with
  /// slopes and residual.
  void backward(model::Weights<Scalar>& gradient, Scalar factor, bool first);

  /// rows.target() += factor ∂B, of tied weights without bias, which are changed in place.
  void descend(const BlockDescent<Scalar>& rows, Scalar factor);

 protected:
  using Block = Eigen::Map<MatrixOf<Scalar>>;
  using Codes = std::span<Scalar>;

  // What computes: by the BLAS, unless replaced. Blocks of different strips may run at once.
  /// X is new.
  virtual void take_samples() {}
  /// codes(block) = Z.
  virtual void encode(Span block);
  /// σ and σ' of all codes of a sample.
  virtual void keep_largest(const model::TopK& top_k, Index sample, Index strip, Codes z,
                            Codes value, Codes slope);
  /// output(strip) (+)= scale Hᵀ A_blk; overwritten if `first`.
  virtual void decode(Span block, Index strip, bool first);
  /// E is new.
  virtual void take_residual() {}
  /// D = factor A_blk Eᵀ.
  virtual void project(Span block, Scalar factor, Block D);
  /// keep ∂A_blk + factor H E and keep ∂B_blk + D X, or, if tied, ∂B_blk with both; keep is 0 or 1.
  virtual void add_gradient(Span block, Scalar factor, const Block& D, Scalar keep,
                            MatrixOf<Scalar>& encoder, MatrixOf<Scalar>& decoder);

  template <typename Body>
  void run(Index count, Body&& body);
  template <typename Body>
  void for_each_block(Index strip, Body&& body);
  void add_bias(Span block);
  [[nodiscard]] Block codes(Span block) const;
  [[nodiscard]] Block slopes(Span block) const;
  [[nodiscard]] Block output(Index strip) const;

  ConstView<Scalar> X_;
  const model::Weights<Scalar>& weights_;
  const model::Activation& activation_;
  Buffers& buffers_;
  ThreadPool& pool_;
  Index samples_, d_, strips_;

 private:
  void activate_block(Span block, bool with_slopes);
  void activate_samples(const model::TopK& top_k, Index strip);
  Block back(Span block, Index strip, Scalar factor);
  void backward_block(Span block, Index strip, model::Weights<Scalar>& gradient, Scalar factor,
                      Scalar keep);
};

template <std::floating_point Scalar>
template <typename Body>
void Chunk<Scalar>::run(Index count, Body&& body) {
  const double flops = 4.0 * static_cast<double>(samples_) * static_cast<double>(d_) *
                       static_cast<double>(weights_.neurons());
  run_blocks(pool_, flops, count, body);
}

template <std::floating_point Scalar>
template <typename Body>
void Chunk<Scalar>::for_each_block(Index strip, Body&& body) {
  ops::for_each_block(weights_.neurons(), buffers_.block, strips_, strip, body);
}

}  // namespace twofold::ops
