#include "code_gradient.hpp"

#include "support_average.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

Matrix product(Trans ta, const Matrix& A, Trans tb, const Matrix& B) {
  Matrix C(ta == Trans::No ? A.rows() : A.cols(), tb == Trans::No ? B.cols() : B.rows());
  gemm(ta, tb, 1.0, A, B, 0.0, C);
  return C;
}

// Coefficients of the gradient in the atoms and in the rows of W, entry by entry, from inner
// products; Γ = W Aᵀ, Ω = W Wᵀ. Letters as in docs/theory/dictionary_recovery.md.
class CodeAverages {
 public:
  CodeAverages(const data::DictionaryModel& model, const Matrix& W, double bias, bool encoder)
      : p_(inclusion_probabilities(model.sparsity, model.size())),
        kappa1_(model.kappa1()),
        kappa2_(model.kappa2()),
        bias_(bias),
        variance_(model.noise * model.noise),
        gamma_(product(Trans::No, W, Trans::Yes, model.atoms)),
        omega_(product(Trans::No, W, Trans::Yes, W)),
        gamma_gamma_(product(Trans::No, gamma_, Trans::Yes, gamma_)),
        gamma_sum_(gamma_.rowwise().sum()) {
    if (!encoder) return;
    omega_gamma_ = product(Trans::No, omega_, Trans::No, gamma_);
    omega_sum_ = omega_.rowwise().sum();
    omega_gamma_sum_ = omega_ * gamma_sum_;
    omega_diagonal_ = omega_ * gamma_.diagonal();
  }

  double variance() const { return variance_; }
  double omega(Index i, Index q) const { return omega_(i, q); }
  double pair(Index i, Index q) const { return i == q ? p_[1] : p_[2]; }

  // E[1_i c_j z_i] with z_i = w_iᵀx + b.
  double code_times_unit(Index i, Index j, double bias) const {
    const double own = gamma_(i, i), ij = gamma_(i, j), rest = gamma_sum_[i] - own;
    if (i == j) {
      return kappa2_ * p_[1] * own + mean_square() * p_[2] * rest + bias * kappa1_ * p_[1];
    }
    return kappa2_ * p_[2] * ij + mean_square() * (p_[2] * own + p_[3] * (rest - ij)) +
           bias * kappa1_ * p_[2];
  }

  // E[1_i 1_q z_i z_q].
  double unit_times_unit(Index i, Index q) const {
    const bool same = i == q;
    const double pt = pair(i, q), p1 = same ? p_[2] : p_[3], p2 = same ? p_[3] : p_[4];
    const auto over_t = [&](Index row) {
      return same ? gamma_(row, i) : gamma_(row, i) + gamma_(row, q);
    };
    const double gi = over_t(i), gq = over_t(q);
    const double ri = gamma_sum_[i] - gi, rq = gamma_sum_[q] - gq;
    const double squares = gamma_(i, i) * gamma_(q, i) + (same ? 0.0 : gamma_(i, q) * gamma_(q, q));
    const double other_squares = gamma_gamma_(i, q) - squares;
    const double mixed =
        pt * (gi * gq - squares) + p1 * (gi * rq + ri * gq) + p2 * (ri * rq - other_squares);
    return kappa2_ * single_sum(pt, p1, squares, gamma_gamma_(i, q)) + mean_square() * mixed +
           bias_ * kappa1_ * (pt * (gi + gq) + p1 * (ri + rq)) +
           (bias_ * bias_ + variance_ * omega_(i, q)) * pt;
  }

  // Σ_q Ω_iq E[1_i 1_q c_j z_q] without the noise in z_q.
  double code_times_projection(Index i, Index j) const {
    const bool same = i == j;
    const double pt = pair(i, j), p1 = same ? p_[2] : p_[3];
    const double b_ij = omega_(i, i) * gamma_(i, j), b_jj = omega_(i, j) * gamma_(j, j);
    const double over_t = same ? b_jj : b_ij + b_jj;
    const double omega_t = same ? omega_(i, i) : omega_(i, i) + omega_(i, j);
    return kappa2_ * single_sum(pt, p1, over_t, omega_gamma_(i, j)) +
           bias_ * kappa1_ * single_sum(pt, p1, omega_t, omega_sum_[i]) +
           mean_square() * other_codes(i, j);
  }

 private:
  double mean_square() const { return kappa1_ * kappa1_; }

  // E[1_i 1_j Σ_{l in S, l ≠ j} Σ_{q in S} B_ql] with B_ql = Ω_iq Γ_ql.
  double other_codes(Index i, Index j) const {
    const bool same = i == j;
    const double b_ii = omega_(i, i) * gamma_(i, i);
    const double row_i = omega_(i, i) * gamma_sum_[i];
    if (same) {
      const double off = omega_gamma_sum_[i] - row_i - omega_gamma_(i, i) + b_ii;
      const double diagonal = omega_diagonal_[i] - b_ii;
      return p_[2] * (row_i - b_ii + diagonal) + p_[3] * (off - diagonal);
    }
    const double b_ij = omega_(i, i) * gamma_(i, j);
    const double b_ji = omega_(i, j) * gamma_(j, i), b_jj = omega_(i, j) * gamma_(j, j);
    const double row_j = omega_(i, j) * gamma_sum_[j];
    const double rest_i = row_i - b_ii - b_ij, rest_j = row_j - b_ji - b_jj;
    const double column_i = omega_gamma_(i, i) - b_ii - b_ji;
    const double column_j = omega_gamma_(i, j) - b_ij - b_jj;
    const double diagonal = omega_diagonal_[i] - b_ii - b_jj;
    // Both indices outside {i, j}: the total less the two rows and the rest of the two columns.
    const double outside = omega_gamma_sum_[i] - row_i - row_j - column_i - column_j;
    return p_[2] * (b_ii + b_ji) + p_[3] * (column_i + rest_i + rest_j + diagonal) +
           p_[4] * (outside - diagonal);
  }

  std::array<double, 5> p_;
  double kappa1_, kappa2_, bias_, variance_;
  Matrix gamma_, omega_, gamma_gamma_;
  Vector gamma_sum_;
  Matrix omega_gamma_;
  Vector omega_sum_, omega_gamma_sum_, omega_diagonal_;
};

}  // namespace

Matrix code_gradient(const data::DictionaryModel& model, const Matrix& W, double bias,
                     RecoveryGradient kind) {
  const bool encoder = kind == RecoveryGradient::Full;
  const CodeAverages mean(model, W, bias, encoder);
  const Index m = model.size();
  Matrix in_atoms(m, m), in_rows(m, m);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < m; ++j) {
      const double p = mean.pair(i, j), noise = mean.variance();
      in_atoms(i, j) = mean.code_times_unit(i, j, bias);
      in_rows(i, j) = (i == j ? noise * p : 0.0) - mean.unit_times_unit(i, j);
      if (!encoder) continue;
      in_atoms(i, j) += mean.code_times_unit(i, j, 0.0) - mean.code_times_projection(i, j);
      in_rows(i, j) += noise * p * ((i == j ? 1.0 : 0.0) - mean.omega(i, j));
    }
  }
  Matrix G(m, model.dimension());
  gemm(Trans::No, Trans::No, -1.0, in_atoms, model.atoms, 0.0, G);
  gemm(Trans::No, Trans::No, -1.0, in_rows, W, 1.0, G);
  return G;
}

}  // namespace twofold::theory
