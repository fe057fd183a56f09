// Dictionaries by name.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <string>

#include "data_error.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/linalg/haar.hpp"
#include "twofold/linalg/qr.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::make_dictionary";
constexpr std::array<std::string_view, 3> kNames{"orthonormal", "random", "tight_frame"};

Matrix random_rows(Index m, Index d, std::uint64_t seed) {
  const RandomStream stream(seed, "dictionary/random");
  Matrix rows(m, d);
  for (Index j = 0; j < m; ++j) {
    stream.fill_normal(static_cast<std::uint64_t>(j),
                       std::span<double>(&rows(j, 0), static_cast<std::size_t>(d)));
  }
  return rows;
}

Matrix orthonormal(Index m, Index d, std::uint64_t seed) {
  require(m <= d, kWhere,
          fmt::format("an orthonormal dictionary has at most d = {} atoms, not {}; take "
                      "tight_frame or random, or fewer atoms",
                      d, m));
  return haar_orthogonal(d, RandomStream(seed, "dictionary/orthonormal"), 0).topRows(m);
}

// Turns rows i and j in their plane so that row i gets norm 1, where ‖row i‖ and ‖row j‖ are on
// either side of 1. With t the tangent of the angle, p = rowᵢ·rowⱼ:
//   ‖rowᵢ + t rowⱼ‖² = 1 + t²  <=>  (‖rowⱼ‖² − 1) t² + 2p t + (‖rowᵢ‖² − 1) = 0.
void turn_to_unit(Matrix& rows, Index i, Index j) {
  const double a = rows.row(i).squaredNorm() - 1.0, c = rows.row(j).squaredNorm() - 1.0;
  const double p = rows.row(i).dot(rows.row(j));
  const double root = std::sqrt(std::max(p * p - a * c, 0.0));
  const double sum = p + std::copysign(root, p);
  if (sum == 0.0) return;  // both have norm 1 already
  const double t = -a / sum;
  const double cosine = 1.0 / std::sqrt(1.0 + t * t), sine = t * cosine;
  const Vector old = rows.row(i);
  rows.row(i) = cosine * old.transpose() + sine * rows.row(j);
  rows.row(j) = cosine * rows.row(j) - sine * old.transpose();
}

// Columns orthogonal with square m/d, hence squared norms of rows with mean 1; rotations of pairs
// of rows keep AᵀA and bring one row after the other to norm 1.
Matrix tight_frame(Index m, Index d, std::uint64_t seed) {
  require(m >= d, kWhere,
          fmt::format("a tight frame in dimension d = {} needs at least {} atoms, not {}; take "
                      "orthonormal or random, or more atoms",
                      d, d, m));
  Matrix rows = thin_q(random_rows(m, d, seed));
  rows *= std::sqrt(static_cast<double>(m) / static_cast<double>(d));
  for (Index i = 0; i + 1 < m; ++i) {
    const bool small = rows.row(i).squaredNorm() < 1.0;
    // Rows i ... m−1 have mean square 1: one of the others is on the other side, up to rounding.
    for (Index j = i + 1; j < m; ++j) {
      if ((rows.row(j).squaredNorm() >= 1.0) == small) {
        turn_to_unit(rows, i, j);
        break;
      }
    }
  }
  rows.rowwise().normalize();
  return rows;
}

Matrix from_file(const std::string& name, Index m, Index d, bool keep_norms) {
  const auto file = open_file(name, "npy");
  if (file->size() != static_cast<std::uint64_t>(m) || file->dimension() != d) {
    throw InvalidArgument(
        kWhere,
        fmt::format("{} holds {} x {} numbers, but the dictionary has {} atoms "
                    "of dimension {}; set atoms = {} and dimension = {}",
                    name, file->size(), file->dimension(), m, d, file->size(), file->dimension()));
  }
  Matrix rows(m, d);
  file->read(0, View<double>(rows));
  for (Index j = 0; j < m && !keep_norms; ++j) {
    if (rows.row(j).isZero(0.0)) {
      fail(kWhere, name, fmt::format("row {} is 0", j), "an atom needs a direction");
    }
    rows.row(j).normalize();
  }
  return rows;
}

}  // namespace

Matrix make_dictionary(const std::string& name, Index m, Index d, std::uint64_t seed,
                       bool keep_norms) {
  require(m >= 1 && d >= 1, kWhere,
          fmt::format("a dictionary needs atoms >= 1 and dimension >= 1, got {} x {}", m, d));
  if (name == "orthonormal") return orthonormal(m, d, seed);
  if (name == "tight_frame") return tight_frame(m, d, seed);
  if (name == "random") return random_rows(m, d, seed).rowwise().normalized();
  if (name.ends_with(".npy")) return from_file(name, m, d, keep_norms);
  const std::string near = nearest_name(name, kNames);
  throw InvalidArgument(kWhere,
                        fmt::format("unknown dictionary '{}'{}; known: {}, and .npy files", name,
                                    near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                                    fmt::join(kNames, ", ")));
}

}  // namespace twofold::data
