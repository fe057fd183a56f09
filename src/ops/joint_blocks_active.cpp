#include <algorithm>
#include <cstdint>
#include <vector>

#include "active_kernels.hpp"
#include "joint_blocks.hpp"

namespace twofold::ops {
namespace {

// Neurons of a block. Their rows of a panel stay in the first cache, and so do a tile's samples of
// one: at most kTileLanes numbers.
constexpr Index kNeurons = 64, kTileLanes = 8192, kMostSamples = 128;
constexpr Index kPanelOfCodes = 64;

// Zeros from a multiple of 64 bytes on.
class Aligned {
 public:
  explicit Aligned(Index size = 0) : memory_(VectorF::Zero(size + kPad)) {}
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

// Columns in panels of `width`, each row by row; the last one as wide as it must be.
struct Panels {
  Index width, columns;

  // As few panels as there can be, of about the same width.
  static Panels of(Index columns) {
    const Index vectors = num_blocks(columns, kPanelLanes);
    return {num_blocks(vectors, num_blocks(vectors, kPanelVectors)) * kPanelLanes, columns};
  }
  [[nodiscard]] Index size(Index rows) const noexcept {
    return rows * num_blocks(columns, kPanelLanes) * kPanelLanes;
  }
  // body(first column, width, place of the panel) for a matrix of `rows` rows.
  template <typename Body>
  void for_each(Index rows, Body&& body) const {
    for (Index first = 0; first < columns; first += width) {
      const Index vectors = num_blocks(columns - first, kPanelLanes);
      body(first, std::min(width, vectors * kPanelLanes), first * rows);
    }
  }
  // Row `row` of a matrix of `rows` rows.
  void write(const float* from, Index rows, Index row, float* panels) const {
    for_each(rows, [&](Index first, Index w, Index panel) {
      std::copy_n(from + first, std::min(w, columns - first), panels + panel + row * w);
    });
  }
  void read(const float* panels, Index rows, Index row, float* to) const {
    for_each(rows, [&](Index first, Index w, Index panel) {
      std::copy_n(panels + panel + row * w, std::min(w, columns - first), to + first);
    });
  }
};

// Lists of up to `most` pairs for each of `rows` rows.
class Lists {
 public:
  Lists(Index rows, Index most)
      : stride_(most + kPanelLanes),
        count_(static_cast<std::size_t>(rows)),
        index_(static_cast<std::size_t>(rows * stride_)),
        value_(static_cast<std::size_t>(rows * stride_)) {}

  [[nodiscard]] ActivePairs pairs(Index rows) noexcept {
    return {rows, stride_, count_.data(), index_.data(), value_.data()};
  }

 private:
  Index stride_;
  std::vector<std::int32_t> count_, index_;
  std::vector<float> value_;
};

// The same pairs, the other way round.
void transpose(const ActivePairs& from, const ActivePairs& to) {
  std::fill_n(to.count, to.rows, 0);
  for (Index r = 0; r < from.rows; ++r) {
    for (Index e = r * from.stride, end = e + from.count[r]; e < end; ++e) {
      const Index row = from.index[e];
      const Index place = row * to.stride + to.count[row]++;
      to.index[place] = static_cast<std::int32_t>(r);
      to.value[place] = from.value[e];
    }
  }
}

// Memory of a strip.
struct Scratch {
  Aligned old, decoder, encoder;  // rows of a block, in panels
  Aligned partial;                // sums of the pairs of a tile
  Aligned sums;                   // chunk×d, in panels: Σ h_r a_r
  Lists by_neuron, by_sample;

