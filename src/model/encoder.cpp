#include "twofold/model/encoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/haar.hpp"

namespace twofold::model {
namespace {

void require_shape(Index d, Index n, std::string_view where) {
  if (d >= 1 && n >= 1) return;
  throw InvalidArgument(where, fmt::format("needs d >= 1 and n >= 1, got d = {}, n = {}", d, n));
}

std::vector<bool> random_signs(Index count, const RandomStream& stream, std::uint64_t round) {
  std::vector<bool> signs;
  const auto first = round * static_cast<std::uint64_t>(count);
  for (Index i = 0; i < count; ++i) {
    signs.push_back(stream.sign(first + static_cast<std::uint64_t>(i)) < 0);
  }
  return signs;
}

// (cos + sin)(2πij/q)/√q: symmetric, orthogonal, and flat, as H is for powers of two. A small Haar
// matrix has entries far from 1/√q, and the bits would favour some blocks.
Matrix hartley(Index q) {
  Matrix T(q, q);
  for (Index i = 0; i < q; ++i) {
    for (Index j = 0; j < q; ++j) {
      const double angle =
          2.0 * std::numbers::pi * static_cast<double>(i * j % q) / static_cast<double>(q);
      T(i, j) = (std::cos(angle) + std::sin(angle)) / std::sqrt(static_cast<double>(q));
    }
  }
  return T;
}

std::vector<Index> random_subset(Index count, Index total, const RandomStream& stream) {
  std::vector<Index> kept;
  for (Index i = 0; i < count; ++i) {
    kept.push_back(static_cast<Index>(
        stream.permuted(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(total), 0)));
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

// B cut out of T D, T m×m orthogonal: see dct_encoder.
template <typename Entry>
Encoder signed_rows(Index d, Index n, const RandomStream& signs, const RandomStream& subset,
                    Entry&& entry) {
  const Index m = std::max(n, d);
  const std::vector<bool> negative = random_signs(m, signs, 0);
  const std::vector<Index> kept = random_subset(std::min(n, d), m, subset);
  const double stretch = n > d ? std::sqrt(static_cast<double>(m) / static_cast<double>(d)) : 1.0;
  Matrix B(n, d);
  for (Index i = 0; i < n; ++i) {
    const Index row = n < d ? kept[static_cast<std::size_t>(i)] : i;
    for (Index j = 0; j < d; ++j) {
      const Index column = n > d ? kept[static_cast<std::size_t>(j)] : j;
      const double sign = negative[static_cast<std::size_t>(column)] ? -stretch : stretch;
      B(i, j) = sign * entry(row, column);
    }
  }
  return DenseEncoder{std::move(B)};
}

}  // namespace

Encoder dct_encoder(Index d, Index n, std::uint64_t seed) {
  require_shape(d, n, "model::dct_encoder");
  const Index m = std::max(n, d);
  const double size = static_cast<double>(m);
  return signed_rows(d, n, RandomStream(seed, "model.dct_encoder.signs"),
                     RandomStream(seed, "model.dct_encoder.subset"), [m, size](Index i, Index j) {
                       if (i == 0) return std::sqrt(1.0 / size);
                       // The angle modulo 2π in integers, so that large m lose no digits.
                       const auto turn = static_cast<double>(i * (2 * j + 1) % (4 * m));
                       return std::sqrt(2.0 / size) *
                              std::cos(std::numbers::pi * turn / (2 * size));
                     });
}

Encoder one_round_hadamard_encoder(Index d, Index n, std::uint64_t seed) {
  constexpr auto where = "model::one_round_hadamard_encoder";
  require_shape(d, n, where);
  const auto m = static_cast<std::uint64_t>(std::max(n, d));
  if (!std::has_single_bit(m)) {
    throw InvalidArgument(
        where, fmt::format("max(n, d) must be a power of two, got d = {}, n = {}", d, n));
  }
  const double size = 1.0 / std::sqrt(static_cast<double>(m));
  return signed_rows(d, n, RandomStream(seed, "model.one_round_hadamard_encoder.signs"),
                     RandomStream(seed, "model.one_round_hadamard_encoder.subset"),
                     [size](Index i, Index j) {
                       const auto common = static_cast<std::uint64_t>(i & j);
                       return std::popcount(common) % 2 == 0 ? size : -size;
                     });
}

Encoder hadamard_encoder(Index d, Index n, std::uint64_t seed) {
  require_shape(d, n, "model::hadamard_encoder");
  const Index m = std::max(n, d);
  const Index odd = m >> std::countr_zero(static_cast<std::uint64_t>(m));
  const RandomStream signs(seed, "model.hadamard_encoder.signs");
  const RandomStream subset(seed, "model.hadamard_encoder.subset");
  HadamardEncoder encoder{d,
                          n,
                          odd,
                          random_signs(m, signs, 0),
                          random_signs(m, signs, 1),
                          {},
                          random_subset(std::min(n, d), m, subset)};
  if (odd > 1) encoder.mixing = hartley(odd);
  return encoder;
}

Encoder haar_encoder(Index d, Index n, std::uint64_t seed) {
  require_shape(d, n, "model::haar_encoder");
  const Matrix Q = haar_orthogonal(std::max(n, d), RandomStream(seed, "model.haar_encoder"), 0);
  if (n <= d) return DenseEncoder{Q.topRows(n)};
  return DenseEncoder{std::sqrt(static_cast<double>(n) / static_cast<double>(d)) * Q.leftCols(d)};
}

Encoder gaussian_encoder(Index d, Index n, std::uint64_t seed) {
  require_shape(d, n, "model::gaussian_encoder");
  const RandomStream stream(seed, "model.gaussian_encoder");
  Matrix B(n, d);
  for (Index i = 0; i < n; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       {B.row(i).data(), static_cast<std::size_t>(d)});
  }
  return dense_encoder(std::move(B));
}

Encoder identity_encoder(Index d, Index n) {
  require_shape(d, n, "model::identity_encoder");
  if (n > d) {
    throw InvalidArgument("model::identity_encoder",
                          fmt::format("needs n <= d, got d = {}, n = {}", d, n));
  }
  return DenseEncoder{Matrix::Identity(n, d)};
}

Encoder dense_encoder(Matrix B) {
  constexpr auto where = "model::dense_encoder";
  require_shape(B.cols(), B.rows(), where);
  for (Index i = 0; i < B.rows(); ++i) {
    const double norm = B.row(i).stableNorm();
    if (!(norm > 0.0 && std::isfinite(norm))) {
      throw InvalidArgument(where, fmt::format("row {} has norm {}", i, norm));
    }
    B.row(i) /= norm;
  }
  return DenseEncoder{std::move(B)};
}

Index structured_code_length(Index d, double rate) {
  constexpr auto where = "model::structured_code_length";
  require_shape(d, 1, where);
  if (!(rate > 0.0 && rate <= 1e6)) {
    throw InvalidArgument(where, fmt::format("rate must be in (0, 1e6], got {}", rate));
  }
  const auto nearest = std::max<Index>(1, std::llround(rate * static_cast<double>(d)));
  if (nearest <= d || nearest < 256) return nearest;
  // 128 <= nearest/unit < 256, so that half a unit is 0.4 % of it.
  const auto unit = static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(nearest)) / 128);
  return (nearest + unit / 2) / unit * unit;
}

Index dimension(const Encoder& encoder) noexcept {
  if (const auto* dense = std::get_if<DenseEncoder>(&encoder)) return dense->matrix.cols();
  return std::get_if<HadamardEncoder>(&encoder)->dimension;
}

Index code_length(const Encoder& encoder) noexcept {
  if (const auto* dense = std::get_if<DenseEncoder>(&encoder)) return dense->matrix.rows();
  return std::get_if<HadamardEncoder>(&encoder)->code_length;
}

double rate(const Encoder& encoder) noexcept {
  return static_cast<double>(code_length(encoder)) / static_cast<double>(dimension(encoder));
}

}  // namespace twofold::model
