#include "dictionary_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "run_log.hpp"
#include "twofold/core/error.hpp"

namespace twofold::train {
namespace {

constexpr std::string_view kWhere = "train::dictionary_descent";

// The threshold of a gate that has one.
const double* threshold_of(const model::Activation& activation) {
  if (const auto* hard = std::get_if<model::HardThreshold>(&activation)) return &hard->lambda;
  if (const auto* jump = std::get_if<model::JumpRelu>(&activation)) return &jump->threshold;
  return nullptr;
}

void check_positive(double value, std::string_view name) {
  require(value > 0 && std::isfinite(value), kWhere,
          fmt::format("{} must be finite and > 0, got {}", name, value));
}

void check_gate(const DictionaryDescentOptions& options) {
  const ops::Gate& gate = options.gate;
  const bool relu = std::holds_alternative<model::Relu>(gate.activation);
  const double* threshold = threshold_of(gate.activation);
  require(relu || threshold != nullptr || std::holds_alternative<model::TopK>(gate.activation),
          kWhere,
          fmt::format("the gate must be relu, hard_threshold, jump_relu or top_k, got {}",
                      model::activation_name(gate.activation)));
  require(
      gate.bias <= 0 && std::isfinite(gate.bias) && (relu || gate.bias == 0), kWhere,
      fmt::format("bias must be finite, <= 0, and 0 unless the gate is relu, got {}", gate.bias));
  require(options.bias_shrink >= 1 && std::isfinite(options.bias_shrink), kWhere,
          fmt::format("bias_shrink must be finite and >= 1, got {}", options.bias_shrink));
  require(options.bias_floor >= 0 && options.bias_floor <= -gate.bias, kWhere,
          fmt::format("bias_floor must be in [0, {}], the bias at the start, got {}", -gate.bias,
                      options.bias_floor));
  if (options.last_threshold == 0) return;
  check_positive(options.last_threshold, "last_threshold");
  require(threshold != nullptr && *threshold > 0, kWhere,
          "last_threshold needs a gate with a threshold > 0");
}

}  // namespace

double DictionarySchedule::geometric(double first, double last, std::int64_t t) const noexcept {
  const std::int64_t gaps = options_.iterations - 1;
  if (last == 0 || gaps < 1) return first;
  if (t >= gaps) return last;
  return first * std::pow(last / first, static_cast<double>(t) / static_cast<double>(gaps));
}

double DictionarySchedule::step(std::int64_t t) const noexcept {
  return geometric(options_.step, options_.last_step, t);
}

ops::Gate DictionarySchedule::gate(std::int64_t t) const {
  ops::Gate gate = options_.gate;
  t = std::min(t, options_.iterations);
  if (options_.bias_shrink > 1) {
    const double shrunk = gate.bias * std::pow(options_.bias_shrink, -static_cast<double>(t));
    gate.bias = std::min(shrunk, -options_.bias_floor);
  }
  if (auto* hard = std::get_if<model::HardThreshold>(&gate.activation)) {
    hard->lambda = geometric(hard->lambda, options_.last_threshold, t);
  } else if (auto* jump = std::get_if<model::JumpRelu>(&gate.activation)) {
    jump->threshold = geometric(jump->threshold, options_.last_threshold, t);
  }
  return gate;
}

bool DictionarySchedule::same_loss_next(std::int64_t t) const {
  if (polishing(t) != polishing(t + 1)) return false;
  const ops::Gate now = gate(t), next = gate(t + 1);
  if (now.bias != next.bias) return false;
  const double* threshold = threshold_of(now.activation);
  return threshold == nullptr || *threshold == *threshold_of(next.activation);
}

bool DictionarySchedule::reseeds(std::int64_t t) const noexcept {
  // A new unit needs time to settle, and a polished one is settled.
  return options_.reseed_every > 0 && t > 0 && t % options_.reseed_every == 0 &&
         2 * t <= options_.iterations;
}

template <std::floating_point Scalar>
void check_descent(const MatrixOf<Scalar>& start, Index d,
                   const DictionaryDescentOptions& options) {
  require(start.size() > 0, kWhere, "the start must not be empty");
  require(start.cols() == d, kWhere,
          fmt::format("atoms have dimension {}, the data {}", start.cols(), d));
  for (Index i = 0; i < start.rows(); ++i) {
    const auto norm = start.row(i).norm();
    require(std::isfinite(norm) && (norm > 0 || !options.normalise), kWhere,
            fmt::format("row {} of the start has norm {}", i, norm));
  }
  check_gate(options);
  check_positive(options.step, "step");
  check_positive(options.step_unit, "step_unit");
  require(options.last_step >= 0 && std::isfinite(options.last_step), kWhere,
          fmt::format("last_step must be finite and >= 0, got {}", options.last_step));
  require(options.iterations >= 0 && options.polish >= 0, kWhere,
          fmt::format("iterations and polish must be >= 0, got {} and {}", options.iterations,
                      options.polish));
  require(options.most_halvings >= 0, kWhere,
          fmt::format("most_halvings must be >= 0, got {}", options.most_halvings));
  require(options.reseed_every >= 0, kWhere,
          fmt::format("reseed_every must be >= 0, got {}", options.reseed_every));
  require(options.reseed_every == 0 || (options.expected_rate > 0 && options.expected_rate <= 1),
          kWhere,
          fmt::format("reseeding needs expected_rate in (0, 1], got {}", options.expected_rate));
  require(options.reseed_below >= 0 && options.reseed_below < 1, kWhere,
          fmt::format("reseed_below must be in [0, 1), got {}", options.reseed_below));
  require(options.divergence_limit > 1, kWhere,
          fmt::format("divergence_limit must be > 1, got {}", options.divergence_limit));
  check_run(kWhere, options.iterations + options.polish, options.record_steps, options.checkpoint);
}

template void check_descent(const MatrixF&, Index, const DictionaryDescentOptions&);
template void check_descent(const Matrix&, Index, const DictionaryDescentOptions&);

}  // namespace twofold::train
