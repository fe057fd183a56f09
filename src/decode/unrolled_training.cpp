#include "twofold/decode/unrolled_training.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "row_blocks.hpp"
#include "twofold/core/error.hpp"
#include "twofold/decode/unrolled_gradient.hpp"

namespace twofold::decode {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kBetweenReports{100};
constexpr double kFirstDecay = 0.9, kSecondDecay = 0.999, kLeastRoot = 1e-8;
constexpr Index kMatrixRowsPerBlock = 64;

void check(const UnrolledTrainingOptions& options) {
  constexpr auto where = "decode::fit_unrolled";
  const auto positive = [&](double value, std::string_view name) {
    if (value > 0.0 && std::isfinite(value)) return;
    throw InvalidArgument(where, fmt::format("{} must be finite and > 0, got {}", name, value));
  };
  require(options.steps >= 0, where, fmt::format("steps must be >= 0, got {}", options.steps));
  positive(options.learning_rate, "learning_rate");
  positive(options.matrix_learning_rate, "matrix_learning_rate");
  positive(options.final_factor, "final_factor");
  require(options.final_factor <= 1.0, where,
          fmt::format("final_factor must be <= 1, got {}", options.final_factor));
}

template <typename Scalar>
void check(const UnrolledTraining<Scalar>& start) {
  constexpr auto where = "decode::fit_unrolled";
  const auto& moments = start.moments;
  const Index count = start.decoder.parameters().size();
  const std::size_t matrices = start.decoder.forward.size() + start.decoder.backward.size();
  const bool fresh = start.steps == 0 && moments.first.size() == 0;
  const bool whole = start.steps >= 0 && moments.first.size() == count &&
                     moments.second.size() == count && moments.matrix_first.size() == matrices &&
                     moments.matrix_second.size() == matrices;
  require(fresh || whole, where,
          fmt::format("a training after {} steps must bring its moments", start.steps));
}

/// One step of Adam on arrays of one shape.
template <typename Scalar>
class AdamStep {
 public:
  /// @param k  number of the step, from 0.
  AdamStep(double rate, std::int64_t k)
      : rate_(static_cast<Scalar>(rate / (1.0 - std::pow(kFirstDecay, k + 1)))),
        second_scale_(static_cast<Scalar>(1.0 / (1.0 - std::pow(kSecondDecay, k + 1)))) {}

  template <typename Gradient, typename Target>
  void operator()(const Gradient& gradient, Target first, Target second, Target target) const {
    constexpr auto b1 = static_cast<Scalar>(kFirstDecay), b2 = static_cast<Scalar>(kSecondDecay);
    first = b1 * first + (1 - b1) * gradient;
    second = b2 * second + (1 - b2) * gradient * gradient;
    target -= rate_ * first / ((second_scale_ * second).sqrt() + static_cast<Scalar>(kLeastRoot));
  }

 private:
  Scalar rate_, second_scale_;
};

template <typename Scalar>
class Run {
 public:
  Run(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
      const data::BatchSampler& sampler, UnrolledTraining<Scalar> start,
      const UnrolledTrainingOptions& options, Observer& observer)
      : pool_(pool),
        encoder_(encoder),
        sampler_(sampler),
        options_(options),
        observer_(observer),
        training_(std::move(start)),
        X_(sampler.options().batch, encoder.dimension()),
        Y_(X_.rows(), encoder.code_length()) {
    if (training_.moments.first.size() == 0) start_moments();
    training_.losses.resize(static_cast<std::size_t>(training_.steps));
    Index place = 0;
    for (const auto& layer : training_.decoder.layers) {
      variances_.push_back(place + kUnrolledVariance);
      place += static_cast<Index>(kUnrolledScalars.size() + layer.denoiser.parameters.size());
    }
  }

  UnrolledTraining<Scalar> operator()() {
    training_.status = UnrolledStatus::Finished;
    training_.stop = StopRequest::None;
    for (;; ++training_.steps) {
      const bool done = training_.steps >= options_.steps;
      if (!done) training_.stop = observer_.stop_requested();
      if (training_.stop != StopRequest::None) {
        training_.status = UnrolledStatus::Interrupted;
        break;
      }
      differentiate();
      training_.losses.push_back(gradient_.loss);
      if (!std::isfinite(gradient_.loss)) {
        training_.status = UnrolledStatus::NonFinite;
        break;
      }
      report(done);
      if (done) break;
      if (!update()) {
        ++training_.steps;
        training_.status = UnrolledStatus::NonFinite;
        break;
      }
    }
    return std::move(training_);
  }

 private:
  void start_moments() {
    auto& moments = training_.moments;
    auto& decoder = training_.decoder;
    moments.first = moments.second = Vector::Zero(decoder.parameters().size());
    for (const auto* list : {&decoder.forward, &decoder.backward}) {
      for (const auto& matrix : *list) {
        moments.matrix_first.push_back(MatrixOf<Scalar>::Zero(matrix.rows(), matrix.cols()));
      }
    }
    moments.matrix_second = moments.matrix_first;
  }

