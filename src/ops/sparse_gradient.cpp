#include <algorithm>

#include "check_codes.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"

namespace twofold::ops {
namespace {

// The entries of some rows of codes, atom by atom, samples ascending within an atom.
template <typename Scalar>
struct ByAtom {
  std::int64_t* offset;  // m + 1
  std::int32_t* sample;
  Scalar* code;
  Scalar* back;  // ⟨r_s, w_j⟩
};

// What one call needs for a panel of samples.
template <typename Scalar>
struct Work {
  Scratch<Scalar> residual, back, code_by_atom, back_by_atom;
  Scratch<std::int32_t> sample;
  Scratch<std::int64_t> offset;
  Scratch<double> squares;
};

template <typename Scalar>
Scalar sign(Scalar c) noexcept {
  return c > 0 ? Scalar{1} : (c < 0 ? Scalar{-1} : c);
}

// A panel of samples and their part of the codes.
template <typename Scalar>
struct Panel {
  ConstView<Scalar> X;
  const std::int64_t* offset;  // rows + 1, into index and value
  const std::int32_t* index;
  const Scalar* value;

  [[nodiscard]] Terms<Scalar> terms(Index row) const noexcept {
    const std::int64_t begin = offset[row];
    return {index + begin, value + begin, nullptr, static_cast<Index>(offset[row + 1] - begin)};
  }
  [[nodiscard]] Index size() const noexcept {
    return static_cast<Index>(offset[X.rows()] - offset[0]);
  }
};

// Counting sort.
template <typename Scalar>
ByAtom<Scalar> by_atom(const Panel<Scalar>& panel, Index m, const Scalar* back, bool signs,
                       Work<Scalar>& work) {
  ByAtom<Scalar> out{work.offset.get(m + 2), work.sample.get(panel.size()),
                     work.code_by_atom.get(panel.size()), nullptr};
  if (back != nullptr) out.back = work.back_by_atom.get(panel.size());
  // place[j + 1] is where the next entry of atom j goes; in the end it is where j + 1 begins.
  std::int64_t* place = out.offset;
  std::fill(place, place + m + 2, 0);
  for (std::int64_t e = panel.offset[0]; e < panel.offset[panel.X.rows()]; ++e) {
    ++place[panel.index[e] + 2];
  }
  for (Index j = 0; j < m; ++j) place[j + 2] += place[j + 1];
  for (Index row = 0; row < panel.X.rows(); ++row) {
    for (std::int64_t e = panel.offset[row]; e < panel.offset[row + 1]; ++e) {
      const std::int64_t to = place[panel.index[e] + 1]++;
      out.sample[to] = static_cast<std::int32_t>(row);
      out.code[to] = signs ? sign(panel.value[e]) : panel.value[e];
      if (back != nullptr) out.back[to] = back[e - panel.offset[0]];
    }
  }
  return out;
}

// Residuals of a panel into R, and for Approximate ⟨r_s, w_j⟩ of each entry; returns Σ ‖r‖².
template <typename Scalar>
double residuals(const Panel<Scalar>& panel, const Rows<Scalar>& W, Index block, Scalar* R,
                 Scalar* back, Work<Scalar>& work, ThreadPool& pool) {
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Index rows = panel.X.rows(), d = W.length;
  double* squares = work.squares.get(rows);
  parallel_for(pool, rows, block, [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Terms<Scalar> terms = panel.terms(row);
      Scalar* r = R + row * d;
      squares[row] = kernels.residual(panel.X.row(row).data(), W, terms, r);
      if (back == nullptr) continue;
      kernels.dots(r, W, terms.row, terms.count, back + (panel.offset[row] - panel.offset[0]));
    }
  });
  double sum = 0.0;
  for (Index row = 0; row < rows; ++row) sum += squares[row];
  return sum;
}

}  // namespace

