#include "filtered_codes.hpp"

#include <cmath>
#include <limits>

#include "keep_largest.hpp"
#include "sparse_scratch.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

using Rule = GateRule<float>;
using Kind = Rule::Kind;

constexpr Index kProbes = 16;        // samples that are looked at first
constexpr double kFewUnits = 0.125;  // share of units that may fire on them

// A limit that lets through what the number does, and everything if that is infinite: no comparison
// with NaN excludes.
float below(double limit) noexcept {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (!std::isfinite(limit)) return std::numeric_limits<float>::quiet_NaN();
  return std::nextafter(static_cast<float>(limit), -kInfinity);
}

// Units that may fire: approximate products z are off by `error` at most.
Index candidates(const float* z, Index m, const Rule& rule, double error, std::vector<float>& ranks,
                 std::int32_t* index, float* value) {
  const SparseKernels<float>& kernels = sparse_kernels<float>();
  if (rule.kind == Kind::Above) {
    // One rounding more: that of the sum with the shift.
    const double limit = static_cast<double>(rule.threshold) - static_cast<double>(rule.shift);
    return kernels.keep_above(z, m, 0, 0.0f, below(limit - error - 1e-7 * std::abs(limit)), index,
                              value);
  }
  if (rule.kind == Kind::Magnitude) {
    return kernels.keep_magnitude(z, m, 0, below(static_cast<double>(rule.threshold) - error),
                                  index, value);
  }
  // At least k exact ranks reach limit − error, and one that does has z of rank limit − 2 error.
  const auto limit = [&](float rank) {
    const double low = static_cast<double>(rank) - 2 * error;
    return below(rule.positive ? std::max(low, -error) : low);
  };
  const auto keep = [&](float from) {
    return rule.positive ? kernels.keep_above(z, m, 0, 0.0f, from, index, value)
                         : kernels.keep_magnitude(z, m, 0, from, index, value);
  };
  const Index count = keep(limit(lower_bound_of_largest(z, m, rule, ranks)));
  if (count <= rule.k) return count;
  // The k-th of those is nearer.
  const float from = limit(std::max(0.0f, kth_rank(value, count, rule, ranks)));
  Index kept = 0;
  for (Index i = 0; i < count; ++i) {
    const float size = rule.positive ? value[i] : std::abs(value[i]);
    index[kept] = index[i];
    kept += size < from ? 0 : 1;
  }
  return kept;
}

// Keeps what fires, by exact values.
Index keep_active(Index count, const Rule& rule, std::vector<float>& ranks, std::int32_t* index,
                  float* value) {
  Index kept = 0;
  for (Index i = 0; i < count; ++i) {
    const float v = value[i] + rule.shift;
    const bool out = rule.kind == Kind::Above       ? v <= rule.threshold
                     : rule.kind == Kind::Magnitude ? std::abs(v) < rule.threshold
                                                    : rule.rank(v) < 0;
    index[kept] = index[i];
    value[kept] = v;
    kept += out ? 0 : 1;
  }
  return rule.kind == Kind::Largest ? keep_best(kept, rule, ranks, index, value) : kept;
}

}  // namespace

bool filter_pays(const ConstView<float>& X, const ConstView<float>& W, const Rule& rule) {
  constexpr Index kLeastSamples = 256, kLeastSize = 64;
  const Index N = X.rows(), m = W.rows();
  if (bf16_kernel() == nullptr || N < kLeastSamples || m < kLeastSize || W.cols() < kLeastSize) {
    return false;
  }
  const double few = kFewUnits * static_cast<double>(m);
  if (rule.kind == Kind::Largest) return static_cast<double>(rule.k) <= few / 4;
  static thread_local Scratch<float> rows, products;
  Eigen::Map<MatrixF> probes(rows.get(kProbes * X.cols()), kProbes, X.cols());
  Eigen::Map<MatrixF> Z(products.get(kProbes * m), kProbes, m);
  for (Index i = 0; i < kProbes; ++i) probes.row(i) = X.row(i * (N / kProbes));
  gemm<float>(Trans::No, Trans::Yes, 1, probes, W, 0, Z);
  const float limit = rule.threshold - rule.shift;
  const Index active =
      rule.kind == Kind::Above ? (Z.array() > limit).count() : (Z.array().abs() >= limit).count();
  return static_cast<double>(active) <= few * static_cast<double>(kProbes);
}

FilterAtoms filter_atoms(const ConstView<float>& W, ThreadPool& pool) {
  static thread_local Scratch<Bf16Pair> scratch;
  static thread_local std::vector<Bf16Norms> norms;
  const Index d = W.cols(), groups = num_blocks(W.rows(), kBf16Atoms);
  const Index size = bf16_pairs(d) * kBf16Atoms;
  Bf16Pair* packed = scratch.get(groups * size);
  norms.resize(static_cast<std::size_t>(W.rows()));
  Bf16Norms* norms_of = norms.data();
  parallel_for(pool, W.rows(), kBf16Atoms, [&](Index begin, Index end) {
    pack_bf16<kBf16Atoms>(W.middleRows(begin, end - begin), packed + begin / kBf16Atoms * size);
    for (Index i = begin; i < end; ++i) norms_of[i] = bf16_norms(W.row(i).data(), d);
  });
  Bf16Norms largest;
  for (const Bf16Norms& n : norms) {
    largest.norm = std::max(largest.norm, n.norm);
    largest.rounding = std::max(largest.rounding, n.rounding);
  }
  return {packed, groups, largest};
}

void filtered_codes(const ConstView<float>& X, const ConstView<float>& W, const FilterAtoms& atoms,
                    const Rule& rule, BlockCodes<float>& out) {
  static thread_local Scratch<float> products;
  static thread_local Scratch<Bf16Pair> packed;
  static thread_local std::vector<float> ranks;
  const Index N = X.rows(), m = W.rows(), d = W.cols(), pairs = bf16_pairs(d);
  const Index groups = num_blocks(N, kBf16Samples), stride = atoms.groups * kBf16Atoms;
  Bf16Pair* samples = packed.get(groups * kBf16Samples * pairs);
  for (Index g = 0; g < groups; ++g) {
    const Index first = g * kBf16Samples;
    pack_bf16<kBf16Samples>(X.middleRows(first, std::min(kBf16Samples, N - first)),
                            samples + first * pairs);
  }
  float* Z = products.get(groups * kBf16Samples * stride);
  const Bf16Kernel product = bf16_kernel();
  for (Index a = 0; a < atoms.groups; ++a) {
    for (Index g = 0; g < groups; ++g) {
      product(samples + g * kBf16Samples * pairs, atoms.packed + a * kBf16Atoms * pairs, pairs,
              Z + g * kBf16Samples * stride + a * kBf16Atoms, stride);
    }
  }
  out.clear();
  for (Index row = 0; row < N; ++row) {
    const float* x = X.row(row).data();
    const double error = bf16_error(bf16_norms(x, d), atoms.norms, d);
    out.add_row(m, [&](std::int32_t* index, float* value) {
      const Index count = candidates(Z + row * stride, m, rule, error, ranks, index, value);
      sparse_kernels<float>().dots(x, rows_of<float>(W), index, count, value);
      return keep_active(count, rule, ranks, index, value);
    });
  }
}

}  // namespace twofold::ops
