#include "chunk.hpp"

#include <algorithm>

#include "activate.hpp"
#include "lane_sum.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

// First of the `parts` nearly equal pieces of [0, count) that `part` names.
constexpr Index cut(Index count, Index parts, Index part) {
  return count * part / parts;
}

template <typename Block>
auto span_of(Block&& block) {
  return std::span(block.data(), static_cast<std::size_t>(block.size()));
}

}  // namespace

template <std::floating_point Scalar>
Chunk<Scalar>::Chunk(const ConstView<Scalar>& X, const model::Weights<Scalar>& weights,
                     const model::Activation& activation, Buffers& buffers, ThreadPool& pool)
    : X_(X),
      weights_(weights),
      activation_(activation),
      buffers_(buffers),
      pool_(pool),
      samples_(X.rows()),
      d_(X.cols()),
      strips_(buffers.block_strips()) {}

template <std::floating_point Scalar>
auto Chunk<Scalar>::codes(Span block) const -> Block {
  return {buffers_.codes.data() + block.begin * samples_, block.size, samples_};
}

template <std::floating_point Scalar>
auto Chunk<Scalar>::slopes(Span block) const -> Block {
  return {buffers_.slopes.data() + block.begin * samples_, block.size, samples_};
}

template <std::floating_point Scalar>
auto Chunk<Scalar>::output(Index strip) const -> Block {
  return {buffers_.strips.data() + strip * samples_ * d_, samples_, d_};
}

template <std::floating_point Scalar>
void Chunk<Scalar>::encode(Span block) {
  Block z = codes(block);
  gemm<Scalar>(Trans::No, Trans::Yes, 1, weights_.encoder.middleRows(block.begin, block.size), X_,
               0, z);
  add_bias(block);
}

template <std::floating_point Scalar>
void Chunk<Scalar>::add_bias(Span block) {
  if (!weights_.has_bias()) return;
  codes(block).colwise() += weights_.bias.segment(block.begin, block.size);
}

template <std::floating_point Scalar>
void Chunk<Scalar>::activate_block(Span block, bool with_slopes) {
  activate<Scalar>(activation_, span_of(codes(block)),
                   with_slopes ? span_of(slopes(block)) : std::span<Scalar>());
}

template <std::floating_point Scalar>
void Chunk<Scalar>::decode(Span block, Index strip, bool first) {
  gemm<Scalar>(Trans::Yes, Trans::No, weights_.scale, codes(block),
               weights_.decoder_rows().middleRows(block.begin, block.size), first ? 0 : 1,
               output(strip));
}

template <std::floating_point Scalar>
void Chunk<Scalar>::keep_largest(const model::TopK& top_k, Index /*sample*/, Index /*strip*/,
                                 Codes z, Codes value, Codes slope) {
  top_k.apply_row(z, value, slope);
}

// Gathers all codes of a sample, which lie `samples_` apart.
template <std::floating_point Scalar>
void Chunk<Scalar>::activate_samples(const model::TopK& top_k, Index strip) {
  const Index n = weights_.neurons();
  Block all_codes = codes({0, n}), all_slopes = slopes({0, n});
  Block rows(buffers_.rows.data() + strip * 3 * n, 3, n);
  const Index end = cut(samples_, Blocking::kStrips, strip + 1);
  for (Index s = cut(samples_, Blocking::kStrips, strip); s < end; ++s) {
    rows.row(0) = all_codes.col(s).transpose();
    keep_largest(top_k, s, strip, span_of(rows.row(0)), span_of(rows.row(1)), span_of(rows.row(2)));
    all_codes.col(s) = rows.row(1).transpose();
    all_slopes.col(s) = rows.row(2).transpose();
  }
}

template <std::floating_point Scalar>
void Chunk<Scalar>::forward(bool with_slopes) {
  take_samples();
  const auto* top_k = std::get_if<model::TopK>(&activation_);
  if (top_k != nullptr) {
    run(strips_, [&](Index strip) { for_each_block(strip, [&](Span block) { encode(block); }); });
    run(Blocking::kStrips, [&](Index strip) { activate_samples(*top_k, strip); });
  }
  run(strips_, [&](Index strip) {
    bool first = true;
    for_each_block(strip, [&](Span block) {
      if (top_k == nullptr) {
        encode(block);
        activate_block(block, with_slopes);
      }
      decode(block, strip, first);
      first = false;
    });
  });
}

