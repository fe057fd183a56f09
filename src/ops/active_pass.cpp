#include "active_pass.hpp"

#include <algorithm>

#include "sign_repair.hpp"
#include "sparse_kernels.hpp"

namespace twofold::ops {
namespace {

// A tile's samples of one panel stay in the first cache: at most kTileFloats of them.
constexpr Index kTileFloats = 8192, kMostSamples = 128;
constexpr Index kPanelOfCodes = 64;

// Pairs row r with the places i < columns where Z(r, i) > 0 or is NaN; values factor · Z(r, i).
void fire(const float* Z, Index z_stride, Index columns, float factor, const ActivePairs& pairs) {
  const auto keep_above = sparse_kernels<float>().keep_above;
  for (Index r = 0; r < pairs.rows; ++r) {
    const Index first = r * pairs.stride;
    const Index count = keep_above(Z + r * z_stride, columns, 0, 0.0F, 0.0F, pairs.index + first,
                                   pairs.value + first);
    pairs.count[r] = static_cast<std::int32_t>(count);
    if (factor == 1.0F) continue;
    for (Index e = first; e < first + count; ++e) pairs.value[e] *= factor;
  }
}

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

}  // namespace

Panels Panels::of(Index columns) {
  const Index vectors = num_blocks(columns, kPanelLanes);
  return {num_blocks(vectors, num_blocks(vectors, kPanelVectors)) * kPanelLanes, columns};
}

Index Panels::size(Index rows) const noexcept {
  return rows * num_blocks(columns, kPanelLanes) * kPanelLanes;
}

void Panels::write(const float* from, Index rows, Index row, AlignedFloats& panels) const {
  for_each(rows, [&](Index first, Index w, Index panel) {
    std::copy_n(from + first, std::min(w, columns - first), panels.data() + panel + row * w);
  });
}

void Panels::read(const AlignedFloats& panels, Index rows, Index row, float* to) const {
  for_each(rows, [&](Index first, Index w, Index panel) {
    std::copy_n(panels.data() + panel + row * w, std::min(w, columns - first), to + first);
  });
}

ActiveLists::ActiveLists(Index rows, Index most)
    : stride_(most + kPanelLanes),
      count_(static_cast<std::size_t>(rows)),
      index_(static_cast<std::size_t>(rows * stride_)),
      value_(static_cast<std::size_t>(rows * stride_)) {}

ActivePass::ActivePass(const ActiveKernels& kernels, Index d, Index chunk)
    : kernels_(kernels),
      panels_(Panels::of(d)),
      chunk_(chunk),
      tile_(std::min({chunk, kMostSamples, kTileFloats / panels_.width})) {}

ActivePass::Samples ActivePass::samples(Index room) const {
  const Index padded = num_blocks(room, kPanelLanes) * kPanelLanes;
  return {room,
          room,
          AlignedFloats(panels_.size(room)),
          AlignedFloats(panels_.size(room)),
          AlignedFloats(panels_.columns * padded),
          VectorF(room)};
}

ActivePass::Scratch ActivePass::scratch() const {
  return {.rows = AlignedFloats(panels_.size(kNeurons)),
          .partial = AlignedFloats(kNeurons * (tile_ + kPanelLanes) * kPanelLanes),
          .sums = AlignedFloats(panels_.size(chunk_)),
          .by_neuron = ActiveLists(kNeurons, tile_),
          .by_sample = ActiveLists(tile_, kNeurons)};
}

void ActivePass::take_sample(Index i, const float* x, Samples& samples) const {
  panels_.write(x, samples.room, i, samples.X);
  const Index first = i / kPanelOfCodes * kPanelOfCodes;
  const Index width =
      std::min(kPanelOfCodes, num_blocks(samples.size - first, kPanelLanes) * kPanelLanes);
  float* column = samples.Xt.data() + first * panels_.columns + (i - first);
  for (Index k = 0; k < panels_.columns; ++k) column[k * width] = x[k];
  samples.norms[i] = norm_for_repair(x, panels_.columns);
}

void ActivePass::take_residual(Index i, const float* e, Samples& samples) const {
  panels_.write(e, samples.room, i, samples.E);
}

void ActivePass::pack(const MatrixF& M, Span block, Scratch& scratch) const {
  for (Index r = 0; r < block.size; ++r) {
    panels_.write(M.row(block.begin + r).data(), kNeurons, r, scratch.rows);
  }
}

void ActivePass::unpack(const Scratch& scratch, Span block, MatrixF& M) const {
  for (Index r = 0; r < block.size; ++r) {
    panels_.read(scratch.rows, kNeurons, r, M.row(block.begin + r).data());
  }
}

void ActivePass::encode(const MatrixF& B, Span block, const Samples& samples, ConstView<float> X,
                        float* Z) const {
  kernels_.encode(block.size, samples.size, panels_.columns, B.row(block.begin).data(),
                  panels_.columns, samples.Xt.data(), Z, samples.size);
  repair_signs(B.middleRows(block.begin, block.size), X, samples.norms.data(),
               ProductError::in_float(panels_.columns),
               Eigen::Map<MatrixF>(Z, block.size, samples.size));
}

void ActivePass::decode(Index rows, const float* Z, Index samples, Scratch& scratch) const {
  const ActivePairs by_neuron = scratch.by_neuron.pairs(rows);
  for (Index first = 0; first < samples; first += tile_) {
    const Index size = std::min(tile_, samples - first);
    const ActivePairs by_sample = scratch.by_sample.pairs(size);
    fire(Z + first, samples, size, 1.0F, by_neuron);
    transpose(by_neuron, by_sample);
    panels_.for_each(kNeurons, [&](Index column, Index width, Index panel) {
      float* sums = scratch.sums.data() + column * chunk_ + first * width;
      kernels_.add(scratch.rows.data() + panel, width, by_sample, {sums, width, width});
    });
  }
}

void ActivePass::clear_sums(Scratch& scratch) const {
  std::fill_n(scratch.sums.data(), panels_.size(chunk_), 0.0F);
}

void ActivePass::add_sums(const Scratch& scratch, Index sample, float* row) const {
  panels_.for_each(chunk_, [&](Index first, Index width, Index panel) {
    const float* sum = scratch.sums.data() + panel + sample * width;
    const Index columns = std::min(width, panels_.columns - first);
    for (Index k = 0; k < columns; ++k) row[first + k] += sum[k];
  });
}

void ActivePass::backward(const float* Z, Span block, const Samples& samples, bool first_chunk,
                          const Gradient& gradient, Scratch& scratch) const {
  const ActivePairs pairs = scratch.by_neuron.pairs(block.size);
  const auto columns_of = [&](auto& M, Index first, Index width) {
    return PanelRows{M.row(block.begin).data() + first, panels_.columns,
                     std::min(width, panels_.columns - first)};
  };
  for (Index tile = 0; tile < samples.size; tile += tile_) {
    const Index size = std::min(tile_, samples.size - tile);
    const bool starts = first_chunk && tile == 0;
    fire(Z + tile, samples.size, size, gradient.decoder_factor, pairs);
    if (starts && !gradient.moves_encoder) pack(*gradient.start, block, scratch);
    panels_.for_each(samples.room, [&](Index first, Index width, Index panel) {
      const float* E = samples.E.data() + panel + tile * width;
      float* rows = scratch.rows.data() + first * kNeurons;
      if (!gradient.moves_encoder) return kernels_.add(E, width, pairs, {rows, width, width});
      PanelRows<const float> start{rows, width, width};
      if (starts && gradient.start == nullptr) start = {nullptr, 0, width};
      if (starts && gradient.start != nullptr) start = columns_of(*gradient.start, first, width);
      kernels_.add_and_dot(E, width, pairs, columns_of(gradient.A, first, width), first == 0, start,
                           gradient.moves_decoder ? rows : nullptr, scratch.partial.data());
    });
    if (!gradient.moves_encoder) continue;
    kernels_.fold(scratch.partial.data(), gradient.encoder_factor, pairs);
    panels_.for_each(samples.room, [&](Index first, Index width, Index panel) {
      PanelRows<float> out{scratch.rows.data() + first * kNeurons, width, width};
      if (gradient.encoder != nullptr) out = columns_of(*gradient.encoder, first, width);
      kernels_.add(samples.X.data() + panel + tile * width, width, pairs, out);
    });
  }
}

}  // namespace twofold::ops
