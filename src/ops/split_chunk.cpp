#include "split_chunk.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sign_repair.hpp"

namespace twofold::ops {
namespace {

using Lease = ScratchPool<SplitBuffers::Scratch>::Lease;

ProductError product_error(Index d) {
  return {split_error(d)};
}

// body(z) for every z where σ or its slope jumps.
template <typename Body>
void for_each_jump(const model::Activation& activation, Body&& body) {
  std::visit(
      [&]<typename A>(const A& a) {
        if constexpr (model::Elementwise<A>) {
          for (const double kink : a.kinks()) body(static_cast<float>(kink));
        }
      },
      activation);
}

}  // namespace

SplitBuffers::SplitBuffers(Index chunk, Index d, Index block, Index strips)
    : X{{chunk, d}, {d, chunk}}, E{{chunk, d}, {d, chunk}}, norms(chunk) {
  for (Index strip = 0; strip < strips; ++strip) {
    scratch.add({SplitOperand(block, d), SplitOperand(block, chunk)});
  }
}

SplitChunk::SplitChunk(const ConstView<float>& X, const model::Weights<float>& weights,
                       const model::Activation& activation, Buffers& buffers, ThreadPool& pool)
    : Chunk(X, weights, activation, buffers, pool), split_(*buffers.split) {}

void SplitChunk::take_samples() {
  pack(X_, split_.X);
  take_norms(X_, split_.norms);
  if (!std::holds_alternative<model::TopK>(activation_)) return;
  split_.rows.resize(Blocking::kStrips * 3 * weights_.neurons());
  split_.neuron_norms.resize(weights_.neurons());
  take_norms(weights_.encoder, split_.neuron_norms);
  split_.largest = split_.neuron_norms.maxCoeff<Eigen::PropagateNaN>();
}

void SplitChunk::take_norms(const ConstView<float>& rows, VectorF& norms) {
  constexpr Index kRows = 64;
  run(num_blocks(rows.rows(), kRows), [&](Index block) {
    const Index end = std::min((block + 1) * kRows, rows.rows());
    for (Index i = block * kRows; i < end; ++i) norms[i] = norm_for_repair(rows.row(i).data(), d_);
  });
}

void SplitChunk::pack(const ConstView<float>& rows, SplitBuffers::Samples& samples) {
  constexpr Index kColumns = 4 * kSplitGroup;
  samples.by_sample.reshape(samples_, d_);
  samples.by_coordinate.reshape(d_, samples_);
  const Index groups = num_blocks(samples_, kSplitGroup);
  run(groups + num_blocks(d_, kColumns), [&](Index i) {
    if (i < groups) {
      const Index first = i * kSplitGroup, size = std::min(kSplitGroup, samples_ - first);
      samples.by_sample.pack_right(Trans::Yes, rows.middleRows(first, size), 1, first);
    } else {
      const Index first = (i - groups) * kColumns, size = std::min(kColumns, d_ - first);
      samples.by_coordinate.pack_right(Trans::No, rows.middleCols(first, size), 1, first);
    }
  });
}

void SplitChunk::encode(Span block) {
  const Lease scratch(split_.scratch);
  const auto B = weights_.encoder.middleRows(block.begin, block.size);
  Block Z = codes(block);
  scratch->weights.reshape(block.size, d_);
  scratch->weights.pack_left(Trans::No, B);
  split_multiply(scratch->weights.all(), split_.X.by_sample.all(), false, Z);
  add_bias(block);
  const float* bias = weights_.has_bias() ? weights_.bias.data() + block.begin : nullptr;
  for_each_jump(activation_, [&](float at) {
    repair_signs(B, X_, split_.norms.data(), product_error(d_), Z, {at, bias});
  });
}

// Codes whose rank may be another than that of the exact ones are computed again in double, and
// all are ranked in double.
void SplitChunk::keep_largest(const model::TopK& top_k, Index sample, Index strip, Codes z,
                              Codes value, Codes slope) {
  top_k.apply_row(z, value, slope);
  float least = std::numeric_limits<float>::infinity();  // kept
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (slope[i] != 0) least = std::fmin(least, std::fabs(z[i]));
  }
  const ErrorLine line = error_line(split_.largest, d_, product_error(d_));
  const float bound = line.slope * split_.norms[sample] + line.offset + 0x1p-23F * least;
  const auto row = [&](Index i) {
    const Index n = weights_.neurons();
    return std::span(split_.rows.data() + (3 * strip + i) * n, static_cast<std::size_t>(n));
  };
  const auto exact = row(0), kept = row(1), keeps = row(2);
  for (std::size_t i = 0; i < z.size(); ++i) {
    exact[i] = static_cast<double>(z[i]);
    if (!(std::fabs(std::fabs(z[i]) - least) <= 2.01F * bound)) continue;
    const auto r = static_cast<Index>(i);
    exact[i] = exact_product(weights_.encoder.row(r).data(), X_.row(sample).data(), d_) +
               (weights_.has_bias() ? static_cast<double>(weights_.bias[r]) : 0.0);
  }
  top_k.apply_row(exact, kept, keeps);
  for (std::size_t i = 0; i < z.size(); ++i) {
    value[i] = static_cast<float>(kept[i]);
    slope[i] = static_cast<float>(keeps[i]);
  }
}

void SplitChunk::decode(Span block, Index strip, bool first) {
  const Lease scratch(split_.scratch);
  scratch->weights.reshape(d_, block.size);
  scratch->weights.pack_right(Trans::No,
                              weights_.decoder_rows().middleRows(block.begin, block.size));
  scratch->codes.reshape(samples_, block.size);
  scratch->codes.pack_left(Trans::Yes, codes(block), weights_.scale);
  split_multiply(scratch->codes.all(), scratch->weights.all(), !first, output(strip));
}

void SplitChunk::take_residual() {
  pack(output(0), split_.E);
}

void SplitChunk::project(Span block, float factor, Block D) {
  const Lease scratch(split_.scratch);
  scratch->weights.reshape(block.size, d_);
  scratch->weights.pack_left(Trans::No, weights_.decoder_rows().middleRows(block.begin, block.size),
                             factor);
  split_multiply(scratch->weights.all(), split_.E.by_sample.all(), false, D);
}

void SplitChunk::add_gradient(Span block, float factor, const Block& D, float keep,
                              MatrixF& encoder, MatrixF& decoder) {
  const Lease scratch(split_.scratch);
  const auto rows = [&](MatrixF& M) { return M.middleRows(block.begin, block.size); };
  scratch->codes.reshape(block.size, samples_);
  scratch->codes.pack_left(Trans::No, D);
  split_multiply(scratch->codes.all(), split_.X.by_coordinate.all(), keep != 0, rows(encoder));
  scratch->codes.pack_left(Trans::No, codes(block), factor);
  const bool tied = weights_.tied();
  split_multiply(scratch->codes.all(), split_.E.by_coordinate.all(), tied || keep != 0,
                 rows(tied ? encoder : decoder));
}

}  // namespace twofold::ops
