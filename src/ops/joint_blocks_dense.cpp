#include <type_traits>

#include "joint_blocks.hpp"
#include "sign_repair.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

constexpr Index kNeurons = 256;

template <std::floating_point Scalar>
class DenseBlocks final : public JointBlocks<Scalar> {
  using Base = JointBlocks<Scalar>;
  using Base::block_;
  using Base::sizes_;
  using Base::strips_;
  using Map = Eigen::Map<MatrixOf<Scalar>>;

 public:
  DenseBlocks(ConstView<Scalar> X, const JointSizes& sizes, TrainedFactors trained)
      : Base(sizes, std::min(kNeurons, sizes.neurons)),
        trained_(trained),
        X_(X),
        E_(sizes.samples, sizes.d),
        sums_(strips_, sizes),
        back_(VectorOf<Scalar>::Zero(strips_ * block_ * sizes.chunk)),
        last_(strips_ * block_, sizes.d) {
    if constexpr (std::is_same_v<Scalar, float>) norms_ = norms_for_repair(X);
  }

  [[nodiscard]] std::string_view arithmetic() const noexcept override {
    return std::is_same_v<Scalar, float> ? "float (BLAS)" : "double (BLAS)";
  }

  void update(model::Weights<Scalar>& w, Span block, Index strip,
              FactorSteps<Scalar> factors) override {
    auto B = w.encoder.middleRows(block.begin, block.size);
    auto A = (w.tied() ? w.encoder : w.decoder).middleRows(block.begin, block.size);
    auto old = last_.middleRows(strip * block_, block.size);
    if (trained_ != TrainedFactors::Decoder) {
      old = A;  // tied weights change from chunk to chunk
      this->for_each_chunk([&](Span c) {
        const Map H(this->codes(block, c), block.size, c.size);
        Map G(back_.data() + strip * block_ * sizes_.chunk, block.size, c.size);
        gemm<Scalar>(Trans::No, Trans::Yes, 1, old, E_.middleRows(c.begin, c.size), 0, G);
        G = (H.array() > 0).select(G.array(), Scalar(0));
        gemm<Scalar>(Trans::No, Trans::No, factors.encoder, G, X_.middleRows(c.begin, c.size), 1,
                     B);
      });
    }
    if (trained_ != TrainedFactors::Encoder) {
      this->for_each_chunk([&](Span c) {
        const Map H(this->codes(block, c), block.size, c.size);
        gemm<Scalar>(Trans::No, Trans::No, factors.decoder, H, E_.middleRows(c.begin, c.size), 1,
                     A);
      });
    }
  }

  void forward(const model::Weights<Scalar>& w, Span block, Span chunk, Index strip, bool encode,
               bool first) override {
    Map H(this->codes(block, chunk), block.size, chunk.size);
    if (encode) {
      gemm<Scalar>(Trans::No, Trans::Yes, 1, w.encoder.middleRows(block.begin, block.size),
                   X_.middleRows(chunk.begin, chunk.size), 0, H);
      if constexpr (std::is_same_v<Scalar, float>) {
        repair_signs(w.encoder.middleRows(block.begin, block.size),
                     X_.middleRows(chunk.begin, chunk.size), norms_.data() + chunk.begin,
                     ProductError::in_float(sizes_.d), H);
      }
      H = (H.array() < 0).select(Scalar(0), H.array());  // keeps NaN
    }
    gemm<Scalar>(Trans::Yes, Trans::No, 1, H, w.decoder_rows().middleRows(block.begin, block.size),
                 first ? 0 : 1, sums_.of(strip, chunk.size));
  }

  void output(Span chunk, Index sample, Scalar* row) const override {
    sums_.add_up(sample - chunk.begin, row);
  }

  void take_residual(Span /*chunk*/, Span rows, const MatrixOf<Scalar>& E) override {
    E_.middleRows(rows.begin, rows.size) = E.middleRows(rows.begin, rows.size);
  }

 private:
  TrainedFactors trained_;
  ConstView<Scalar> X_;
  VectorF norms_;  // of the samples; not wanted in double
  MatrixOf<Scalar> E_;
  StripSums<Scalar> sums_;
  VectorOf<Scalar> back_;  // block×chunk a strip: (A Eᵀ)∘1(H > 0)
  MatrixOf<Scalar> last_;  // block×d a strip: A before the update
};

}  // namespace

template <std::floating_point Scalar>
JointBlocks<Scalar>::JointBlocks(const JointSizes& sizes, Index block)
    : sizes_(sizes),
      block_(block),
      strips_(std::min(kStrips, num_blocks(sizes.neurons, block))),
      codes_(VectorOf<Scalar>::Zero(sizes.samples * sizes.neurons)) {}

template <std::floating_point Scalar>
std::unique_ptr<JointBlocks<Scalar>> dense_joint_blocks(ConstView<Scalar> X, JointSizes sizes,
                                                        TrainedFactors trained) {
  return std::make_unique<DenseBlocks<Scalar>>(X, sizes, trained);
}

template class JointBlocks<float>;
template class JointBlocks<double>;
template std::unique_ptr<JointBlocks<float>> dense_joint_blocks(ConstView<float>, JointSizes,
                                                                TrainedFactors);
template std::unique_ptr<JointBlocks<double>> dense_joint_blocks(ConstView<double>, JointSizes,
                                                                 TrainedFactors);

}  // namespace twofold::ops
