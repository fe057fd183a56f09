#include "gate_rule.hpp"

#include <fmt/format.h>

#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
struct RuleOf {
  const Gate& gate;
  std::string_view where;
  using Rule = GateRule<Scalar>;
  using Kind = typename Rule::Kind;

  void require_domain(double value, std::string_view name) const {
    if (value >= 0.0 && std::isfinite(value)) return;
    throw InvalidArgument(where, fmt::format("{} must be >= 0 and finite, got {}", name, value));
  }

  Rule operator()(const model::Relu&) const {
    if (!(gate.bias <= 0.0) || !std::isfinite(gate.bias)) {
      throw InvalidArgument(where, fmt::format("bias must be <= 0 and finite, got {}", gate.bias));
    }
    return {.kind = Kind::Above, .shift = static_cast<Scalar>(gate.bias)};
  }
  Rule operator()(const model::JumpRelu& a) const {
    require_domain(a.threshold, "threshold of jump_relu");
    return {.kind = Kind::Above, .threshold = static_cast<Scalar>(a.threshold)};
  }
  Rule operator()(const model::HardThreshold& a) const {
    require_domain(a.lambda, "threshold of hard_threshold");
    require(!gate.positive, where,
            "hard_threshold lets both signs through: positive must be false");
    return {.kind = Kind::Magnitude, .threshold = static_cast<Scalar>(a.lambda)};
  }
  Rule operator()(const model::TopK& a) const {
    if (a.k < 1) throw InvalidArgument(where, fmt::format("k must be >= 1, got {}", a.k));
    return {.kind = Kind::Largest, .k = a.k, .positive = gate.positive};
  }
  template <typename Other>
  Rule operator()(const Other&) const {
    throw InvalidArgument(where, fmt::format("activation must be relu, hard_threshold, jump_relu "
                                             "or top_k, got {}",
                                             Other::name));
  }
};

}  // namespace

template <std::floating_point Scalar>
GateRule<Scalar> gate_rule(const Gate& gate, std::string_view where) {
  if (!std::holds_alternative<model::Relu>(gate.activation) && gate.bias != 0.0) {
    throw InvalidArgument(where, fmt::format("only relu takes a bias, got {} with {}", gate.bias,
                                             activation_name(gate.activation)));
  }
  return std::visit(RuleOf<Scalar>{gate, where}, gate.activation);
}

template GateRule<float> gate_rule(const Gate&, std::string_view);
template GateRule<double> gate_rule(const Gate&, std::string_view);

}  // namespace twofold::ops
