// A block of neurons and a chunk of samples, by the pairs that fire.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "active_kernels.hpp"
#include "span_of_rows.hpp"

namespace twofold::ops {

/// Zeros from a multiple of 64 bytes on.
class AlignedFloats {
 public:
  explicit AlignedFloats(Index size = 0) : memory_(VectorF::Zero(size + kPad)) {}
  [[nodiscard]] float* data() noexcept { return memory_.data() + shift(); }
  [[nodiscard]] const float* data() const noexcept { return memory_.data() + shift(); }

 private:
  static constexpr Index kPad = 15;
  [[nodiscard]] Index shift() const noexcept {
    const auto beyond = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64;
    return static_cast<Index>((64 - beyond) % 64 / sizeof(float));
  }
  VectorF memory_;
};

/// Columns in panels of `width`, each row by row; the last one as wide as it must be.
struct Panels {
  Index width, columns;

  /// As few panels as there can be, of about the same width.
  [[nodiscard]] static Panels of(Index columns);
  [[nodiscard]] Index size(Index rows) const noexcept;
  /// Columns of the panel at column `first` that exist.
  [[nodiscard]] Index filled(Index first, Index panel_width) const noexcept {
    return std::min(panel_width, columns - first);
  }
  /// body(first column, width, place of the panel) for a matrix of `rows` rows.
  template <typename Body>
  void for_each(Index rows, Body&& body) const {
    for (Index first = 0; first < columns; first += width) {
      const Index vectors = num_blocks(columns - first, kPanelLanes);
      body(first, std::min(width, vectors * kPanelLanes), first * rows);
    }
  }
  /// Row `row` of a matrix of `rows` rows. Places beyond the last column are left as they are: 0.
  void write(const float* from, Index rows, Index row, AlignedFloats& panels) const;
  void read(const AlignedFloats& panels, Index rows, Index row, float* to) const;
};

class ActivePass {
 public:
  static constexpr Index kNeurons = 64;  ///< of a block

  /// @param chunk  most samples of a chunk
  ActivePass(const ActiveKernels& kernels, Index d, Index chunk);

  /// Of a chunk: rows in panels, and X transposed in panels of samples. There may be fewer samples
  /// than there is room for.
  struct Samples {
    Index size, room;
    AlignedFloats X, E, Xt;
    VectorF norms;  ///< norm_for_repair of the rows of X
  };
  /// Memory of one thread's work, with room for whole blocks and chunks; `sums` lasts for a chunk.
  struct Scratch {
    AlignedFloats rows;    ///< of a block, in panels
    AlignedFloats sums;    ///< chunk×d, in panels: Σ h_r a_r
    AlignedFloats values;  ///< of the pairs of a block and a tile, neuron by neuron or transposed
    std::vector<std::uint64_t> fires;
  };
  [[nodiscard]] Samples samples(Index room) const;
  [[nodiscard]] Scratch scratch() const;
  void take_sample(Index i, const float* x, Samples& samples) const;
  void take_residual(Index i, const float* e, Samples& samples) const;
  /// The block's rows of M into scratch.rows, and back.
  void pack(const MatrixF& M, Span block, Scratch& scratch) const;
  void unpack(const Scratch& scratch, Span block, MatrixF& M) const;

  /// Z = B Xᵀ of the block: its size × the chunk's, row by row; no sign is wrong.
  /// @param X  the chunk's rows
  void encode(const MatrixF& B, Span block, const Samples& samples, ConstView<float> X,
              float* Z) const;
  /// scratch.sums += Hᵀ A, over the block, whose rows of A are in scratch.rows; H = max(Z, 0).
  void decode(Index rows, const float* Z, Index samples, Scratch& scratch) const;
  void clear_sums(Scratch& scratch) const;
  /// Row `sample` of the sums, added to `row` (d).
  void add_sums(const Scratch& scratch, Index sample, float* row) const;

  /// What a chunk adds to the two factors of a block, rows from `block` on:
  ///   scratch.rows = start + decoder_factor H E,
  ///   encoder += encoder_factor [(A Eᵀ)∘1(H > 0)] X, to scratch.rows where it is null.
  /// One whose factor is not wanted is not computed.
  struct Gradient {
    const MatrixF& A;
    const MatrixF* start;  ///< before the first chunk; 0 where it is null, if the encoder moves
    MatrixF* encoder;
    bool moves_decoder, moves_encoder;
    float decoder_factor, encoder_factor;
  };
  void backward(const float* Z, Span block, const Samples& samples, bool first_chunk,
                const Gradient& gradient, Scratch& scratch) const;

 private:
  const ActiveKernels& kernels_;
  Panels panels_;
  Index chunk_, tile_;  // samples
};

}  // namespace twofold::ops
