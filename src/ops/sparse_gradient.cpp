#include <algorithm>

#include "check_codes.hpp"
#include "entries_by_unit.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"

namespace twofold::ops {
namespace {

// What one call needs for a panel of samples.
template <typename Scalar>
struct Work {
  EntriesByUnit<Scalar> entries;
  Scratch<Scalar> residual, back;
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
  const std::int64_t* offset;  // rows + 1, of all codes
  const std::int32_t* index;   // of the part
  const Scalar* value;

  Panel(const ConstView<Scalar>& samples, const SparseCodes<Scalar>& codes, Index first)
      : X(samples.middleRows(first, std::min(kPanel, samples.rows() - first))),
        offset(codes.offset.data() + first),
        index(codes.index.data() + offset[0]),
        value(codes.value.data() + offset[0]) {}

  [[nodiscard]] Index begin(Index row) const noexcept {
    return static_cast<Index>(offset[row] - offset[0]);
  }
  [[nodiscard]] Index end(Index row) const noexcept { return begin(row + 1); }
  [[nodiscard]] Index size() const noexcept { return begin(X.rows()); }
  [[nodiscard]] Terms<Scalar> terms(Index row) const noexcept {
    return {index + begin(row), value + begin(row), nullptr, end(row) - begin(row)};
  }
};

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
      kernels.dots(r, W, terms.row, terms.count, back + panel.begin(row));
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
    const Panel<Scalar> panel(X, codes, begin);
    const double flops = 8.0 * static_cast<double>(d) * static_cast<double>(panel.size());
    const Index rows = panel.X.rows();
    const Index block = sample_block(rows, flops / static_cast<double>(rows));
    Scalar* R = work.residual.get(rows * d);
    Scalar* back = kind == TiedGradient::Approximate ? work.back.get(panel.size()) : nullptr;
    squares += residuals(panel, atoms, block, R, back, work, pool);
    EntriesByUnit<Scalar>& entries = work.entries;
    entries.sort(panel, rows, back, m, pool);
    const Index atom_block = block == rows ? m : 8;
    parallel_for(pool, m, atom_block, [&](Index from, Index to) {
      Scalar* const code = entries.value;
      if (kind == TiedGradient::Sign) {
        std::transform(code + entries.offset[from], code + entries.offset[to],
                       code + entries.offset[from], sign<Scalar>);
      }
      for (Index j = from; j < to; ++j) {
        const std::int64_t first = entries.offset[j];
        const Terms<Scalar> terms{entries.sample + first, code + first,
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
