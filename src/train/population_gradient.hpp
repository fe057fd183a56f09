// The computation behind population_loss.hpp, with memory that is kept from step to step.
#pragma once

#include <string_view>
#include <vector>

#include "decoder_fit.hpp"
#include "twofold/train/population_loss.hpp"

namespace twofold::train {

class PopulationGradient {
 public:
  /// @throws InvalidArgument(where, ...)  if the problem is outside its domain for n×d encoders.
  PopulationGradient(const PopulationProblem& problem, Index n, Index d, std::string_view where);

  /// R at B on these masks; NaN if it is not finite. Leaves the decoder for `gradient`.
  double loss(const Matrix& B, const Matrix& masks, ThreadPool& pool);

  /// ∂R/∂B at the B and masks of the last call of `loss`, which was finite.
  void gradient(const Matrix& B, const Matrix& masks, Matrix& gradient, ThreadPool& pool);

 private:
  // What one block of masks works with: sums over its masks, and the quantities of one mask.
  struct Block {
    std::vector<Index> support;  // coordinates with m_j = 1
    Matrix U, dU;                // n×d, the first columns used: one for each of `support`
    Vector inverse_norm;         // of B_i ∘ (s m); 0 where that is 0
    Matrix cosines;              // U Uᵀ
    Matrix gram;                 // sum of arcsin(U Uᵀ), lower triangle
    Matrix wide;                 // sum of U ∘ (s m), or of the gradient
  };

  Block make_block() const;
  template <typename PerMask>
  void for_each_mask(const Matrix& masks, ThreadPool& pool, PerMask&& per_mask);
  void project(const Matrix& B, const Matrix& masks, Index mask, Block& block) const;
  void add_moments(Block& block) const;
  void add_gradient(Block& block) const;

  Vector deviations_;
  double variance_;  // Σ s_i²
  double slope_;     // c1/√p
  std::vector<Block> blocks_;
  Index blocks_used_ = 0;
  Matrix gram_, cross_;  // K and Cᵀ
  DecoderFit decoder_;
  Matrix coupling_;  // AᵀA without its diagonal
};

}  // namespace twofold::train
