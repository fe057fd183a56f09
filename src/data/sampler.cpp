#include "twofold/data/sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::BatchSampler";
constexpr Index kBlock = 16;       // draws that are gathered at a time
constexpr Index kShare = 1 << 14;  // numbers below which a second thread costs more than it saves

}  // namespace

BatchSampler::BatchSampler(const Source& source, BatchOptions options, std::uint64_t seed)
    : source_(&source),
      options_(std::move(options)),
      draws_(options_.mirrored ? options_.batch / 2 : options_.batch),
      shuffle_(options_.order == "shuffle"),
      order_(seed, "batch/order"),
      signs_(seed, "batch/signs") {
  require(options_.batch >= 1, kWhere, fmt::format("batch must be >= 1, got {}", options_.batch));
  require(
      !options_.mirrored || options_.batch % 2 == 0, kWhere,
      fmt::format("a mirrored batch holds pairs, so batch must be even, got {}", options_.batch));
  require(shuffle_ || options_.order == "iid", kWhere,
          fmt::format("unknown order '{}'; known: iid, shuffle", options_.order));
  require(source.size() > 0, kWhere, source.description() + " has no rows");
}

std::uint64_t BatchSampler::sample_of(std::uint64_t draw) const {
  const std::uint64_t n = source_->size();
  if (n == kUnlimited) return draw;
  return shuffle_ ? order_.permuted(draw % n, n, draw / n) : order_.below(n, draw);
}

template <typename Scalar>
void BatchSampler::fill(std::uint64_t step, View<Scalar> rows, ThreadPool& pool) const {
  if (rows.rows() != options_.batch || rows.cols() != source_->dimension()) {
    throw InvalidArgument(
        kWhere, fmt::format("a batch is {} x {}, but the matrix is {} x {}", options_.batch,
                            source_->dimension(), rows.rows(), rows.cols()));
  }
  const std::uint64_t first = step * static_cast<std::uint64_t>(draws_);
  const auto draw = [&](Index begin, Index end) {
    std::array<std::uint64_t, kBlock> index{};
    const auto count = static_cast<std::size_t>(end - begin);
    for (std::size_t k = 0; k < count; ++k) {
      index[k] = sample_of(first + static_cast<std::uint64_t>(begin) + k);
    }
    source_->gather(std::span(index).first(count),
                    View<Scalar>(rows.middleRows(begin, end - begin)));
    for (Index b = begin; b < end; ++b) {
      const double sign =
          options_.random_signs ? signs_.sign(first + static_cast<std::uint64_t>(b)) : 1.0;
      if (sign < 0) rows.row(b) = -rows.row(b);
      if (options_.mirrored) rows.row(b + draws_) = -rows.row(b);
    }
  };
  const Index block = std::max(kBlock, kShare / std::max<Index>(rows.cols(), 1));
  parallel_for(pool, draws_, block, [&](Index begin, Index end) {
    for (Index b = begin; b < end; b += kBlock) draw(b, std::min(b + kBlock, end));
  });
}

template void BatchSampler::fill(std::uint64_t, View<float>, ThreadPool&) const;
template void BatchSampler::fill(std::uint64_t, View<double>, ThreadPool&) const;

}  // namespace twofold::data
