#include "twofold/decode/gvamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gvamp_block.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::decode {
namespace {

/// |x|²/d in double, eight partial sums.
template <typename Scalar>
double mean_square(const Scalar* x, std::size_t size) {
  constexpr std::size_t kSums = 8;
  double sum[kSums] = {};
  std::size_t j = 0;
  for (; j + kSums <= size; j += kSums) {
    for (std::size_t l = 0; l < kSums; ++l) {
      const auto value = static_cast<double>(x[j + l]);
      sum[l] += value * value;
    }
  }
  for (; j < size; ++j) sum[j % kSums] += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  const double all =
      ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  return all / static_cast<double>(size);
}

/// Takes over the layer of each vector that passes, freezes the others. True if any is left.
template <typename Scalar>
bool accept(GvampBlock<Scalar>& block, Index begin, int layer, double tolerance,
            GvampResult<Scalar>& result) {
  const auto d = static_cast<std::size_t>(result.estimate.cols());
  bool any = false;
  for (std::size_t i = 0; i < block.rows(); ++i) {
    GvampState& s = block.state(i);
    if (!s.live) continue;
    const Index row = begin + static_cast<Index>(i);
    const auto place = static_cast<std::size_t>(row);
    if (layer > 0) {
      const Scalar* const x = block.candidate(i);
      const double square = mean_square(x, d);
      const bool plausible = std::abs(square - (1.0 - s.ex)) <= tolerance;
      s.live = plausible && s.ex <= result.variance[place];
      if (!s.live) continue;
      std::copy_n(x, d, block.estimate(i));
    }
    result.variance[place] = s.ex;
    result.layers[place] = layer + 1;
    if (!result.noise.empty()) {
      block.copy_observation(i, result.unbiased.row(row).data());
      result.noise[place] = 1.0 / s.g1;
    }
    any = true;
  }
  return any;
}

void check(const GvampOptions& options) {
  constexpr auto where = "decode::gvamp";
  if (options.layers < 1) {
    throw InvalidArgument(where, fmt::format("layers must be >= 1, got {}", options.layers));
  }
  if (!(options.norm_tolerance > 0.0)) {
    throw InvalidArgument(
        where, fmt::format("norm_tolerance must be > 0, got {}", options.norm_tolerance));
  }
}

/// body(block, first, count) for vectors that go together.
template <typename Scalar, typename Body>
void for_each_group(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                    const Denoiser& denoiser, Index rows, Body&& body) {
  parallel_for(pool, rows, kRowsPerBlock, [&](Index begin, Index end) {
    GvampBlock<Scalar> block(encoder, denoiser.method());
    for (Index first = begin; first < end; first += block.most_rows()) {
      body(block, first, std::min(block.most_rows(), end - first));
    }
  });
}

/// start(block, first, estimate) hands the codes of vectors from `first` on to the block.
template <typename Scalar, typename Start>
GvampResult<Scalar> run(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                        const Denoiser& denoiser, Index rows, const GvampOptions& options,
                        Start&& start) {
  require_deviations(denoiser.dimension(), encoder.dimension(), "decode::gvamp");
  check(options);
  const auto count = static_cast<std::size_t>(rows);
  GvampResult<Scalar> result;
  result.estimate.resize(rows, encoder.dimension());
  result.variance.assign(count, 1.0);
  result.layers.assign(count, 0);
  if (options.keep_unbiased) {
    result.unbiased.resize(rows, encoder.dimension());
    result.noise.assign(count, 0.0);
  }
  for_each_group(pool, encoder, denoiser, rows,
                 [&](GvampBlock<Scalar>& block, Index first, Index group) {
                   start(block, first, result.estimate.middleRows(first, group));
                   for (int t = 0; t < options.layers; ++t) {
                     block.layer(t == 0, nullptr);
                     if (!accept(block, first, t, options.norm_tolerance, result)) break;
                   }
                 });
  return result;
}

}  // namespace

template <std::floating_point Scalar>
GvampResult<Scalar> gvamp(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                          const Denoiser& denoiser, std::type_identity_t<ConstView<Scalar>> Y,
                          const GvampOptions& options) {
  require_codes(Y.cols(), encoder.code_length(), "decode::gvamp");
  return run(pool, encoder, denoiser, Y.rows(), options,
             [&](GvampBlock<Scalar>& block, Index first, View<Scalar> estimate) {
               block.start(Y.middleRows(first, estimate.rows()), estimate);
             });
}

template <std::floating_point Scalar>
GvampResult<Scalar> gvamp_packed(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                 const Denoiser& denoiser, std::span<const std::uint8_t> codes,
                                 const GvampOptions& options) {
  const auto bytes = static_cast<std::size_t>(ops::code_bytes(encoder.code_length()));
  require(codes.size() % bytes == 0, "decode::gvamp_packed",
          fmt::format("{} bytes are no whole number of codes of {} bits", codes.size(),
                      encoder.code_length()));
  return run(pool, encoder, denoiser, static_cast<Index>(codes.size() / bytes), options,
             [&](GvampBlock<Scalar>& block, Index first, View<Scalar> estimate) {
               const auto count = static_cast<std::size_t>(estimate.rows());
               block.start(codes.subspan(static_cast<std::size_t>(first) * bytes, count * bytes),
                           estimate);
             });
}

template <std::floating_point Scalar>
MatrixOf<Scalar> gvamp_scheduled(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                 const Denoiser& denoiser,
                                 std::type_identity_t<ConstView<Scalar>> Y,
                                 std::span<const model::GvampScalars> schedule) {
  constexpr auto where = "decode::gvamp_scheduled";
  require_codes(Y.cols(), encoder.code_length(), where);
  require_deviations(denoiser.dimension(), encoder.dimension(), where);
  require(!schedule.empty(), where, "needs at least one layer, got none");
  MatrixOf<Scalar> estimate(Y.rows(), encoder.dimension());
  for_each_group(pool, encoder, denoiser, Y.rows(),
                 [&](GvampBlock<Scalar>& block, Index first, Index group) {
                   block.start(Y.middleRows(first, group), estimate.middleRows(first, group));
                   for (std::size_t t = 0; t < schedule.size(); ++t) {
                     block.layer(t == 0, &schedule[t]);
                   }
                 });
  return estimate;
}

template GvampResult<float> gvamp(ThreadPool&, const ops::EncoderOperator<float>&, const Denoiser&,
                                  ConstView<float>, const GvampOptions&);
template GvampResult<double> gvamp(ThreadPool&, const ops::EncoderOperator<double>&,
                                   const Denoiser&, ConstView<double>, const GvampOptions&);
template GvampResult<float> gvamp_packed(ThreadPool&, const ops::EncoderOperator<float>&,
                                         const Denoiser&, std::span<const std::uint8_t>,
                                         const GvampOptions&);
template GvampResult<double> gvamp_packed(ThreadPool&, const ops::EncoderOperator<double>&,
                                          const Denoiser&, std::span<const std::uint8_t>,
                                          const GvampOptions&);
template MatrixF gvamp_scheduled(ThreadPool&, const ops::EncoderOperator<float>&, const Denoiser&,
                                 ConstView<float>, std::span<const model::GvampScalars>);
template Matrix gvamp_scheduled(ThreadPool&, const ops::EncoderOperator<double>&, const Denoiser&,
                                ConstView<double>, std::span<const model::GvampScalars>);

}  // namespace twofold::decode
