#include "active_chunk.hpp"

#include <algorithm>
#include <variant>

#include "lane_sum.hpp"
#include "run_blocks.hpp"

namespace twofold::ops {

namespace {

ActiveBuffers& buffers_of(Workspace<float>::Buffers& buffers) {
  if (buffers.active == nullptr) {
    const ActivePass pass(*avx512_active_kernels(), buffers.d, buffers.chunk);
    const Index blocks = num_blocks(buffers.neurons, ActivePass::kNeurons);
    const auto strips = static_cast<std::size_t>(std::min(Blocking::kStrips, blocks));
    buffers.active = std::make_unique<ActiveBuffers>(
        ActiveBuffers{pass, pass.samples(buffers.chunk),
                      std::vector<ActivePass::Scratch>(strips, pass.scratch())});
  }
  return *buffers.active;
}

}  // namespace

bool ActiveChunk::serves(const model::Weights<float>& weights,
                         const model::Activation& activation) noexcept {
  return avx512_active_kernels() != nullptr && !weights.has_bias() &&
         std::holds_alternative<model::Relu>(activation);
}

ActiveChunk::ActiveChunk(const ConstView<float>& X, const model::Weights<float>& weights,
                         Buffers& buffers, ThreadPool& pool)
    : X_(X), weights_(weights), buffers_(buffers), active_(buffers_of(buffers)), pool_(pool) {
  active_.samples.size = X.rows();
}

template <typename Body>
void ActiveChunk::run(Index count, Body&& body) {
  const double flops = 4.0 * static_cast<double>(X_.rows()) * static_cast<double>(X_.cols()) *
                       static_cast<double>(weights_.neurons());
  run_blocks(pool_, flops, count, body);
}

// body(block, strip's memory, whether it is the strip's first block).
template <typename Body>
void ActiveChunk::for_each_block(Body&& body) {
  const auto strips = static_cast<Index>(active_.strips.size());
  run(strips, [&](Index strip) {
    bool first = true;
    ops::for_each_block(weights_.neurons(), ActivePass::kNeurons, strips, strip, [&](Span block) {
      body(block, active_.strips[static_cast<std::size_t>(strip)], first);
      first = false;
    });
  });
}

template <typename Body>
void ActiveChunk::for_each_sample(Body&& body) {
  run(num_blocks(X_.rows(), Blocking::kSamples), [&](Index block) {
    const Index begin = block * Blocking::kSamples;
    const Index end = std::min(begin + Blocking::kSamples, X_.rows());
    for (Index s = begin; s < end; ++s) body(s);
  });
}

void ActiveChunk::forward(bool /*with_slopes*/) {
  const ActivePass& pass = active_.pass;
  const Index samples = X_.rows();
  for_each_sample([&](Index s) { pass.take_sample(s, X_.row(s).data(), active_.samples); });
  for_each_block([&](Span block, ActivePass::Scratch& scratch, bool first) {
    float* Z = buffers_.codes.data() + block.begin * samples;
    if (first) pass.clear_sums(scratch);
    pass.encode(weights_.encoder, block, active_.samples, X_, Z);
    pass.pack(weights_.decoder_rows(), block, scratch);
    pass.decode(block.size, Z, samples, scratch);
  });
}

void ActiveChunk::output(Index sample, float* row) const {
  Eigen::Map<VectorF> out(row, X_.cols());
  out.setZero();
  for (const ActivePass::Scratch& strip : active_.strips) {
    active_.pass.add_sums(strip, sample, row);
  }
  out *= weights_.scale;
}

void ActiveChunk::reconstruction(View<float> Xhat) {
  for_each_sample([&](Index s) { output(s, Xhat.row(s).data()); });
}

double ActiveChunk::residual() {
  const Index d = X_.cols();
  for_each_sample([&](Index s) {
    float* e = buffers_.strips.data() + s * d;
    output(s, e);
    const float* x = X_.row(s).data();
    for (Index k = 0; k < d; ++k) e[k] = x[k] - e[k];
    buffers_.squares[s] = sum_of_squares(e, d);
    active_.pass.take_residual(s, e, active_.samples);
  });
  return lane_sum(X_.rows(), [&](Index s) { return buffers_.squares[s]; });
}

void ActiveChunk::backward(model::Weights<float>& gradient, float factor, bool first) {
  const ActivePass& pass = active_.pass;
  const bool tied = weights_.tied();
  MatrixF& decoder = tied ? gradient.encoder : gradient.decoder;
  const ActivePass::Gradient sums{.A = weights_.decoder_rows(),
                                  .start = first ? nullptr : &decoder,
                                  .encoder = tied ? nullptr : &gradient.encoder,
                                  .moves_decoder = true,
                                  .moves_encoder = true,
                                  .decoder_factor = factor,
                                  .encoder_factor = factor};
  for_each_block([&](Span block, ActivePass::Scratch& s, bool) {
    if (first && !tied) gradient.encoder.middleRows(block.begin, block.size).setZero();
    pass.backward(buffers_.codes.data() + block.begin * X_.rows(), block, active_.samples, true,
                  sums, s);
    pass.unpack(s, block, decoder);
  });
}

void ActiveChunk::descend(const BlockDescent<float>& rows, float factor) {
  const ActivePass& pass = active_.pass;
  const ActivePass::Gradient sums{.A = weights_.encoder,
                                  .start = &rows.target(),
                                  .encoder = nullptr,
                                  .moves_decoder = true,
                                  .moves_encoder = true,
                                  .decoder_factor = factor,
                                  .encoder_factor = factor / rows.kept()};
  for_each_block([&](Span block, ActivePass::Scratch& s, bool) {
    rows.before(block);
    pass.backward(buffers_.codes.data() + block.begin * X_.rows(), block, active_.samples, true,
                  sums, s);
    pass.unpack(s, block, rows.target());
    rows.after(block);
  });
}

}  // namespace twofold::ops
