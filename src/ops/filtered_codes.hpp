// Codes by a filter: products in bfloat16 tell which units may fire, those are computed in float.
//
// The set of units is exact: the filter lets through all that its error bound cannot exclude.
// Values are the scalar products of SparseKernels::dots, so codes do not depend on the BLAS.
#pragma once

#include "bf16_product.hpp"
#include "block_codes.hpp"
#include "gate_rule.hpp"

namespace twofold::ops {

/// Atoms prepared for the filter.
struct FilterAtoms {
  const Bf16Pair* packed;
  Index groups;
  Bf16Norms norms;  ///< the largest of each
};

/// Whether the filter pays: the machine has such products, there are enough samples to pay for the
/// packing, and few units fire on some of them. A function of the batch only.
[[nodiscard]] bool filter_pays(const ConstView<float>& X, const ConstView<float>& W,
                               const GateRule<float>& rule);

/// Packs W into work space of the calling thread, valid until its next call.
[[nodiscard]] FilterAtoms filter_atoms(const ConstView<float>& W, ThreadPool& pool);

/// Codes of the rows of X.
void filtered_codes(const ConstView<float>& X, const ConstView<float>& W, const FilterAtoms& atoms,
                    const GateRule<float>& rule, BlockCodes<float>& out);

}  // namespace twofold::ops
