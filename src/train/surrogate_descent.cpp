#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "decoder_fit.hpp"
#include "sign_descent.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

// Samples per block: long enough for the products to be fast, and 16 partial sums at most.
constexpr Index kSamples = 128;
constexpr Index kBlocks = 16;

// sech²(u) by the series of cosh to u⁸, which is positive and grows without bound: no exponential,
// and the compiler vectorises it.
float squared_sech(float u) noexcept {
  const float s = u * u;
  const float cosh = 1 + s * (0.5F + s * (1.0F / 24 + s * (1.0F / 720 + s * (1.0F / 40320))));
  return 1 / (cosh * cosh);
}

class Surrogate final : public EncoderGradient {
 public:
  Surrogate(const data::BatchSampler& sampler, const SurrogateOptions& options, Index n, Index d)
      : sampler_(sampler),
        options_(options),
        size_(std::max(kSamples, num_blocks(sampler.options().batch, kBlocks))),
        X_(sampler.options().batch, d),
        Z_(X_.rows(), n),
        Y_(X_.rows(), n),
        H_(X_.rows(), n),
        blocks_(static_cast<std::size_t>(num_blocks(X_.rows(), size_))),
        cross_(Matrix::Zero(n, d)),
        gram_(Matrix::Zero(n, n)) {
    for (Block& block : blocks_) {
      block.cross.resize(n, d);
      block.gram.resize(n, n);
    }
  }

