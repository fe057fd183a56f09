#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "joint_blocks.hpp"
#include "scratch_pool.hpp"
#include "sign_repair.hpp"
#include "twofold/core/processor.hpp"

namespace twofold::ops {
namespace {

// H = max(Z, 0), which keeps NaN.
TWOFOLD_FOR_EACH_PROCESSOR
void rectify(float* z, Index count) {
  for (Index i = 0; i < count; ++i) z[i] = z[i] < 0 ? 0 : z[i];
}

TWOFOLD_FOR_EACH_PROCESSOR
void keep_where_positive(const float* __restrict h, Index count, float* __restrict g) {
  for (Index i = 0; i < count; ++i) g[i] = h[i] > 0 ? g[i] : 0;
}

constexpr Index kBand = 128;  // samples whose pre-activations stay in the cache
constexpr Index kCache = Index{1} << 20;

// Neurons of a block. Few samples: both factors, their operands and those of the samples stay in
// the cache. Many: the samples' operands come from beyond it, for as many neurons as it can hold.
Index block_size(const JointSizes& sizes) {
  const Index samples = 20 * sizes.chunk * sizes.d;
  const Index most = samples <= kCache
                         ? std::min<Index>(128, kCache / (20 * sizes.d + 16 * sizes.chunk))
                         : std::min<Index>(256, kCache / (4 * std::max(sizes.chunk, sizes.d)));
  return std::clamp(most / kSplitInner * kSplitInner, kSplitInner, split_room(sizes.neurons));
}

// Operands of a chunk: samples, or coordinates, as inner numbers.
struct Samples {
  SplitOperand X, X_across, E, E_across;
  Samples(Index size, Index d) : X(size, d), X_across(d, size), E(size, d), E_across(d, size) {}
};

// Memory for the work on one block.
struct Scratch {
  SplitOperand weights;  // rows of a factor, in either role
  SplitOperand codes;    // H or (A Eᵀ)∘1(H > 0), by neurons or by samples
  MatrixF back;          // A Eᵀ of a band
  Scratch(Index block, const JointSizes& sizes)
      : weights(block, sizes.d), codes(block, sizes.chunk), back(block, kBand) {}
};

class SplitBlocks final : public JointBlocks<float> {
  using Codes = Eigen::Map<MatrixF>;

 public:
  SplitBlocks(ConstView<float> X, const JointSizes& sizes, TrainedFactors trained)
      : JointBlocks(sizes, block_size(sizes)),
        arithmetic_(fmt::format("split_bf16 ({})", split_product_instructions())),
        trained_(trained),
        X_(X),
        norms_(norms_for_repair(X)),
        sums_(strips_, sizes) {
    for_each_chunk([&](Span c) {
      Samples& samples = chunks_.emplace_back(c.size, sizes.d);
      samples.X.pack_right(Trans::Yes, X.middleRows(c.begin, c.size));
      samples.X_across.pack_right(Trans::No, X.middleRows(c.begin, c.size));
    });
    for (Index s = 0; s < strips_; ++s) scratch_.add(Scratch(block_, sizes));
  }

  [[nodiscard]] std::string_view arithmetic() const noexcept override { return arithmetic_; }

  void update(model::Weights<float>& w, Span block, Index /*strip*/,
              FactorSteps<float> factors) override {
    const Lease scratch(scratch_);
    auto B = w.encoder.middleRows(block.begin, block.size);
    auto A = (w.tied() ? w.encoder : w.decoder).middleRows(block.begin, block.size);
    scratch->weights.reshape(block.size, sizes_.d);
    if (trained_ != TrainedFactors::Decoder) scratch->weights.pack_left(Trans::No, A);
    for_each_chunk([&](Span c) {
      const Samples& samples = samples_of(c);
      const Codes H(codes(block, c), block.size, c.size);
      scratch->codes.reshape(block.size, c.size);
      if (trained_ != TrainedFactors::Decoder) {
        pack_back(H, samples, factors.encoder, *scratch);
        split_multiply(scratch->codes.all(), samples.X_across.all(), true, B);
      }
      if (trained_ != TrainedFactors::Encoder) {
        scratch->codes.pack_left(Trans::No, H, factors.decoder);
        split_multiply(scratch->codes.all(), samples.E_across.all(), true, A);
      }
    });
  }