  /// Loss and gradient on the batch of this step.
  void differentiate() {
    sampler_.template fill<Scalar>(static_cast<std::uint64_t>(training_.steps), X_, pool_);
    parallel_for(pool_, X_.rows(), kRowsPerBlock, [&](Index begin, Index end) {
      VectorOf<Scalar> scratch;
      auto codes = Y_.middleRows(begin, end - begin);
      encoder_.forward(X_.middleRows(begin, end - begin), codes, scratch);
      codes = (codes.array() >= 0)
                  .select(MatrixOf<Scalar>::Ones(codes.rows(), codes.cols()), Scalar{-1});
    });
    unrolled_gradient<Scalar>(pool_, encoder_, training_.decoder, X_, Y_, gradient_);
  }

  /// η_k/η.
  [[nodiscard]] double factor() const {
    const double k = static_cast<double>(training_.steps);
    return std::pow(options_.final_factor, k / static_cast<double>(options_.steps));
  }

  /// False if a weight left the numbers, or a variance is no longer one.
  [[nodiscard]] bool update() {
    auto& decoder = training_.decoder;
    auto& moments = training_.moments;
    Vector parameters = decoder.parameters();
    // A step of ln v keeps v positive and is relative to it.
    for (const Index i : variances_) {
      gradient_.parameters[i] *= parameters[i];
      parameters[i] = std::log(parameters[i]);
    }
    const AdamStep<double> step(options_.learning_rate * factor(), training_.steps);
    step(gradient_.parameters.array(), moments.first.array(), moments.second.array(),
         parameters.array());
    bool usable = parameters.allFinite();
    for (const Index i : variances_) {
      parameters[i] = std::exp(parameters[i]);
      usable = usable && parameters[i] > 0.0 && std::isfinite(parameters[i]);
    }
    decoder.set_parameters(parameters);
    const std::size_t layers = decoder.forward.size();
    for (std::size_t t = 0; t < layers; ++t) {
      update(gradient_.forward[t], t, decoder.forward[t]);
      update(gradient_.backward[t], layers + t, decoder.backward[t]);
    }
    return usable;
  }

  void update(const MatrixOf<Scalar>& gradient, std::size_t place, MatrixOf<Scalar>& target) {
    const AdamStep<Scalar> step(options_.matrix_learning_rate * factor(), training_.steps);
    auto& first = training_.moments.matrix_first[place];
    auto& second = training_.moments.matrix_second[place];
    parallel_for(pool_, target.rows(), kMatrixRowsPerBlock, [&](Index begin, Index end) {
      const auto part = [&](auto& matrix) { return matrix.middleRows(begin, end - begin).array(); };
      step(part(gradient), part(first), part(second), part(target));
    });
  }

  void report(bool done) {
    if (!done && Clock::now() - last_report_ < kBetweenReports) return;
    last_report_ = Clock::now();
    observer_.progress({.stage = options_.stage,
                        .done = training_.steps,
                        .total = options_.steps,
                        .loss = gradient_.loss});
  }

  ThreadPool& pool_;
  const ops::EncoderOperator<Scalar>& encoder_;
  const data::BatchSampler& sampler_;
  const UnrolledTrainingOptions& options_;
  Observer& observer_;
  UnrolledTraining<Scalar> training_;
  MatrixOf<Scalar> X_, Y_;
  UnrolledGradient<Scalar> gradient_;
  std::vector<Index> variances_;  // places of v in the parameters
  Clock::time_point last_report_ = Clock::now();
};

}  // namespace

template <std::floating_point Scalar>
UnrolledTraining<Scalar> fit_unrolled(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                      const data::BatchSampler& sampler,
                                      UnrolledTraining<Scalar> start,
                                      const UnrolledTrainingOptions& options, Observer& observer) {
  check(options);
  check(start);
  if (sampler.source().dimension() != encoder.dimension()) {
    throw InvalidArgument("decode::fit_unrolled",
                          fmt::format("the data have dimension {}, the encoder {}",
                                      sampler.source().dimension(), encoder.dimension()));
  }
  return Run<Scalar>(pool, encoder, sampler, std::move(start), options, observer)();
}

template UnrolledTraining<float> fit_unrolled(ThreadPool&, const ops::EncoderOperator<float>&,
                                              const data::BatchSampler&, UnrolledTraining<float>,
                                              const UnrolledTrainingOptions&, Observer&);
template UnrolledTraining<double> fit_unrolled(ThreadPool&, const ops::EncoderOperator<double>&,
                                               const data::BatchSampler&, UnrolledTraining<double>,
                                               const UnrolledTrainingOptions&, Observer&);

}  // namespace twofold::decode
