#include "experiment/one_bit_unrolled.hpp"

#include <fmt/format.h>

#include "twofold/data/sampler.hpp"
#include "twofold/decode/unrolled_training.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::experiment {
namespace {

decode::UnrolledOptions unrolled_options(const OneBitUnrolled& spec) {
  decode::UnrolledOptions options;
  if (spec.denoiser == "tanh") options.denoiser = decode::DenoiserFamily::Tanh;
  if (spec.denoiser == "table") options.denoiser = decode::DenoiserFamily::Table;
  return options;
}

decode::UnrolledDecoder<float> start_decoder(const OneBitSetting& setting, int layers) {
  const OneBitUnrolled& spec = setting.spec.unrolled;
  const double rate = setting.rate();
  if (spec.start == "naive") {
    return decode::naive_unrolled_decoder<float>(layers, rate, unrolled_options(spec));
  }
  const auto form = theory::layer_form(theory::state_evolution(*setting.prior, rate, layers), rate);
  return decode::unrolled_decoder<float>(form, rate, *setting.prior, unrolled_options(spec));
}

}  // namespace

RunStatus train_unrolled(const OneBitSetting& setting, const data::Dataset& dataset,
                         const CodedRows& coded, std::uint64_t seed, RunContext context,
                         OneBitMeasured& measured) {
  const OneBitUnrolled& spec = setting.spec.unrolled;
  if (spec.steps == 0) return RunStatus::Finished;
  const data::BatchSampler sampler(*dataset.train, {.batch = static_cast<Index>(spec.batch)}, seed);
  for (const std::int64_t L : setting.spec.decode.layers) {
    decode::UnrolledDecoder<float> start = start_decoder(setting, static_cast<int>(L));
    if (spec.free_matrices) start.free_matrices(coded.B);
    decode::UnrolledTrainingOptions options;
    options.steps = spec.steps;
    options.learning_rate = spec.learning_rate;
    options.stage = fmt::format("unrolled L = {}", L);
    const auto trained = decode::fit_unrolled<float>(context.pool, coded.B, sampler,
                                                     std::move(start), options, context.observer);
    if (trained.status == decode::UnrolledStatus::NonFinite) return RunStatus::Diverged;
    if (trained.status == decode::UnrolledStatus::Interrupted) {
      return trained.stop == StopRequest::Interrupt ? RunStatus::Interrupted
                                                    : RunStatus::Terminated;
    }
    measured.values[fmt::format("unrolled {}", L)] =
        row_error(coded.X, trained.decoder.apply(context.pool, coded.B, coded.Y));
  }
  return RunStatus::Finished;
}

}  // namespace twofold::experiment