  void forward(const model::Weights<float>& w, Span block, Span chunk, Index strip, bool encode,
               bool first) override {
    const Lease scratch(scratch_);
    Codes H(codes(block, chunk), block.size, chunk.size);
    if (encode) compute_codes(w.encoder.middleRows(block.begin, block.size), chunk, H, *scratch);
    scratch->codes.reshape(chunk.size, block.size);
    scratch->codes.pack_left(Trans::Yes, H);
    scratch->weights.reshape(sizes_.d, block.size);
    scratch->weights.pack_right(Trans::No, w.decoder_rows().middleRows(block.begin, block.size));
    split_multiply(scratch->codes.all(), scratch->weights.all(), !first,
                   sums_.of(strip, chunk.size));
  }

  void output(Span chunk, Index sample, float* row) const override {
    sums_.add_up(sample - chunk.begin, row);
  }

  void take_residual(Span chunk, Span rows, const MatrixF& E) override {
    const auto e = E.middleRows(rows.begin, rows.size);
    samples_of(chunk).E.pack_right(Trans::Yes, e, 1, rows.begin - chunk.begin);
    samples_of(chunk).E_across.pack_right(Trans::No, e, 1, 0, rows.begin - chunk.begin);
  }

 private:
  using Lease = ScratchPool<Scratch>::Lease;

  template <typename Body>
  static void for_each_band(Index samples, Body&& body) {
    for (Index begin = 0; begin < samples; begin += kBand) {
      body(begin, std::min(kBand, samples - begin));
    }
  }

  // scratch.codes <- factor (A Eᵀ)∘1(H > 0), for the A packed.
  static void pack_back(const Codes& H, const Samples& samples, float factor, Scratch& scratch) {
    for_each_band(H.cols(), [&](Index begin, Index size) {
      auto G = scratch.back.topLeftCorner(H.rows(), size);
      split_multiply(scratch.weights.all(), samples.E.part(begin, size), false, G);
      for (Index r = 0; r < H.rows(); ++r) {
        keep_where_positive(H.row(r).data() + begin, size, G.row(r).data());
      }
      scratch.codes.pack_left(Trans::No, G, factor, 0, begin);
    });
  }

  void compute_codes(ConstView<float> B, Span chunk, Codes& H, Scratch& scratch) {
    const ProductError error{split_error(sizes_.d)};
    scratch.weights.reshape(B.rows(), sizes_.d);
    scratch.weights.pack_left(Trans::No, B);
    for_each_band(chunk.size, [&](Index begin, Index size) {
      auto Z = H.middleCols(begin, size);
      split_multiply(scratch.weights.all(), samples_of(chunk).X.part(begin, size), false, Z);
      const Index first = chunk.begin + begin;
      repair_signs(B, X_.middleRows(first, size), norms_.data() + first, error, Z);
      for (Index r = 0; r < Z.rows(); ++r) rectify(Z.row(r).data(), size);
    });
  }

  Samples& samples_of(Span chunk) {
    return chunks_[static_cast<std::size_t>(chunk.begin / sizes_.chunk)];
  }

  std::string arithmetic_;
  TrainedFactors trained_;
  ConstView<float> X_;
  VectorF norms_;
  StripSums<float> sums_;
  std::vector<Samples> chunks_;
  ScratchPool<Scratch> scratch_;
};

}  // namespace

std::unique_ptr<JointBlocks<float>> split_joint_blocks(ConstView<float> X, JointSizes sizes,
                                                       TrainedFactors trained) {
  return std::make_unique<SplitBlocks>(X, sizes, trained);
}

}  // namespace twofold::ops
