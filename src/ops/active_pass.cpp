#include "active_pass.hpp"

#include <algorithm>

#include "sign_repair.hpp"

namespace twofold::ops {
namespace {

// A tile's samples of one panel stay in the first cache: at most kTileFloats of them.
constexpr Index kTileFloats = 8192, kMostWords = 2;
constexpr Index kPanelOfCodes = 64;

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
    std::copy_n(from + first, filled(first, w), panels.data() + panel + row * w);
  });
}

void Panels::read(const AlignedFloats& panels, Index rows, Index row, float* to) const {
  for_each(rows, [&](Index first, Index w, Index panel) {
    std::copy_n(panels.data() + panel + row * w, filled(first, w), to + first);
  });
}

ActivePass::ActivePass(const ActiveKernels& kernels, Index d, Index chunk)
    : kernels_(kernels),
      panels_(Panels::of(d)),
      chunk_(chunk),
      tile_(kWord *
            std::min({num_blocks(chunk, kWord), kMostWords, kTileFloats / panels_.width / kWord})) {
}

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
          .sums = AlignedFloats(panels_.size(chunk_)),
          .values = AlignedFloats(kNeurons * tile_),
          .fires = std::vector<std::uint64_t>(
              static_cast<std::size_t>(std::max(kNeurons * tile_ / kWord, tile_)))};
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
  for (Index first = 0; first < samples; first += tile_) {
    const Index size = std::min(tile_, samples - first);
    float* Zt = scratch.values.data();
    kernels_.transpose(rows, size, Z + first, samples, Zt, kNeurons);
    kernels_.fire(size, rows, Zt, kNeurons, scratch.fires.data());
    const ActivePairs pairs{size, 1, scratch.fires.data(), Zt, kNeurons};
    panels_.for_each(kNeurons, [&](Index column, Index width, Index panel) {
      float* sums = scratch.sums.data() + column * chunk_ + first * width;
      kernels_.add(scratch.rows.data() + panel, 1.0F, pairs,
                   {sums, width, panels_.filled(column, width)});
    });
  }
}

void ActivePass::clear_sums(Scratch& scratch) const {
  std::fill_n(scratch.sums.data(), panels_.size(chunk_), 0.0F);
}

void ActivePass::add_sums(const Scratch& scratch, Index sample, float* row) const {
  panels_.for_each(chunk_, [&](Index first, Index width, Index panel) {
    const float* sum = scratch.sums.data() + panel + sample * width;
    const Index columns = panels_.filled(first, width);
    for (Index k = 0; k < columns; ++k) row[first + k] += sum[k];
  });
}

void ActivePass::backward(const float* Z, Span block, const Samples& samples, bool first_chunk,
                          const Gradient& gradient, Scratch& scratch) const {
  const auto columns_of = [&](auto& M, Index first, Index width) {
    return PanelRows{M.row(block.begin).data() + first, panels_.columns,
                     panels_.filled(first, width)};
  };
  const float factor = gradient.decoder_factor;
  for (Index tile = 0; tile < samples.size; tile += tile_) {
    const Index size = std::min(tile_, samples.size - tile);
    const bool starts = first_chunk && tile == 0;
    ActivePairs pairs{block.size, num_blocks(size, kWord), scratch.fires.data(), Z + tile,
                      samples.size};
    kernels_.fire(block.size, size, pairs.value, pairs.stride, scratch.fires.data());
    if (starts && !gradient.moves_encoder) pack(*gradient.start, block, scratch);
    panels_.for_each(samples.room, [&](Index first, Index width, Index panel) {
      const float* E = samples.E.data() + panel + tile * width;
      const PanelRows<float> rows{scratch.rows.data() + first * kNeurons, width,
                                  panels_.filled(first, width)};
      if (!gradient.moves_encoder) return kernels_.add(E, factor, pairs, rows);
      PanelRows<const float> start{rows.data, width, rows.columns};
      if (starts && gradient.start == nullptr) start.data = nullptr;
      if (starts && gradient.start != nullptr) start = columns_of(*gradient.start, first, width);
      kernels_.add_and_dot(E, factor, pairs, start, gradient.moves_decoder ? rows.data : nullptr,
                           columns_of(gradient.A, first, width), gradient.encoder_factor,
                           first == 0, scratch.values.data());
    });
    if (!gradient.moves_encoder) continue;
    pairs.value = scratch.values.data();
    pairs.stride = pairs.words * kWord;
    pairs.in_order = true;
    panels_.for_each(samples.room, [&](Index first, Index width, Index panel) {
      PanelRows<float> out{scratch.rows.data() + first * kNeurons, width,
                           panels_.filled(first, width)};
      if (gradient.encoder != nullptr) out = columns_of(*gradient.encoder, first, width);
      kernels_.add(samples.X.data() + panel + tile * width, 1.0F, pairs, out);
    });
  }
}

}  // namespace twofold::ops
