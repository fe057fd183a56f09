// How good a dictionary and its codes are; each number with its closed-form identities as tests.
#pragma once

#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::estimators {

/// Atoms of W beside the true ones A, matched one to one so that the total |cos| is largest
/// (Hungarian assignment).
struct AtomMatch {
  std::vector<Index> partner;  ///< of each true atom: row of W, −1 if there is none left
  std::vector<double> cosine;  ///< of each true atom with its partner; |cos| if signs are free
  double mean_cosine = 0;      ///< over the true atoms; 0 for one without a partner
  double recovered = 0;        ///< fraction of true atoms with cosine > threshold
  Index unique = 0;  ///< rows of W that are no duplicate: |cos| <= 0.9 to every earlier row
  double squared_distance = 0;  ///< Σ_j min over sign ‖w_j − a_j‖² over matched pairs (‖W − A‖_F²)
};

/// @param signed_codes  atoms are known up to sign: |cos|; else cos.
/// @throws InvalidArgument  if the row lengths differ.
[[nodiscard]] AtomMatch match_atoms(const Matrix& W, const Matrix& A, bool signed_codes,
                                    double threshold = 0.95);

/// Support of codes beside the true support, atoms matched by `partner`.
struct SupportScore {
  double precision = 0, recall = 0, f1 = 0;
  double consistent = 0;  ///< fraction of samples whose whole support is right
};
[[nodiscard]] SupportScore support_score(const ops::SparseCodes<double>& codes,
                                         const ops::SparseCodes<double>& truth,
                                         const std::vector<Index>& partner);

/// 1 − Σ‖x − x̂‖²/Σ‖x − x̄‖²: 0 for predicting the mean, 1 for a perfect reconstruction.
[[nodiscard]] double explained_variance(const ConstView<double>& X, const ConstView<double>& Xhat);

/// Rows of W that are within |cos| > limit of an earlier row.
[[nodiscard]] Index duplicate_atoms(const Matrix& W, double limit = 0.9);

}  // namespace twofold::estimators