  Scratch(const Panels& panels, Index chunk, Index tile)
      : old(panels.size(kNeurons)),
        decoder(panels.size(kNeurons)),
        encoder(panels.size(kNeurons)),
        partial(kNeurons * (tile + kPanelLanes) * kPanelLanes),
        sums(panels.size(chunk)),
        by_neuron(kNeurons, tile),
        by_sample(tile, kNeurons) {}
};

class ActiveBlocks final : public JointBlocks<float> {
 public:
  ActiveBlocks(const ActiveKernels& kernels, ConstView<float> X, const JointSizes& sizes,
               TrainedFactors trained)
      : JointBlocks(sizes, kNeurons),
        kernels_(kernels),
        trained_(trained),
        panels_(Panels::of(sizes.d)),
        tile_(std::min(sizes.chunk, std::min(kMostSamples, kTileLanes / panels_.width))),
        scratch_(static_cast<std::size_t>(strips_), Scratch(panels_, sizes.chunk, tile_)) {
    for_each_chunk([&](Span c) {
      Samples& s = chunks_.emplace_back(panels_.size(c.size),
                                        sizes.d * num_blocks(c.size, kPanelLanes) * kPanelLanes);
      for (Index i = 0; i < c.size; ++i) {
        const float* x = X.row(c.begin + i).data();
        panels_.write(x, c.size, i, s.X.data());
        // A column of Xᵀ, whose panels are of 64 samples.
        const Index first = i / kPanelOfCodes * kPanelOfCodes;
        const Index width =
            std::min(kPanelOfCodes, num_blocks(c.size - first, kPanelLanes) * kPanelLanes);
        float* column = s.Xt.data() + first * sizes.d + (i - first);
        for (Index k = 0; k < sizes.d; ++k) column[k * width] = x[k];
      }
    });
  }

  void update(model::Weights<float>& w, Span block, Index strip,
              FactorSteps<float> steps) override {
    Scratch& s = scratch_[static_cast<std::size_t>(strip)];
    const float encoder_factor = steps.encoder * w.scale;
    const float decoder_factor = w.tied() ? encoder_factor : steps.decoder * w.scale;
    MatrixF& A = w.tied() ? w.encoder : w.decoder;
    pack(A, block, s.decoder);
    // With one tile, a row is read for the last time before its update is written.
    const bool in_place = tile_ == sizes_.samples;
    if (trained_ != TrainedFactors::Decoder && !in_place) pack(A, block, s.old);
    if (trained_ != TrainedFactors::Decoder && !w.tied()) pack(w.encoder, block, s.encoder);
    for_each_chunk([&](Span c) {
      for (Index first = 0; first < c.size; first += tile_) {
        const Span tile{first, std::min(tile_, c.size - first)};
        const ActivePairs pairs = s.by_neuron.pairs(block.size);
        kernels_.fire(codes(block, c) + first, c.size, tile.size, decoder_factor, pairs);
        back(c, tile, pairs, in_place ? s.decoder : s.old, s);
        if (trained_ == TrainedFactors::Decoder) continue;
        kernels_.fold(s.partial.data(), encoder_factor, pairs);
        add(samples(c).X, c.size, tile.begin, pairs, w.tied() ? s.decoder : s.encoder, block.size);
      }
    });
    if (trained_ != TrainedFactors::Encoder) unpack(s.decoder, block, A);
    if (trained_ != TrainedFactors::Decoder && !w.tied()) unpack(s.encoder, block, w.encoder);
  }

  void forward(const model::Weights<float>& w, Span block, Span chunk, Index strip, bool encode,
               bool first_block) override {
    Scratch& s = scratch_[static_cast<std::size_t>(strip)];
    float* H = codes(block, chunk);
    if (encode) {
      kernels_.encode(block.size, chunk.size, sizes_.d, w.encoder.row(block.begin).data(), sizes_.d,
                      samples(chunk).Xt.data(), H, chunk.size);
    }
    if (first_block) std::fill_n(s.sums.data(), panels_.size(chunk.size), 0.0F);
    pack(w.decoder_rows(), block, s.decoder);
    for (Index first = 0; first < chunk.size; first += tile_) {
      const Index size = std::min(tile_, chunk.size - first);
      const ActivePairs pairs = s.by_neuron.pairs(block.size);
      const ActivePairs transposed = s.by_sample.pairs(size);
      kernels_.fire(H + first, chunk.size, size, 1.0F, pairs);
      transpose(pairs, transposed);
      panels_.for_each(block.size, [&](Index column, Index width, Index panel) {
        kernels_.add(s.decoder.data() + panel, width, transposed,
                     s.sums.data() + column * chunk.size + first * width);
      });
    }
  }

