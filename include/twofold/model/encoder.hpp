// The encoder B of y = sign(Bx): what it is; ops/encoder_operator.hpp applies it.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::model {

/// B as a matrix, n×d.
struct DenseEncoder {
  Matrix matrix;
};

/// B cut out of the m×m orthogonal matrix T D2 T D1, m = max(n, d) = q 2^k with q odd.
///
///   T = Q ⊗ H/√(2^k): Walsh-Hadamard inside q blocks, across them the q×q Hartley matrix
///   Q_ab = (cos + sin)(2πab/q)/√q; both symmetric and orthogonal
///   D_i = diag(signs_i)
///   n <= d: rows `kept`;  n > d: columns `kept`, times √(m/d)
///
/// So B Bᵀ = I for n <= d and Bᵀ B = (n/d) I for n >= d, exactly. Two rounds, because one would
/// turn a vector with a few large entries into a single row of H.
struct HadamardEncoder {
  Index dimension;           ///< d
  Index code_length;         ///< n
  Index blocks;              ///< q
  std::vector<bool> signs1;  ///< m; true = -1
  std::vector<bool> signs2;  ///< m
  Matrix mixing;             ///< Q; empty for q = 1
  std::vector<Index> kept;   ///< min(n, d) of {0..m-1}, ascending
};

using Encoder = std::variant<DenseEncoder, HadamardEncoder>;

/// @name Encoders of n bits for vectors of length d.
/// n, d >= 1 (InvalidArgument); functions of the seed only. Rows have unit norm, for an orthogonal
/// encoder with n > d on average only.
/// @{

/// Structured, orthogonal; O(m log m + m q) to apply, O(m + q²) to make.
[[nodiscard]] Encoder hadamard_encoder(Index d, Index n, std::uint64_t seed);
/// Dense: rows of a Haar matrix (n <= d), or √(n/d) times columns of one.
[[nodiscard]] Encoder haar_encoder(Index d, Index n, std::uint64_t seed);
/// Dense: rows of an orthogonal matrix T D, D random signs, or √(m/d) times columns of one (n > d);
/// m = max(n, d), which of them is random. For comparison with the other encoders.
///   dct        T[i,j] = √(2/m) cos(π i (2j+1) / (2m)), row 0 divided by √2: orthonormal DCT-II
///   one round  T = H/√m, Walsh-Hadamard; m must be a power of two (InvalidArgument otherwise)
/// One round fails on very sparse vectors: a dominant entry makes the code a single row of H, up
/// to sign, whatever the other entries are. hadamard_encoder has two rounds for that reason.
[[nodiscard]] Encoder dct_encoder(Index d, Index n, std::uint64_t seed);
[[nodiscard]] Encoder one_round_hadamard_encoder(Index d, Index n, std::uint64_t seed);
/// Dense: independent Gaussian rows, each divided by its norm.
[[nodiscard]] Encoder gaussian_encoder(Index d, Index n, std::uint64_t seed);
/// Dense: the first n rows of the identity; n <= d.
[[nodiscard]] Encoder identity_encoder(Index d, Index n);
/// Dense, a given matrix with each row divided by its norm.
/// @throws InvalidArgument  if it is empty, or a row is zero or not finite.
[[nodiscard]] Encoder dense_encoder(Matrix B);
/// @}

/// Bits n near rate·d for which hadamard_encoder is fast: for n > d, where the size of its
/// transform is n, the odd part of n is kept below 256, which moves n by 0.4 % at most; else n is
/// rounded to the nearest integer.
/// @throws InvalidArgument  if d < 1 or rate is not in (0, 1e6].
[[nodiscard]] Index structured_code_length(Index d, double rate);

[[nodiscard]] Index dimension(const Encoder& encoder) noexcept;    ///< d
[[nodiscard]] Index code_length(const Encoder& encoder) noexcept;  ///< n
[[nodiscard]] double rate(const Encoder& encoder) noexcept;        ///< r = n/d, bits per coordinate

}  // namespace twofold::model
