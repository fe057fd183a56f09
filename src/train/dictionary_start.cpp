#include "twofold/train/dictionary_start.hpp"

#include <fmt/format.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::train {
namespace {

// A random unit vector orthogonal to the unit vector a; twice, so that rounding leaves nothing.
Vector orthogonal_direction(const Vector& a, const RandomStream& stream, std::uint64_t index) {
  Vector u(a.size());
  stream.fill_normal(index, std::span<double>(u.data(), static_cast<std::size_t>(u.size())));
  for (int pass = 0; pass < 2; ++pass) {
    u -= a.dot(u) * a;
    u.normalize();
  }
  return u;
}

}  // namespace

Matrix near_start(const Matrix& atoms, double distance, std::uint64_t seed) {
  constexpr std::string_view where = "train::near_start";
  require(distance >= 0 && distance <= std::sqrt(2.0), where,
          fmt::format("distance must be in [0, sqrt(2)], got {}", distance));
  require(distance == 0 || atoms.cols() >= 2, where,
          fmt::format("in dimension {} there is no direction to go", atoms.cols()));
  const RandomStream stream(seed, "dictionary/near");
  // ‖w − a‖² = 2 − 2 cos θ.
  const double cosine = 1 - distance * distance / 2;
  const double sine = distance * std::sqrt(1 - distance * distance / 4);
  Matrix start(atoms.rows(), atoms.cols());
  for (Index i = 0; i < atoms.rows(); ++i) {
    const double norm = atoms.row(i).norm();
    require(norm > 0 && std::isfinite(norm), where, fmt::format("atom {} has norm {}", i, norm));
    const Vector a = atoms.row(i).transpose() / norm;
    start.row(i) = a.transpose();
    if (distance == 0) continue;
    const Vector u = orthogonal_direction(a, stream, static_cast<std::uint64_t>(i));
    start.row(i) = cosine * a.transpose() + sine * u.transpose();
  }
  return start;
}

Matrix sample_start(const Matrix& X, Index m, std::uint64_t seed) {
  const RandomStream stream(seed, "dictionary/samples");
  const auto rows = static_cast<std::uint64_t>(X.rows());
  Matrix start(m, X.cols());
  Index found = 0;
  for (std::uint64_t place = 0; place < rows && found < m; ++place) {
    const auto row = X.row(static_cast<Index>(stream.permuted(place, rows, 0)));
    const double norm = row.norm();
    if (norm > 0) start.row(found++) = row / norm;
  }
  require(found == m, "train::sample_start",
          fmt::format("{} atoms need as many samples that are not 0, there are {}", m, found));
  return start;
}

}  // namespace twofold::train
