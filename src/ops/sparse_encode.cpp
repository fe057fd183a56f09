#include <algorithm>

#include "block_codes.hpp"
#include "check_codes.hpp"
#include "filtered_codes.hpp"
#include "gate_rule.hpp"
#include "keep_largest.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
Index keep(const Scalar* z, Index m, const GateRule<Scalar>& rule, std::int32_t* index,
           Scalar* value) {
  using Kind = typename GateRule<Scalar>::Kind;
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  if (rule.kind == Kind::Above) {
    return kernels.keep_above(z, m, 0, rule.shift, rule.threshold, index, value);
  }
  if (rule.kind == Kind::Magnitude) {
    return kernels.keep_magnitude(z, m, 0, rule.threshold, index, value);
  }
  static thread_local std::vector<Scalar> ranks;
  return keep_largest(z, m, rule, ranks, index, value);
}

template <typename Scalar>
void plain_codes(const ConstView<Scalar>& X, const ConstView<Scalar>& W,
                 const GateRule<Scalar>& rule, BlockCodes<Scalar>& out) {
  static thread_local Scratch<Scalar> scratch;
  const Index N = X.rows(), m = W.rows();
  Eigen::Map<MatrixOf<Scalar>> Z(scratch.get(N * m), N, m);
  gemm<Scalar>(Trans::No, Trans::Yes, 1, X, W, 0, Z);
  out.clear();
  for (Index row = 0; row < N; ++row) {
    out.add_row(m, [&](std::int32_t* index, Scalar* value) {
      return keep(Z.row(row).data(), m, rule, index, value);
    });
  }
}

template <typename Scalar>
void append(const BlockCodes<Scalar>& block, SparseCodes<Scalar>& codes) {
  codes.index.insert(codes.index.end(), block.index.begin(), block.index.begin() + block.size);
  codes.value.insert(codes.value.end(), block.value.begin(), block.value.begin() + block.size);
  for (const Index count : block.count) codes.offset.push_back(codes.offset.back() + count);
}

// Appends the codes of X; codes_of(rows, out) makes those of one task.
template <typename Scalar, typename CodesOf>
void encode_panels(const ConstView<Scalar>& X, Index block_size, SparseCodes<Scalar>& codes,
                   ThreadPool& pool, CodesOf&& codes_of) {
  static thread_local std::vector<BlockCodes<Scalar>> scratch;
  auto& blocks = scratch;  // of the calling thread, for all
  for (Index begin = 0; begin < X.rows(); begin += kPanel) {
    const ConstView<Scalar> panel = X.middleRows(begin, std::min(kPanel, X.rows() - begin));
    const auto count = static_cast<std::size_t>(num_blocks(panel.rows(), block_size));
    blocks.resize(std::max(blocks.size(), count));
    parallel_for(pool, panel.rows(), block_size, [&](Index from, Index to) {
      codes_of(ConstView<Scalar>(panel.middleRows(from, to - from)),
               blocks[static_cast<std::size_t>(from / block_size)]);
    });
    for (std::size_t b = 0; b < count; ++b) append(blocks[b], codes);
  }
}

}  // namespace

template <std::floating_point Scalar>
void encode(std::type_identity_t<ConstView<Scalar>> X, std::type_identity_t<ConstView<Scalar>> W,
            const Gate& gate, SparseCodes<Scalar>& codes, ThreadPool& pool) {
  constexpr std::string_view where = "ops::encode";
  check_atoms<Scalar>(X, W, where);
  const auto rule = gate_rule<Scalar>(gate, where);
  codes.offset.assign(1, 0);
  codes.index.clear();
  codes.value.clear();
  codes.atoms = W.rows();
  if constexpr (std::same_as<Scalar, float>) {
    constexpr Index kFilterBlock = 48;
    if (filter_pays(X, W, rule)) {
      const FilterAtoms atoms = filter_atoms(W, pool);
      encode_panels<Scalar>(X, kFilterBlock, codes, pool,
                            [&](const ConstView<Scalar>& rows, BlockCodes<Scalar>& out) {
                              filtered_codes(rows, W, atoms, rule, out);
                            });
      return;
    }
  }
  const Index block = sample_block(std::min(kPanel, X.rows()), 2.0 * static_cast<double>(W.size()));
  encode_panels<Scalar>(X, block, codes, pool,
                        [&](const ConstView<Scalar>& rows, BlockCodes<Scalar>& out) {
                          plain_codes<Scalar>(rows, W, rule, out);
                        });
}

template void encode(ConstView<float>, ConstView<float>, const Gate&, SparseCodes<float>&,
                     ThreadPool&);
template void encode(ConstView<double>, ConstView<double>, const Gate&, SparseCodes<double>&,
                     ThreadPool&);

}  // namespace twofold::ops
