// A dictionary learned from data, with everything that its codes need.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/transforms.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/topk_autoencoder.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::estimators {

/// What a sample is taken for: x = mean + Σ_j c_j a_j + noise.
enum class DictionaryKind {
  Mixture,      ///< one atom a sample, c_j >= 0: atoms are cluster centres
  Sparse,       ///< k of m atoms, either sign
  Nonnegative,  ///< k of m atoms, c_j >= 0
  Subspace,     ///< all atoms: the m principal directions
  TopK,         ///< k of m atoms, c_j >= 0, by an encoder of its own: a k-sparse autoencoder
};

inline constexpr std::array<std::string_view, 5> kDictionaryKinds{
    "mixture", "sparse", "nonnegative", "subspace", "topk"};
[[nodiscard]] std::string_view to_string(DictionaryKind kind) noexcept;
/// @throws InvalidArgument  if it is none of kDictionaryKinds, with the nearest one.
[[nodiscard]] DictionaryKind parse_dictionary_kind(std::string_view name);

/// Atoms a_j, and how codes are made:
///
///   z_j = ⟨a_j, x − mean⟩/‖a_j‖,   c_j = σ(z_j)/‖a_j‖,   x̂ = mean + Σ_j c_j a_j,
///
/// but top-k: z_j = ⟨e_j, x − mean⟩ + b_j, c_j = z_j for the k largest z_j > 0, in single
/// precision.
///
/// x is a row after the transforms below. z and the threshold or bias of the gate have the unit of
/// the data; codes have none. Sparse and non-negative atoms have the length of a typical
/// contribution, so that codes are of order 1; those of a mixture that of their cluster's centre;
/// those of a subspace and of top-k have length 1.
struct LearnedDictionary {
  DictionaryKind kind = DictionaryKind::Sparse;
  Matrix atoms;  ///< m×d, no row is 0
  Vector mean;   ///< d; zeros if nothing was subtracted
  ops::Gate gate;
  Matrix encoder = {};       ///< top-k: rows e_j, m×d, floats; empty if tied: e_j = a_j
  Vector encoder_bias = {};  ///< top-k: b, m floats
  data::ImageShape image;    ///< of an atom; empty if none
  std::vector<data::KeptTransform> transforms;  ///< of the rows, before all else
  Index input_dimension = 0;                    ///< of a row before the transforms
  std::string fingerprint;                      ///< of the rows it was learned from
  std::string status = "ok";                    ///< ok | collapsed
  /// What else a reader of top-k's file should know, by name: how it was trained.
  std::map<std::string, std::string, std::less<>> notes = {};

  [[nodiscard]] Index size() const noexcept { return atoms.rows(); }       ///< m
  [[nodiscard]] Index dimension() const noexcept { return atoms.cols(); }  ///< d
};

/// "the 4 largest |z|", "z with |z| >= 0.31", "all z".
[[nodiscard]] std::string describe_gate(const ops::Gate& gate);

/// Codes and reconstructions of rows.
class DictionaryCoder {
 public:
  /// @throws InvalidArgument  if shapes do not fit or an atom is 0 or not finite.
  explicit DictionaryCoder(const LearnedDictionary& dictionary);

  /// Codes c of the rows of X (N×d, transformed). Bitwise the same for any pool size, and for any
  /// number of rows at a time up to the rounding of gemm.
  /// @throws InvalidArgument  if X has another dimension.
  void encode(const ConstView<double>& X, ops::SparseCodes<double>& codes, ThreadPool& pool) const;

  /// x̂ = mean + Σ c_j a_j into Xhat (N×d).
  void decode(const ops::SparseCodes<double>& codes, View<double> Xhat, ThreadPool& pool) const;

 private:
  void take_encoder(const LearnedDictionary& dictionary);

  Matrix atoms_;  // a_j
  Matrix unit_;   // a_j/‖a_j‖; empty for top-k
  Vector inverse_norm_;
  model::TopKAutoencoder<float> topk_;  // E and b; empty for other kinds
  Vector mean_;
  ops::Gate gate_;
};

}  // namespace twofold::estimators