template <std::floating_point Scalar>
void decode(const SparseCodes<Scalar>& codes, std::type_identity_t<ConstView<Scalar>> W,
            std::type_identity_t<View<Scalar>> Xhat, ThreadPool& pool) {
  constexpr std::string_view where = "ops::decode";
  check_atoms<Scalar>(ConstView<Scalar>(Xhat), W, where);
  check_codes(codes, Xhat.rows(), W.rows(), where);
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Rows<Scalar> atoms = rows_of<Scalar>(W);
  const Index d = W.cols();
  const double entries =
      static_cast<double>(codes.size()) / static_cast<double>(std::max<Index>(Xhat.rows(), 1));
  const Index block = sample_block(Xhat.rows(), 2.0 * static_cast<double>(d) * (entries + 1));
  parallel_for(pool, Xhat.rows(), block, [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const auto from = static_cast<std::size_t>(codes.offset[static_cast<std::size_t>(row)]);
      const auto to = static_cast<std::size_t>(codes.offset[static_cast<std::size_t>(row) + 1]);
      const Terms<Scalar> terms{codes.index.data() + from, codes.value.data() + from, nullptr,
                                static_cast<Index>(to - from)};
      kernels.combine(atoms, atoms, terms, Scalar{1}, false, Xhat.row(row).data());
    }
  });
}

template <std::floating_point Scalar>
double tied_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     std::type_identity_t<ConstView<Scalar>> W, const SparseCodes<Scalar>& codes,
                     TiedGradient kind, std::type_identity_t<View<Scalar>> G, ThreadPool& pool) {
  constexpr std::string_view where = "ops::tied_gradient";
  check_atoms<Scalar>(X, W, where);
  require(X.rows() >= 1, where, "the batch is empty");
  check_codes(codes, X.rows(), W.rows(), where);
  check_same_shape<Scalar>(W, G, "G", where);
  static thread_local Work<Scalar> scratch;
  Work<Scalar>& work = scratch;
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Rows<Scalar> atoms = rows_of<Scalar>(W);
  const Index N = X.rows(), m = W.rows(), d = W.cols();
  const auto factor = static_cast<Scalar>(-1.0 / static_cast<double>(N));
  double squares = 0.0;
  for (Index begin = 0; begin < N; begin += kPanel) {
    const Panel<Scalar> panel{X.middleRows(begin, std::min(kPanel, N - begin)),
                              codes.offset.data() + begin, codes.index.data(), codes.value.data()};
    const double flops = 8.0 * static_cast<double>(d) * static_cast<double>(panel.size());
    const Index rows = panel.X.rows();
    const Index block = sample_block(rows, flops / static_cast<double>(rows));
    Scalar* R = work.residual.get(rows * d);
    Scalar* back = kind == TiedGradient::Approximate ? work.back.get(panel.size()) : nullptr;
    squares += residuals(panel, atoms, block, R, back, work, pool);
    const ByAtom<Scalar> entries = by_atom(panel, m, back, kind == TiedGradient::Sign, work);
    const Index atom_block = block == rows ? m : 8;
    parallel_for(pool, m, atom_block, [&](Index from, Index to) {
      for (Index j = from; j < to; ++j) {
        const std::int64_t first = entries.offset[j];
        const Terms<Scalar> terms{entries.sample + first, entries.code + first,
                                  back == nullptr ? nullptr : entries.back + first,
                                  static_cast<Index>(entries.offset[j + 1] - first)};
        kernels.combine({R, d, d}, rows_of<Scalar>(panel.X), terms, factor, begin > 0,
                        G.row(j).data());
      }
    });
  }
  return squares / (2.0 * static_cast<double>(N));
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                               \
  template void decode(const SparseCodes<Scalar>&, ConstView<Scalar>, View<Scalar>, ThreadPool&); \
  template double tied_gradient(ConstView<Scalar>, ConstView<Scalar>, const SparseCodes<Scalar>&, \
                                TiedGradient, View<Scalar>, ThreadPool&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
