#include <algorithm>
#include <vector>

#include "active_pass.hpp"
#include "joint_blocks.hpp"
#include "sign_repair.hpp"

namespace twofold::ops {
namespace {

class ActiveBlocks final : public JointBlocks<float> {
 public:
  ActiveBlocks(const ActiveKernels& kernels, ConstView<float> X, const JointSizes& sizes,
               TrainedFactors trained)
      : JointBlocks(sizes, ActivePass::kNeurons),
        trained_(trained),
        X_(X),
        largest_(largest_norm(X)),
        pass_(kernels, sizes.d, sizes.chunk),
        scratch_(static_cast<std::size_t>(strips()), pass_.scratch()) {
    for_each_chunk([&](Span c) {
      chunks_.push_back(pass_.samples(c.size));
      for (Index i = 0; i < c.size; ++i) {
        pass_.take_sample(i, X.row(c.begin + i).data(), chunks_.back());
      }
    });
  }

  void update(model::Weights<float>& w, Span block, Index strip,
              FactorSteps<float> steps) override {
    ActivePass::Scratch& s = scratch(strip);
    const float encoder_factor = steps.encoder * w.scale;
    const float decoder_factor = w.tied() ? encoder_factor : steps.decoder * w.scale;
    MatrixF& A = w.tied() ? w.encoder : w.decoder;
    const bool encoder = trained_ != TrainedFactors::Decoder;
    const bool decoder = trained_ != TrainedFactors::Encoder;
    const bool in_place = pass_.one_tile(sizes_.samples);
    pass_.pack(A, block, s.decoder);
    if (encoder && !in_place) pass_.pack(A, block, s.old);
    if (encoder && !w.tied()) pass_.pack(w.encoder, block, s.encoder);
    const ActivePass::Gradient update{.old = in_place ? &s.decoder : &s.old,
                                      .decoder = decoder ? &s.decoder : nullptr,
                                      .encoder = !encoder   ? nullptr
                                                 : w.tied() ? &s.decoder
                                                            : &s.encoder,
                                      .decoder_factor = decoder_factor,
                                      .encoder_factor = encoder_factor};
    for_each_chunk(
        [&](Span c) { pass_.backward(codes(block, c), block.size, samples(c), update, s); });
    if (decoder) pass_.unpack(s.decoder, block, A);
    if (encoder && !w.tied()) pass_.unpack(s.encoder, block, w.encoder);
  }

  void forward(const model::Weights<float>& w, Span block, Span chunk, Index strip, bool encode,
               bool first) override {
    ActivePass::Scratch& s = scratch(strip);
    float* Z = codes(block, chunk);
    if (encode) {
      pass_.encode(w.encoder, block, samples(chunk), X_.middleRows(chunk.begin, chunk.size),
                   largest_, Z);
    }
    if (first) pass_.clear_sums(s);
    pass_.decode(w.decoder_rows(), block, Z, chunk.size, s);
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

  TrainedFactors trained_;
  ConstView<float> X_;
  double largest_;  // norm
  ActivePass pass_;
  std::vector<ActivePass::Samples> chunks_;
  std::vector<ActivePass::Scratch> scratch_;  // of each strip
};

}  // namespace

std::unique_ptr<JointBlocks<float>> active_joint_blocks(ConstView<float> X, JointSizes sizes,
                                                        TrainedFactors trained) {
  const ActiveKernels* kernels = avx512_active_kernels();
  if (kernels == nullptr) return nullptr;
  return std::make_unique<ActiveBlocks>(*kernels, X, sizes, trained);
}

}  // namespace twofold::ops
