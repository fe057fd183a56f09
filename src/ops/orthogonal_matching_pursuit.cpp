#include "twofold/ops/orthogonal_matching_pursuit.hpp"

#include <algorithm>
#include <vector>

#include "peak.hpp"
#include "pursuit_rule.hpp"
#include "sparse_kernels.hpp"
#include "sparse_scratch.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

// The pursuit of one sample. With e_1, e_2, ... the chosen atoms orthonormalised,
//   w_S = L e,  v_s = W e_s,  x̂ = Σ q_s e_s,  correlations W (x − x̂) = W x − Σ q_s v_s.
// For a new atom j:  L_ji = ⟨w_j, e_i⟩ = v_i[j], so nothing has to be solved until the end.
template <typename Scalar>
class Pursuit {
 public:
  // G = W Wᵀ, padded by zeros to a multiple of kLanes columns.
  Pursuit(const MatrixOf<Scalar>& G, const Vector& norms, const PursuitOptions& options)
      : G_(G),
        norms_(norms),
        options_(options),
        padded_(G.cols()),
        k_(options.sparsity),
        L_(k_, k_),
        q_(k_),
        directions_(k_, padded_),
        chosen_(static_cast<std::size_t>(k_)),
        row_(static_cast<std::size_t>(k_)),
        order_(static_cast<std::size_t>(k_)) {}

  // Writes the code in increasing order of atoms; returns how many. Overwrites the correlations.
  Index run(double square, Scalar* correlation, std::int32_t* index, Scalar* value) {
    const double limit = options_.residual * options_.residual;
    const double norm = std::sqrt(square);
    Peak<Scalar> peak = find_peak<Scalar>(correlation, padded_);
    Index count = 0;
    for (double left = square; count < k_ && left > limit; ++count) {
      const Index j = peak.at;
      if (!(peak.size > kExplained<Scalar> * norm * norms_[j])) break;
      const double pivot = add_row(count, j);
      if (!(pivot > kDependent<Scalar> * norms_[j] * norms_[j])) break;
      L_(count, count) = std::sqrt(pivot);
      q_[count] = correlation[j] / L_(count, count);
      left -= q_[count] * q_[count];
      chosen_[static_cast<std::size_t>(count)] = static_cast<std::int32_t>(j);
      if (count + 1 < k_) peak = orthogonalise(count, correlation);
    }
    solve(count);
    write(count, index, value);
    return count;
  }

 private:
  [[nodiscard]] Scalar* direction(Index s) { return directions_.row(s).data(); }

  // L_ji for the chosen i; returns ‖w_j‖² − Σ L_ji², what is left of atom j.
  double add_row(Index count, Index j) {
    double left = norms_[j] * norms_[j];
    for (Index i = 0; i < count; ++i) {
      const Scalar entry = direction(i)[j];
      row_[static_cast<std::size_t>(i)] = entry;
      L_(count, i) = entry;
      left -= L_(count, i) * L_(count, i);
    }
    return left;
  }

  // v_s = (W w_j − Σ L_ji v_i) / L_jj, and the correlations without it.
  Peak<Scalar> orthogonalise(Index s, Scalar* correlation) {
    const Rows<Scalar> earlier{direction(0), padded_, padded_};
    const Terms<Scalar> terms{order(s), row_.data(), nullptr, s};
    const auto j = chosen_[static_cast<std::size_t>(s)];
    (void)sparse_kernels<Scalar>().residual(G_.row(j).data(), earlier, terms, direction(s));
    return remove_direction(static_cast<Scalar>(1.0 / L_(s, s)), static_cast<Scalar>(q_[s]),
                            direction(s), correlation, padded_);
  }

  // 0, 1, ..., count − 1.
  const std::int32_t* order(Index count) {
    for (Index i = 0; i < count; ++i) order_[static_cast<std::size_t>(i)] = static_cast<int>(i);
    return order_.data();
  }

  // q <- L⁻ᵀ q: coordinates on e become coordinates on the atoms.
  void solve(Index count) {
    for (Index i = count - 1; i >= 0; --i) {
      for (Index r = i + 1; r < count; ++r) q_[i] -= L_(r, i) * q_[r];
      q_[i] /= L_(i, i);
    }
  }