  double evaluate(std::int64_t k, const Matrix& B, Matrix& G, ThreadPool& pool) override {
    sampler_.fill<float>(static_cast<std::uint64_t>(k), X_, pool);
    encode(B, pool);
    remember();
    // The diagonal of K is 1: that of its running sum is the weight of all batches so far, which
    // cancels in A.
    const double weight = gram_(0, 0);
    if (!decoder_.fit(gram_, cross_, options_.ridge * weight, pool)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    spread(std::sqrt(power_ / weight), G, pool);
    return 1 + (decoder_.overlap().cwiseProduct(batch_gram_).sum() -
                2 * decoder_.rows().cwiseProduct(batch_cross_).sum()) /
                   (static_cast<double>(X_.cols()) * batch_power_);
  }

  // Columns: Cᵀ, K, and P as often as there are rows.
  [[nodiscard]] Matrix averages() const override {
    Matrix all(gram_.rows(), cross_.cols() + gram_.cols() + 1);
    all << cross_, gram_, Vector::Constant(gram_.rows(), power_);
    return all;
  }

  [[nodiscard]] bool restore(const Matrix& averages) override {
    const Index n = gram_.rows(), d = cross_.cols();
    if (averages.rows() != n || averages.cols() != d + n + 1) return false;
    cross_ = averages.leftCols(d);
    gram_ = averages.middleCols(d, n);
    power_ = averages(0, d + n);
    return true;
  }

 private:
  struct Block {
    MatrixF cross, gram;  // sums of y xᵀ and y yᵀ; later the gradient, in `cross`
    double power = 0;     // sum of ‖x‖²
  };

  template <typename Body>
  void for_each_block(ThreadPool& pool, Body&& body) {
    parallel_for(pool, X_.rows(), size_, [&](Index begin, Index end) {
      body(begin, end - begin, blocks_[static_cast<std::size_t>(begin / size_)]);
    });
  }

  // Z = X Bᵀ, Y = sign(Z), and the moments of the batch.
  void encode(const Matrix& B, ThreadPool& pool) {
    encoder_ = B.cast<float>();
    for_each_block(pool, [&](Index begin, Index count, Block& block) {
      const auto x = X_.middleRows(begin, count);
      auto z = Z_.middleRows(begin, count);
      auto y = Y_.middleRows(begin, count);
      gemm(Trans::No, Trans::Yes, 1.0F, x, encoder_, 0.0F, z);
      y = (z.array() >= 0).select(MatrixF::Ones(count, z.cols()), -1.0F);
      gemm(Trans::Yes, Trans::No, 1.0F, y, x, 0.0F, block.cross);
      gemm(Trans::Yes, Trans::No, 1.0F, y, y, 0.0F, block.gram);
      block.power = x.template cast<double>().squaredNorm();
    });
    const auto count = static_cast<double>(X_.rows());
    batch_cross_ = Matrix::Zero(cross_.rows(), cross_.cols());
    batch_gram_ = Matrix::Zero(gram_.rows(), gram_.cols());
    batch_power_ = 0;
    for (const Block& block : blocks_) {
      batch_cross_ += block.cross.cast<double>();
      batch_gram_ += block.gram.cast<double>();
      batch_power_ += block.power;
    }
    batch_cross_ /= count;
    batch_gram_ /= count;
    batch_power_ /= count * static_cast<double>(X_.cols());
  }

  void remember() {
    const double fresh = 1 - options_.memory;
    cross_ = options_.memory * cross_ + fresh * batch_cross_;
    gram_ = options_.memory * gram_ + fresh * batch_gram_;
    power_ = options_.memory * power_ + fresh * batch_power_;
  }

  // G from the residual h = Aᵀx − (AᵀA) y, where leaving a bit out is leaving out the diagonal.
  void spread(double deviation, Matrix& G, ThreadPool& pool) {
    decoder_rows_ = decoder_.rows().cast<float>();
    coupling_ = decoder_.overlap().cast<float>();
    if (options_.leave_one_out) coupling_.diagonal().setZero();
    const double width = options_.width * deviation;
    const auto narrow = static_cast<float>(1 / width);
    for_each_block(pool, [&](Index begin, Index count, Block& block) {
      const auto x = X_.middleRows(begin, count);
      auto h = H_.middleRows(begin, count);
      gemm(Trans::No, Trans::Yes, 1.0F, x, decoder_rows_, 0.0F, h);
      gemm(Trans::No, Trans::No, -1.0F, Y_.middleRows(begin, count), coupling_, 1.0F, h);
      const float* const z = Z_.row(begin).data();
      float* const out = h.data();
      for (Index i = 0; i < h.size(); ++i) out[i] *= squared_sech(z[i] * narrow);
      gemm(Trans::Yes, Trans::No, 1.0F, h, x, 0.0F, block.cross);
    });
    G.setZero();
    for (const Block& block : blocks_) G += block.cross.cast<double>();
    G *= -2 / (static_cast<double>(X_.rows()) * width * deviation * deviation);
  }

  const data::BatchSampler& sampler_;
  const SurrogateOptions& options_;
  Index size_;  // samples per block
  MatrixF X_, Z_, Y_, H_;
  MatrixF encoder_, decoder_rows_, coupling_;
  std::vector<Block> blocks_;
  Matrix batch_cross_, batch_gram_;
  double batch_power_ = 0;
  Matrix cross_, gram_;  // running sums of Cᵀ and K
  double power_ = 0;     // running sum of P
  DecoderFit decoder_;
};

void check(const SurrogateOptions& surrogate, Index encoder, Index source) {
  constexpr std::string_view where = "train::surrogate_descent";
  require(encoder == source, where,
          fmt::format("the encoder has {} columns, the data dimension {}", encoder, source));
  require(surrogate.width > 0 && std::isfinite(surrogate.width), where,
          fmt::format("width must be finite and > 0, got {}", surrogate.width));
  require(surrogate.memory >= 0 && surrogate.memory < 1, where,
          fmt::format("memory must be in [0, 1), got {}", surrogate.memory));
  require(surrogate.ridge > 0 && std::isfinite(surrogate.ridge), where,
          fmt::format("ridge must be finite and > 0, got {}", surrogate.ridge));
}

}  // namespace

SignEncoderResult surrogate_descent(const data::BatchSampler& sampler, Matrix start,
                                    const SurrogateOptions& surrogate,
                                    const SignEncoderOptions& options,
                                    const SignEncoderHooks& hooks, ThreadPool& pool,
                                    Observer& observer) {
  check(surrogate, start.cols(), sampler.source().dimension());
  Surrogate method(sampler, surrogate, start.rows(), start.cols());
  return descend("train::surrogate_descent", std::move(start), method, options, hooks, pool,
                 observer);
}

}  // namespace twofold::train
