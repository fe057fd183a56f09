// Batches, atoms and gates for the tests of sparse codes.
#pragma once

#include <string>
#include <vector>

#include "ops/problem.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {

/// Every kind of gate; the thresholds lie on the grid of grid_matrix, so that ties occur.
inline const std::vector<Gate> kAllGates = {
    {model::Relu{}},           {model::Relu{}, -0.5},
    {model::HardThreshold{1}}, {model::HardThreshold{0}},
    {model::JumpRelu{0.75}},   {model::JumpRelu{0}},
    {model::TopK{1}},          {model::TopK{5}},
    {model::TopK{4}, 0, true}, {model::TopK{100000}, 0, true},
};

inline std::string gate_name(const Gate& gate) {
  return model::activation_name(gate.activation) + " bias " + std::to_string(gate.bias) +
         (gate.positive ? " positive" : "");
}

template <typename Scalar>
struct SparseProblem {
  MatrixOf<Scalar> X, W;
  SparseProblem(Index N, Index m, Index d)
      : X(grid_matrix<Scalar>(N, d, "samples")), W(grid_matrix<Scalar>(m, d, "atoms")) {}
};

template <typename Scalar>
SparseCodes<Scalar> encoded(const SparseProblem<Scalar>& p, const Gate& gate, ThreadPool& pool) {
  SparseCodes<Scalar> codes;
  encode<Scalar>(p.X, p.W, gate, codes, pool);
  return codes;
}

template <typename Scalar>
bool operator==(const SparseCodes<Scalar>& a, const SparseCodes<Scalar>& b) {
  return a.offset == b.offset && a.index == b.index && a.value == b.value && a.atoms == b.atoms;
}

}  // namespace twofold::ops
