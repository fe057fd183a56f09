// Generative models x = Σ_j c_j a_j + noise with a known dictionary: mixtures, sparse codes,
// non-negative sparse codes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/data/row_source.hpp"

namespace twofold::data {

/// Law of the code.
enum class CodeLaw {
  Mixture,      ///< one component a sample, c = e_j with probability weight_j
  Sparse,       ///< k of m at random, |c_j| uniform on [low, high], independent signs
  Nonnegative,  ///< the same without signs
};

/// Ground truth of samples x = Aᵀ c + η, η ~ N(0, σ² I_d), c with k non-zeros.
///
/// A holds one atom a row (m×d). Atoms have unit norm, save the means of a mixture, which may have
/// any. For sparse codes the support is uniform over the k-subsets.
struct DictionaryModel {
  CodeLaw law = CodeLaw::Sparse;
  Matrix atoms;        ///< A, m×d
  Vector weights;      ///< mixture: m probabilities > 0, sum 1; else empty
  Index sparsity = 1;  ///< k in [1, m]; 1 for a mixture
  double low = 1.0;    ///< least |c_j| of a non-zero, > 0; mixture: 1
  double high = 1.0;   ///< largest
  double noise = 0.0;  ///< σ >= 0

  [[nodiscard]] Index dimension() const noexcept { return atoms.cols(); }  ///< d
  [[nodiscard]] Index size() const noexcept { return atoms.rows(); }       ///< m

  /// P(atom j is in the support).
  [[nodiscard]] double probability(Index j) const noexcept;
  /// E[|c_j|^p | j in the support], p >= 0.
  [[nodiscard]] double absolute_moment(int p) const noexcept;
  /// κ₁ = E[c | in the support]: 0 for signed codes.
  [[nodiscard]] double kappa1() const noexcept;
  /// κ₂ = E[c² | in the support].
  [[nodiscard]] double kappa2() const noexcept { return absolute_moment(2); }
};

/// Throws InvalidArgument(where, ...) with the offending value unless shapes and domains above
/// hold, norms and the sum of the weights within 1e-9.
void check_model(const DictionaryModel& model, std::string_view where);

/// The code of one sample: where it is not zero, in increasing order, and what it is there.
struct SparseCode {
  std::vector<Index> support;
  std::vector<double> values;
};

/// Samples of a DictionaryModel. Code and noise of sample i are functions of (seed, split, i).
/// Unlimited. Cost per sample: 2kd flops and, if σ > 0, d normal numbers.
///
/// Support: Floyd's k draws. Each |c_j| and sign is one more; mixture: inverse of the cumulative
/// weights. Computed in double; rows in float are rounded ones.
class DictionarySource final : public RowSource<DictionarySource> {
 public:
  /// @throws InvalidArgument  if the model is not valid.
  DictionarySource(DictionaryModel model, std::uint64_t seed, std::string_view split = "train");

  [[nodiscard]] Index dimension() const override { return model_.dimension(); }
  [[nodiscard]] std::uint64_t size() const override { return kUnlimited; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] const DictionaryModel& model() const noexcept { return model_; }

  /// Code of sample i.
  void code(std::uint64_t i, SparseCode& out) const;

  template <typename Scalar>
  void fill_row(std::uint64_t i, std::span<Scalar> out) const;

 private:
  DictionaryModel model_;
  Vector cumulative_;  // of the weights
  RandomStream support_, amplitude_, noise_;
};

/// A dictionary by name, m×d with unit rows:
///   orthonormal   rows orthonormal (m <= d), the first m of a Haar rotation;
///   random        independent directions;
///   tight_frame   AᵀA = (m/d) I (m >= d): a random frame with its rows brought to unit norm by
///                 plane rotations (Davies and Higham, BIT 40 (2000) 640), to about m eps;
///   a .npy file   its rows, as they are if keep_norms, else scaled to unit norm.
/// A function of (name, m, d, seed) only.
/// @throws InvalidArgument  if the name or the shape does not allow it; DataError for files.
[[nodiscard]] Matrix make_dictionary(const std::string& name, Index m, Index d, std::uint64_t seed,
                                     bool keep_norms = false);

}  // namespace twofold::data