template <std::floating_point Scalar>
void Chunk<Scalar>::reconstruction(View<Scalar> Xhat) {
  run(num_blocks(samples_, Blocking::kSamples), [&](Index block) {
    const Index begin = block * Blocking::kSamples;
    const Index size = std::min(Blocking::kSamples, samples_ - begin);
    auto out = Xhat.middleRows(begin, size);
    out = output(0).middleRows(begin, size);
    for (Index strip = 1; strip < strips_; ++strip) {
      out += output(strip).middleRows(begin, size);
    }
  });
}

template <std::floating_point Scalar>
double Chunk<Scalar>::residual() {
  reconstruction(output(0));
  Block E = output(0);
  run(num_blocks(samples_, Blocking::kSamples), [&](Index block) {
    const Index begin = block * Blocking::kSamples;
    for (Index s = begin; s < std::min(begin + Blocking::kSamples, samples_); ++s) {
      E.row(s) = X_.row(s) - E.row(s);
      buffers_.squares[s] = sum_of_squares(E.row(s).data(), d_);
    }
  });
  take_residual();
  return lane_sum(samples_, [&](Index s) { return buffers_.squares[s]; });
}

template <std::floating_point Scalar>
void Chunk<Scalar>::project(Span block, Scalar factor, Block D) {
  gemm<Scalar>(Trans::No, Trans::Yes, factor,
               weights_.decoder_rows().middleRows(block.begin, block.size), output(0), 0, D);
}

template <std::floating_point Scalar>
void Chunk<Scalar>::add_gradient(Span block, Scalar factor, const Block& D, Scalar keep,
                                 MatrixOf<Scalar>& encoder, MatrixOf<Scalar>& decoder) {
  const auto rows = [&](MatrixOf<Scalar>& M) { return M.middleRows(block.begin, block.size); };
  const Block E = output(0);
  gemm<Scalar>(Trans::No, Trans::No, 1, D, X_, keep, rows(encoder));
  if (weights_.tied()) {
    gemm<Scalar>(Trans::No, Trans::No, factor, codes(block), E, 1, rows(encoder));
  } else {
    gemm<Scalar>(Trans::No, Trans::No, factor, codes(block), E, keep, rows(decoder));
  }
}

// (factor A Eᵀ)∘S.
template <std::floating_point Scalar>
auto Chunk<Scalar>::back(Span block, Index strip, Scalar factor) -> Block {
  Block D(buffers_.back.data() + strip * buffers_.block * samples_, block.size, samples_);
  project(block, factor, D);
  D.array() *= slopes(block).array();
  return D;
}

template <std::floating_point Scalar>
void Chunk<Scalar>::backward_block(Span block, Index strip, model::Weights<Scalar>& gradient,
                                   Scalar factor, Scalar keep) {
  const Block D = back(block, strip, factor);
  add_gradient(block, factor, D, keep, gradient.encoder, gradient.decoder);
  if (!weights_.has_bias()) return;
  for (Index i = 0; i < block.size; ++i) {
    const Scalar* row = D.row(i).data();
    const double sum = lane_sum(samples_, [row](Index s) { return static_cast<double>(row[s]); });
    Scalar& bias = gradient.bias[block.begin + i];
    bias = static_cast<Scalar>(sum) + (keep == 0 ? Scalar(0) : bias);
  }
}

template <std::floating_point Scalar>
void Chunk<Scalar>::backward(model::Weights<Scalar>& gradient, Scalar factor, bool first) {
  run(strips_, [&](Index strip) {
    for_each_block(strip, [&](Span block) {
      backward_block(block, strip, gradient, factor, first ? Scalar(0) : Scalar(1));
    });
  });
}

template <std::floating_point Scalar>
void Chunk<Scalar>::descend(const BlockDescent<Scalar>& rows, Scalar factor) {
  run(strips_, [&](Index strip) {
    for_each_block(strip, [&](Span block) {
      rows.before(block);
      const Block D = back(block, strip, factor / rows.kept());
      add_gradient(block, factor, D, 1, rows.target(), rows.target());
      rows.after(block);
    });
  });
}

template class Chunk<float>;
template class Chunk<double>;

}  // namespace twofold::ops
