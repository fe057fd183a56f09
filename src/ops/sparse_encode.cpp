#include <algorithm>

#include "check_codes.hpp"
#include "gate_rule.hpp"
#include "keep_largest.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

// Codes of one task; the buffers are as long as ever was needed.
template <typename Scalar>
struct BlockCodes {
  std::vector<std::int32_t> index;
  std::vector<Scalar> value;
  std::vector<Index> count;  // of each row
  Index size = 0;

  void make_room(Index more) {
    const auto needed = static_cast<std::size_t>(size + more);
    if (needed <= index.size()) return;
    index.resize(std::max(needed, 2 * index.size()));
    value.resize(index.size());
  }
};

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
void encode_block(const ConstView<Scalar>& X, const ConstView<Scalar>& W,
                  const GateRule<Scalar>& rule, BlockCodes<Scalar>& out) {
  static thread_local Scratch<Scalar> scratch;
  const Index N = X.rows(), m = W.rows();
  Eigen::Map<MatrixOf<Scalar>> Z(scratch.get(N * m), N, m);
  gemm<Scalar>(Trans::No, Trans::Yes, 1, X, W, 0, Z);
  out.size = 0;
  out.count.resize(static_cast<std::size_t>(N));
  for (Index row = 0; row < N; ++row) {
    out.make_room(m + kLanes<Scalar>);
    const Index kept =
        keep(Z.row(row).data(), m, rule, out.index.data() + out.size, out.value.data() + out.size);
    out.count[static_cast<std::size_t>(row)] = kept;
    out.size += kept;
  }
}

template <typename Scalar>
void append(const BlockCodes<Scalar>& block, SparseCodes<Scalar>& codes) {
  codes.index.insert(codes.index.end(), block.index.begin(), block.index.begin() + block.size);
  codes.value.insert(codes.value.end(), block.value.begin(), block.value.begin() + block.size);
  for (const Index count : block.count) codes.offset.push_back(codes.offset.back() + count);
}

}  // namespace

template <std::floating_point Scalar>
void encode(std::type_identity_t<ConstView<Scalar>> X, std::type_identity_t<ConstView<Scalar>> W,
            const Gate& gate, SparseCodes<Scalar>& codes, ThreadPool& pool) {
  constexpr std::string_view where = "ops::encode";
  check_atoms<Scalar>(X, W, where);
  const auto rule = gate_rule<Scalar>(gate, where);
  static thread_local std::vector<BlockCodes<Scalar>> scratch;
  auto& blocks = scratch;  // of the calling thread, for all
  codes.offset.assign(1, 0);
  codes.index.clear();
  codes.value.clear();
  codes.atoms = W.rows();
  for (Index begin = 0; begin < X.rows(); begin += kPanel) {
    const ConstView<Scalar> panel = X.middleRows(begin, std::min(kPanel, X.rows() - begin));
    const Index block = sample_block(panel.rows(), 2.0 * static_cast<double>(W.size()));
    blocks.resize(
        std::max(blocks.size(), static_cast<std::size_t>(num_blocks(panel.rows(), block))));
    parallel_for(pool, panel.rows(), block, [&](Index from, Index to) {
      encode_block<Scalar>(panel.middleRows(from, to - from), W, rule,
                           blocks[static_cast<std::size_t>(from / block)]);
    });
    for (Index b = 0; b < num_blocks(panel.rows(), block); ++b) {
      append(blocks[static_cast<std::size_t>(b)], codes);
    }
  }
}

template void encode(ConstView<float>, ConstView<float>, const Gate&, SparseCodes<float>&,
                     ThreadPool&);
template void encode(ConstView<double>, ConstView<double>, const Gate&, SparseCodes<double>&,
                     ThreadPool&);

}  // namespace twofold::ops