  void output(Span chunk, Index sample, float* row) const override {
    std::fill_n(row, sizes_.d, 0.0F);
    panels_.for_each(chunk.size, [&](Index first, Index width, Index panel) {
      const Index columns = std::min(width, sizes_.d - first);
      for (const Scratch& s : scratch_) {
        const float* sum = s.sums.data() + panel + (sample - chunk.begin) * width;
        for (Index k = 0; k < columns; ++k) row[first + k] += sum[k];
      }
    });
  }

  void take_residual(Span chunk, Span rows, const MatrixF& E) override {
    Samples& s = samples(chunk);
    for (Index i = rows.begin; i < rows.begin + rows.size; ++i) {
      panels_.write(E.row(i).data(), chunk.size, i - chunk.begin, s.E.data());
    }
  }

 private:
  // Of a chunk: rows in panels, and X transposed in panels of samples.
  struct Samples {
    Aligned X, E, Xt;
    Samples(Index rows, Index columns) : X(rows), E(rows), Xt(columns) {}
  };
  Samples& samples(Span chunk) {
    return chunks_[static_cast<std::size_t>(chunk.begin / sizes_.chunk)];
  }

  void pack(const MatrixF& M, Span block, Aligned& panels) const {
    for (Index r = 0; r < block.size; ++r) {
      panels_.write(M.row(block.begin + r).data(), block.size, r, panels.data());
    }
  }
  void unpack(const Aligned& panels, Span block, MatrixF& M) const {
    for (Index r = 0; r < block.size; ++r) {
      panels_.read(panels.data(), block.size, r, M.row(block.begin + r).data());
    }
  }

  // Rows += Σ value * sample, over the samples of a tile.
  void add(const Aligned& X, Index chunk, Index tile, const ActivePairs& pairs, Aligned& rows,
           Index block) const {
    panels_.for_each(chunk, [&](Index first, Index width, Index panel) {
      kernels_.add(X.data() + panel + tile * width, width, pairs, rows.data() + first * block);
    });
  }

  // The decoder's update, and what goes back through it.
  void back(Span chunk, Span tile, const ActivePairs& pairs, const Aligned& old, Scratch& s) {
    const Aligned& E = samples(chunk).E;
    if (trained_ == TrainedFactors::Decoder) {
      return add(E, chunk.size, tile.begin, pairs, s.decoder, pairs.rows);
    }
    panels_.for_each(chunk.size, [&](Index first, Index width, Index panel) {
      const Index rows = first * pairs.rows;
      kernels_.add_and_dot(
          E.data() + panel + tile.begin * width, width, pairs, old.data() + rows, first == 0,
          trained_ == TrainedFactors::Both ? s.decoder.data() + rows : nullptr, s.partial.data());
    });
  }

  const ActiveKernels& kernels_;
  TrainedFactors trained_;
  Panels panels_;
  Index tile_;  // samples
  std::vector<Samples> chunks_;
  std::vector<Scratch> scratch_;  // of each strip
};

}  // namespace

std::unique_ptr<JointBlocks<float>> active_joint_blocks(ConstView<float> X, JointSizes sizes,
                                                        TrainedFactors trained) {
  const ActiveKernels* kernels = avx512_active_kernels();
  if (kernels == nullptr) return nullptr;
  return std::make_unique<ActiveBlocks>(*kernels, X, sizes, trained);
}

}  // namespace twofold::ops
