#include <algorithm>
#include <cmath>

#include "block_codes.hpp"
#include "check_codes.hpp"
#include "code_screen.hpp"
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

// Those of bfloat16 where few units fire: of some, evenly spread, on some of the samples. A
// function of the batch only.
const SplitEngine* products_that_pay(const ConstView<float>& X, const ConstView<float>& W,
                                     const GateRule<float>& rule) {
  constexpr Index kSamples = 16, kUnits = 64;
  using Kind = GateRule<float>::Kind;
  const Index N = X.rows(), m = W.rows(), d = W.cols();
  if (rule.kind == Kind::Largest) return screen_products(N, m, d, rule.k);
  const SplitEngine* engine = screen_products(N, m, d, 1);
  if (engine == nullptr) return nullptr;
  std::int32_t unit[kUnits];
  for (Index j = 0; j < kUnits; ++j) unit[j] = static_cast<std::int32_t>(j * m / kUnits);
  Index active = 0;
  for (Index i = 0; i < kSamples; ++i) {
    float z[kUnits];
    sparse_kernels<float>().dots(X.row(i * N / kSamples).data(), rows_of<float>(W), unit, kUnits,
                                 z);
    active += std::ranges::count_if(z, [&](float v) {
      return rule.kind == Kind::Above ? v + rule.shift > rule.threshold
                                      : std::abs(v) >= rule.threshold;
    });
  }
  return active * 8 <= kSamples * kUnits ? engine : nullptr;
}

void screened_codes(const ConstView<float>& X, const CodeScreen<float>& screen,
                    BlockCodes<float>& out) {
  out.clear();
  screen.codes(X, 0, [&](Index, const RowCodes<float>& row) {
    out.add_row(row.count, [&](std::int32_t* index, float* value) {
      std::copy_n(row.index, row.count, index);
      std::copy_n(row.value, row.count, value);
      return row.count;
    });
  });
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
    if (const SplitEngine* engine = products_that_pay(X, W, rule)) {
      static thread_local CodeScreen<float> screen_of_caller;
      auto& screen = screen_of_caller;
      screen.prepare(W, nullptr, rule, X.rows(), engine, pool);
      encode_panels<float>(X, screen.block(), codes, pool,
                           [&](const ConstView<float>& rows, BlockCodes<float>& out) {
                             screened_codes(rows, screen, out);
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
