// How good a dictionary and its codes are; each number with its closed-form identities as tests.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::estimators {

/// Atoms of W beside the true ones A, matched one to one so that the total |cos| is largest
/// (Hungarian assignment). The length of an atom plays no part; cos is 0 for an atom of length 0.
struct AtomMatch {
  std::vector<Index> partner;  ///< of each true atom: row of W, −1 if there is none left
  std::vector<double> cosine;  ///< of each true atom with its partner; |cos| if signs are free
  double mean_cosine = 0;      ///< over the true atoms; 0 for one without a partner
  double recovered = 0;        ///< fraction of true atoms with cosine > threshold
  Index unique = 0;            ///< rows of W that are no duplicate (duplicate_atoms)
  double squared_distance = 0;  ///< Σ_j ‖w_j − a_j‖² over matched pairs (‖W − A‖_F²), the sign of
                                ///< w_j chosen for the least where signs are free
};

/// @param W, A          any number of rows; A at least one.
/// @param signed_codes  atoms are known up to sign: |cos|; else cos.
/// @throws InvalidArgument  if the row lengths differ, A has no rows, or a number is not finite.
/// Accuracy: the assignment is optimal to max(|W|, |A|) 2^-39 of the total cosine.
[[nodiscard]] AtomMatch match_atoms(const Matrix& W, const Matrix& A, bool signed_codes,
                                    double threshold = 0.95);

/// Support of codes beside the true support, atoms matched by `partner`.
///
///   precision = hits / fired,  recall = hits / true,  F1 = 2 hits / (fired + true),
///
/// counted over all samples; 0/0 is 1: nothing was to be found and nothing was claimed.
struct SupportScore {
  double precision = 0, recall = 0, f1 = 0;
  double consistent = 0;  ///< fraction of samples whose whole support is right
};

/// @param partner  of each true atom, the atom of `codes` (AtomMatch::partner); −1: not found, so
///                 that its entries of `truth` can only be missed.
/// @throws InvalidArgument  if the numbers of rows differ or `partner` does not fit the atoms.
[[nodiscard]] SupportScore support_score(const ops::SparseCodes<double>& codes,
                                         const ops::SparseCodes<double>& truth,
                                         const std::vector<Index>& partner);

/// 1 − Σ‖x − x̂‖²/Σ‖x − x̄‖²: 0 for predicting the mean x̄ of X, 1 for a perfect reconstruction.
/// @throws InvalidArgument  if shapes differ, or all rows of X are equal (nothing to explain).
[[nodiscard]] double explained_variance(const ConstView<double>& X, const ConstView<double>& Xhat);

/// The same over a stream of blocks. The order and the cut of the blocks change the last bits only.
class ExplainedVariance {
 public:
  /// @throws InvalidArgument  if shapes differ, or from those of the blocks before.
  void add(const ConstView<double>& X, const ConstView<double>& Xhat);
  /// Whether the rows so far differ, so that there is something to explain.
  [[nodiscard]] bool varies() const noexcept { return scatter_ > 0.0; }
  /// @throws InvalidArgument  if all rows were equal, or there was none.
  [[nodiscard]] double value() const;
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  /// Σ‖x − x̂‖² / (rows · d): mean square error of an element.
  [[nodiscard]] double mean_square_error() const;

 private:
  std::uint64_t rows_ = 0;
  Vector mean_;
  double scatter_ = 0;   // Σ‖x − x̄‖² so far
  double residual_ = 0;  // Σ‖x − x̂‖²
};

/// Rows of W that are within |cos| > limit of an earlier row; cos > limit if signs count. Rows of
/// length 0 are no duplicates. Needs m² numbers.
[[nodiscard]] Index duplicate_atoms(const Matrix& W, double limit = 0.9, bool either_sign = true);

}  // namespace twofold::estimators
