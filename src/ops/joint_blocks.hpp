// How a block of neurons takes its part in a joint step.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>

#include "run_blocks.hpp"
#include "twofold/ops/joint_step.hpp"

namespace twofold::ops {

/// What all blocks of a step know.
struct JointSizes {
  Index samples, d, neurons;
  Index chunk;  ///< samples per pass over the weights, all but the last
};

/// Strips are consecutive blocks: the unit of parallel work. Each has its own sums, so that any
/// thread may do any strip.
inline constexpr Index kStrips = 16;
/// Samples per block where the strips are added up, which a split operand takes at once.
inline constexpr Index kRows = kSplitInner;

/// The products of a joint step, block by block. Blocks of different strips may run at once.
template <std::floating_point Scalar>
class JointBlocks {
 public:
  JointBlocks(const JointSizes& sizes, Index block);
  virtual ~JointBlocks() = default;

  /// body(block) for those of a strip.
  template <typename Body>
  void for_each_block(Index strip, Body&& body) const {
    ops::for_each_block(sizes_.neurons, block_, strips_, strip, body);
  }
  [[nodiscard]] Index strips() const noexcept { return strips_; }
  /// As JointStep::arithmetic.
  [[nodiscard]] virtual std::string_view arithmetic() const noexcept = 0;

  /// The update of these neurons' weights for all chunks, by `factors` times the products:
  /// a_r += factors.decoder Σ_s h_r e_s, and the encoder's likewise.
  virtual void update(model::Weights<Scalar>& weights, Span block, Index strip,
                      FactorSteps<Scalar> factors) = 0;
  /// Codes of a chunk's samples, if `encode`, and the neurons' part in its outputs: stored for the
  /// first block of a strip, added for the others.
  virtual void forward(const model::Weights<Scalar>& weights, Span block, Span chunk, Index strip,
                       bool encode, bool first) = 0;
  /// Σ_r h_r a_r of a sample of the chunk, strip by strip.
  virtual void output(Span chunk, Index sample, Scalar* row) const = 0;
  /// Rows of E, [rows.begin, rows.begin + rows.size), are new: from a multiple of kRows on within
  /// the chunk. Different rows may come at once.
  virtual void take_residual(Span chunk, Span rows, const MatrixOf<Scalar>& E) = 0;

 protected:
  /// Z = BXᵀ or H = max(Z, 0) of a block and a chunk: block×chunk, row by row.
  [[nodiscard]] Scalar* codes(Span block, Span chunk) noexcept {
    return codes_.data() + chunk.begin * sizes_.neurons + block.begin * chunk.size;
  }
  template <typename Body>
  void for_each_chunk(Body&& body) const {
    for (Index begin = 0; begin < sizes_.samples; begin += sizes_.chunk) {
      body(Span{begin, std::min(sizes_.chunk, sizes_.samples - begin)});
    }
  }

  JointSizes sizes_;
  Index block_, strips_;  // neurons of a block, strips

 private:
  VectorOf<Scalar> codes_;
};

/// The parts of the strips in the outputs of a chunk's samples.
template <std::floating_point Scalar>
class StripSums {
 public:
  StripSums(Index strips, const JointSizes& sizes)
      : chunk_(sizes.chunk), sums_(MatrixOf<Scalar>::Zero(strips * sizes.chunk, sizes.d)) {}

  /// samples×d
  [[nodiscard]] View<Scalar> of(Index strip, Index samples) {
    return sums_.middleRows(strip * chunk_, samples);
  }
  /// row <- the sum over the strips of sample `at` of the chunk.
  void add_up(Index at, Scalar* row) const {
    Eigen::Map<Eigen::RowVectorX<Scalar>> x(row, sums_.cols());
    x.setZero();
    for (; at < sums_.rows(); at += chunk_) x += sums_.row(at);
  }

 private:
  Index chunk_;
  MatrixOf<Scalar> sums_;
};

/// By the BLAS, for any machine and precision. X must outlive it, here and below.
template <std::floating_point Scalar>
[[nodiscard]] std::unique_ptr<JointBlocks<Scalar>> dense_joint_blocks(ConstView<Scalar> X,
                                                                      JointSizes sizes,
                                                                      TrainedFactors trained);

/// By the pairs that fire; nullptr where this machine's processor lacks the instructions.
[[nodiscard]] std::unique_ptr<JointBlocks<float>> active_joint_blocks(ConstView<float> X,
                                                                      JointSizes sizes,
                                                                      TrainedFactors trained);

/// By split products, for any machine.
[[nodiscard]] std::unique_ptr<JointBlocks<float>> split_joint_blocks(ConstView<float> X,
                                                                     JointSizes sizes,
                                                                     TrainedFactors trained);

}  // namespace twofold::ops
