#include <algorithm>
#include <vector>

#include "active_pass.hpp"
#include "joint_blocks.hpp"

namespace twofold::ops {
namespace {

class ActiveBlocks final : public JointBlocks<float> {
 public:
  ActiveBlocks(const ActiveKernels& kernels, ConstView<float> X, const JointSizes& sizes,
               TrainedFactors trained)
      : JointBlocks(sizes, ActivePass::kNeurons),
        trained_(trained),
        X_(X),
        pass_(kernels, sizes.d, sizes.chunk),
        scratch_(static_cast<std::size_t>(strips()), pass_.scratch()),
        packed_(scratch_.size(), -1) {
    for_each_chunk([&](Span c) {
      chunks_.push_back(pass_.samples(c.size));
      for (Index i = 0; i < c.size; ++i) {
        pass_.take_sample(i, X.row(c.begin + i).data(), chunks_.back());
      }
    });
  }

  [[nodiscard]] std::string_view arithmetic() const noexcept override {
    return "float, pairs that fire (AVX-512)";
  }

  void update(model::Weights<float>& w, Span block, Index strip,
              FactorSteps<float> factors) override {
    ActivePass::Scratch& s = scratch(strip);
    MatrixF& A = w.tied() ? w.encoder : w.decoder;
    const ActivePass::Gradient update{.A = A,
                                      .start = &A,
                                      .encoder = w.tied() ? nullptr : &w.encoder,
                                      .moves_decoder = trained_ != TrainedFactors::Encoder,
                                      .moves_encoder = trained_ != TrainedFactors::Decoder,
                                      .decoder_factor = factors.decoder,
                                      .encoder_factor = factors.encoder};
    for_each_chunk([&](Span c) {
      pass_.backward(codes(block, c), block, samples(c), c.begin == 0, update, s);
    });
    if (!update.moves_decoder) return;
    pass_.unpack(s, block, A);
    packed(strip) = block.begin;
  }

  void forward(const model::Weights<float>& w, Span block, Span chunk, Index strip, bool encode,
               bool first) override {
    ActivePass::Scratch& s = scratch(strip);
    float* Z = codes(block, chunk);
    if (encode) {
      pass_.encode(w.encoder, block, samples(chunk), X_.middleRows(chunk.begin, chunk.size), Z);
    }
    if (first) pass_.clear_sums(s);
    if (packed(strip) != block.begin) pass_.pack(w.decoder_rows(), block, s);
    packed(strip) = -1;
    pass_.decode(block.size, Z, chunk.size, s);
  }

  void output(Span chunk, Index sample, float* row) const override {
    std::fill_n(row, sizes_.d, 0.0F);
    for (const ActivePass::Scratch& s : scratch_) {
      pass_.add_sums(s, sample - chunk.begin, row);
    }
  }

  void take_residual(Span chunk, Span rows, const MatrixF& E) override {
    for (Index i = rows.begin; i < rows.begin + rows.size; ++i) {
      pass_.take_residual(i - chunk.begin, E.row(i).data(), samples(chunk));
    }
  }

 private:
  ActivePass::Samples& samples(Span chunk) {
    return chunks_[static_cast<std::size_t>(chunk.begin / sizes_.chunk)];
  }
  ActivePass::Scratch& scratch(Index strip) { return scratch_[static_cast<std::size_t>(strip)]; }
  // First neuron of the block whose new decoder the update has left in the scratch; -1: none.
  Index& packed(Index strip) { return packed_[static_cast<std::size_t>(strip)]; }

  TrainedFactors trained_;
  ConstView<float> X_;
  ActivePass pass_;
  std::vector<ActivePass::Samples> chunks_;
  std::vector<ActivePass::Scratch> scratch_;  // of each strip
  std::vector<Index> packed_;
};

}  // namespace

std::unique_ptr<JointBlocks<float>> active_joint_blocks(ConstView<float> X, JointSizes sizes,
                                                        TrainedFactors trained) {
  const ActiveKernels* kernels = avx512_active_kernels();
  if (kernels == nullptr) return nullptr;
  return std::make_unique<ActiveBlocks>(*kernels, X, sizes, trained);
}

}  // namespace twofold::ops