  void write(Index count, std::int32_t* index, Scalar* value) {
    order(count);
    const auto end = order_.begin() + count;
    std::sort(order_.begin(), end, [&](std::int32_t a, std::int32_t b) {
      return chosen_[static_cast<std::size_t>(a)] < chosen_[static_cast<std::size_t>(b)];
    });
    for (auto s = order_.begin(); s != end; ++s) {
      *index++ = chosen_[static_cast<std::size_t>(*s)];
      *value++ = static_cast<Scalar>(q_[*s]);
    }
  }

  const MatrixOf<Scalar>& G_;
  const Vector& norms_;
  const PursuitOptions& options_;
  Index padded_, k_;
  Matrix L_;
  Vector q_;
  MatrixOf<Scalar> directions_;
  std::vector<std::int32_t> chosen_;
  std::vector<Scalar> row_;
  std::vector<std::int32_t> order_;
};

// Room for k entries a sample becomes rows one after the other.
template <typename Scalar>
void close_gaps(Index k, const std::vector<Index>& counts, SparseCodes<Scalar>& codes) {
  codes.offset.assign(1, 0);
  for (std::size_t s = 0; s < counts.size(); ++s) {
    const auto from = static_cast<std::ptrdiff_t>(s) * k, to = codes.offset.back();
    if (from != to) {
      std::copy_n(codes.index.begin() + from, counts[s], codes.index.begin() + to);
      std::copy_n(codes.value.begin() + from, counts[s], codes.value.begin() + to);
    }
    codes.offset.push_back(to + counts[s]);
  }
  codes.index.resize(static_cast<std::size_t>(codes.offset.back()));
  codes.value.resize(codes.index.size());
}

}  // namespace

template <std::floating_point Scalar>
void orthogonal_matching_pursuit(std::type_identity_t<ConstView<Scalar>> X,
                                 std::type_identity_t<ConstView<Scalar>> W,
                                 const PursuitOptions& options, SparseCodes<Scalar>& codes,
                                 ThreadPool& pool) {
  check_pursuit<Scalar>(X, W, options, "ops::orthogonal_matching_pursuit");
  const Index N = X.rows(), m = W.rows(), k = options.sparsity;
  const Index padded = num_blocks(m, kLanes<Scalar>) * kLanes<Scalar>;
  MatrixOf<Scalar> G = MatrixOf<Scalar>::Zero(m, padded);
  multiply<Scalar>(pool, Trans::No, Trans::Yes, 1, W, W, 0, G.leftCols(m));
  const Vector norms = W.template cast<double>().rowwise().norm();

  codes.atoms = m;
  codes.index.resize(static_cast<std::size_t>(N * k));
  codes.value.resize(codes.index.size());
  std::vector<Index> counts(static_cast<std::size_t>(N));
  const double flops = static_cast<double>(m) * static_cast<double>(2 * W.cols() + k * k);
  parallel_for(pool, N, sample_block(N, flops), [&](Index begin, Index end) {
    Pursuit<Scalar> pursuit(G, norms, options);
    MatrixOf<Scalar> correlations =
        MatrixOf<Scalar>::Zero(std::min<Index>(end - begin, 64), padded);
    for (Index from = begin; from < end; from += 64) {
      const ConstView<Scalar> rows = X.middleRows(from, std::min<Index>(end - from, 64));
      gemm<Scalar>(Trans::No, Trans::Yes, 1, rows, W, 0,
                   correlations.topLeftCorner(rows.rows(), m));
      for (Index s = 0; s < rows.rows(); ++s) {
        const double square = rows.row(s).template cast<double>().squaredNorm();
        counts[static_cast<std::size_t>(from + s)] =
            pursuit.run(square, correlations.row(s).data(), codes.index.data() + (from + s) * k,
                        codes.value.data() + (from + s) * k);
      }
    }
  });
  close_gaps(k, counts, codes);
}

template void orthogonal_matching_pursuit(ConstView<float>, ConstView<float>, const PursuitOptions&,
                                          SparseCodes<float>&, ThreadPool&);
template void orthogonal_matching_pursuit(ConstView<double>, ConstView<double>,
                                          const PursuitOptions&, SparseCodes<double>&, ThreadPool&);

}  // namespace twofold::ops
