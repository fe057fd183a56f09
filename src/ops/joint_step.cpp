#include "twofold/ops/joint_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <type_traits>

#include "joint_blocks.hpp"
#include "lane_sum.hpp"
#include "run_blocks.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

constexpr Index kMaxChunk = 1024;

// Samples whose sums fit into about 2^24 scalars; the last chunk is hardly shorter.
Index chunk_size(Index samples, Index d) {
  const Index most = std::clamp<Index>((Index{1} << 24) / (kStrips * d), 64, kMaxChunk);
  return num_blocks(samples, num_blocks(samples, most));
}

// The fastest this machine can run.
template <typename Scalar>
std::unique_ptr<JointBlocks<Scalar>> joint_blocks(ConstView<Scalar> X, const JointSizes& sizes,
                                                  TrainedFactors trained, FloatProducts products) {
  if constexpr (std::is_same_v<Scalar, float>) {
    if (products == FloatProducts::SplitBf16) return split_joint_blocks(X, sizes, trained);
    if (auto blocks = active_joint_blocks(X, sizes, trained)) return blocks;
  }
  if (products == FloatProducts::SplitBf16) {
    throw InvalidArgument("ops::JointStep", "split products are for float, not double");
  }
  return dense_joint_blocks<Scalar>(X, sizes, trained);
}

}  // namespace

template <std::floating_point Scalar>
struct JointStep<Scalar>::State {
  JointSizes sizes;
  TrainedFactors trained;
  MatrixOf<Scalar> X, E;
  std::unique_ptr<JointBlocks<Scalar>> products;
  Vector squares;  // ‖e_s‖²

  State(ConstView<Scalar> data, Index neurons, TrainedFactors which, FloatProducts kind)
      : sizes{data.rows(), data.cols(), neurons, chunk_size(data.rows(), data.cols())},
        trained(which),
        X(data),
        E(data.rows(), data.cols()),
        products(joint_blocks<Scalar>(X, sizes, which, kind)),
        squares(Vector::Zero(data.rows())) {}

  template <typename Body>
  void run(ThreadPool& pool, Index count, Body&& body) {
    const double flops = 4.0 * static_cast<double>(std::min(sizes.samples, sizes.chunk)) *
                         static_cast<double>(sizes.d) * static_cast<double>(sizes.neurons);
    run_blocks(pool, flops, count, body);
  }

  // E = X - scale Σ_strips.
  void take_residual(Scalar scale, Span chunk, ThreadPool& pool) {
    run(pool, num_blocks(chunk.size, kRows), [&](Index block) {
      const Index first = chunk.begin + block * kRows;
      const Span rows{first, std::min(kRows, chunk.begin + chunk.size - first)};
      for (Index s = first; s < first + rows.size; ++s) {
        auto e = E.row(s);
        products->output(chunk, s, e.data());
        e = X.row(s) - scale * e;
        squares[s] = sum_of_squares(e.data(), sizes.d);
      }
      products->take_residual(chunk, rows, E);
    });
  }

  // One pass over the weights for the first chunk, with work(block, strip) before each block's
  // forward pass; further ones for the other chunks. @return L.
  template <typename Work>
  double pass(const model::Weights<Scalar>& w, bool encode, ThreadPool& pool, Work&& work) {
    for (Index begin = 0; begin < sizes.samples; begin += sizes.chunk) {
      const Span chunk{begin, std::min(sizes.chunk, sizes.samples - begin)};
      run(pool, products->strips(), [&](Index strip) {
        bool first = true;
        products->for_each_block(strip, [&](Span block) {
          if (begin == 0) work(block, strip);
          products->forward(w, block, chunk, strip, encode, first);
          first = false;
        });
      });
      take_residual(w.scale, chunk, pool);
    }
    return lane_sum(sizes.samples, [&](Index s) { return squares[s]; }) / 2;
  }

  void check(const model::Weights<Scalar>& w) const {
    constexpr std::string_view where = "ops::JointStep";
    check_shapes(w, where);
    if (w.neurons() != sizes.neurons || w.dimension() != sizes.d) {
      throw InvalidArgument(where, fmt::format("weights must be {}x{}, got {}x{}", sizes.neurons,
                                               sizes.d, w.neurons(), w.dimension()));
    }
    if (w.has_bias()) throw InvalidArgument(where, "weights must have no bias");
    if (w.tied() && trained != TrainedFactors::Both) {
      throw InvalidArgument(where, "tied weights are trained in both roles, not one");
    }
  }
};

template <std::floating_point Scalar>
JointStep<Scalar>::JointStep(std::type_identity_t<ConstView<Scalar>> X, Index neurons,
                             TrainedFactors trained, FloatProducts products) {
  require(X.rows() >= 1 && X.cols() >= 1 && neurons >= 1, "ops::JointStep",
          fmt::format("need samples, dimension and neurons >= 1, got {}, {}, {}", X.rows(),
                      X.cols(), neurons));
  state_ = std::make_unique<State>(X, neurons, trained, products);
}

template <std::floating_point Scalar>
JointStep<Scalar>::~JointStep() = default;
template <std::floating_point Scalar>
JointStep<Scalar>::JointStep(JointStep&&) noexcept = default;
template <std::floating_point Scalar>
JointStep<Scalar>& JointStep<Scalar>::operator=(JointStep&&) noexcept = default;

template <std::floating_point Scalar>
double JointStep<Scalar>::start(const model::Weights<Scalar>& weights, ThreadPool& pool) {
  state_->check(weights);
  return state_->pass(weights, true, pool, [](Span, Index) {});
}

template <std::floating_point Scalar>
double JointStep<Scalar>::advance(model::Weights<Scalar>& weights, FactorSteps<Scalar> steps,
                                  ThreadPool& pool) {
  state_->check(weights);
  // An encoder that stands still leaves the codes as they are.
  const bool encode = state_->trained != TrainedFactors::Decoder;
  const FactorSteps<Scalar> factors{
      steps.encoder * weights.scale,
      (weights.tied() ? steps.encoder : steps.decoder) * weights.scale};
  return state_->pass(weights, encode, pool, [&](Span block, Index strip) {
    state_->products->update(weights, block, strip, factors);
  });
}

template <std::floating_point Scalar>
const MatrixOf<Scalar>& JointStep<Scalar>::residual() const noexcept {
  return state_->E;
}

template <std::floating_point Scalar>
std::string_view JointStep<Scalar>::arithmetic() const noexcept {
  return state_->products->arithmetic();
}

template class JointStep<float>;
template class JointStep<double>;

}  // namespace twofold::ops
