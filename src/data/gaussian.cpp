#include "twofold/data/gaussian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "row_product.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::data {
namespace {

constexpr double kRounding = 1e-10;  // what a computed covariance may lack to be one

void check_spectrum(const Vector& spectrum) {
  constexpr auto where = "data::Gaussian";
  require(spectrum.size() > 0, where, "the spectrum is empty; give at least one variance");
  for (Index j = 0; j < spectrum.size(); ++j) {
    require(std::isfinite(spectrum[j]) && spectrum[j] >= 0.0, where,
            fmt::format("spectrum[{}] = {}; variances must be finite and >= 0", j, spectrum[j]));
  }
  require(spectrum.maxCoeff() > 0.0, where, "all entries of the spectrum are 0; nothing varies");
}

void check_covariance(const Matrix& covariance) {
  constexpr auto where = "data::Gaussian";
  require(covariance.rows() == covariance.cols() && covariance.rows() > 0, where,
          fmt::format("a covariance must be square, got {} x {}", covariance.rows(),
                      covariance.cols()));
  require(covariance.allFinite(), where, "the covariance has an entry that is not finite");
  const double largest = covariance.cwiseAbs().maxCoeff();
  const double skew = (covariance - covariance.transpose()).cwiseAbs().maxCoeff();
  require(skew <= kRounding * largest, where,
          fmt::format("the covariance is not symmetric: entries differ by {:.3g}", skew));
}

}  // namespace

Gaussian::Gaussian(Vector spectrum, Matrix root, std::uint64_t seed, std::string_view split)
    : spectrum_(std::move(spectrum)),
      deviation_(spectrum_.cwiseSqrt()),
      root_(std::move(root)),
      seed_(seed),
      stream_(seed, "gaussian/" + std::string(split)) {}

Gaussian Gaussian::with_spectrum(Vector spectrum, std::uint64_t seed, std::string_view split) {
  check_spectrum(spectrum);
  return {std::move(spectrum), Matrix(), seed, split};
}

Gaussian Gaussian::with_covariance(const Matrix& covariance, std::uint64_t seed,
                                   std::string_view split) {
  check_covariance(covariance);
  const auto eigen = symmetric_eigen(covariance);
  const double largest = eigen.values.maxCoeff(), least = eigen.values.minCoeff();
  require(least >= -kRounding * std::max(largest, 0.0), "data::Gaussian",
          fmt::format("a covariance has no negative eigenvalue, but this one has {:.3g}", least));
  Vector spectrum = eigen.values.cwiseMax(0.0);
  check_spectrum(spectrum);
  const Matrix scaled = eigen.vectors * spectrum.cwiseSqrt().asDiagonal();
  return {std::move(spectrum), scaled * eigen.vectors.transpose(), seed, split};
}

Gaussian Gaussian::independent(std::string_view split) const {
  return {spectrum_, root_, seed_, split};
}

std::string Gaussian::description() const {
  return fmt::format("Gaussian of dimension {}, trace {:.6g}", dimension(), spectrum_.sum());
}

void Gaussian::gather(std::span<const std::uint64_t> index, View<double> rows) const {
  check_request(index, rows.rows(), rows.cols());
  Matrix normal;
  if (root_.size() > 0) normal.resize(rows.rows(), rows.cols());
  const auto width = static_cast<std::size_t>(dimension());
  for (Index k = 0; k < rows.rows(); ++k) {
    double* const row = root_.size() > 0 ? &normal(k, 0) : &rows(k, 0);
    stream_.fill_normal(index[static_cast<std::size_t>(k)], std::span<double>(row, width));
  }
  if (root_.size() > 0) {
    row_product(normal, root_, rows);
  } else {
    rows.array().rowwise() *= deviation_.transpose().array();
  }
}

void Gaussian::gather(std::span<const std::uint64_t> index, View<float> rows) const {
  if (root_.size() > 0) return Source::gather(index, rows);
  check_request(index, rows.rows(), rows.cols());
  const auto width = static_cast<std::size_t>(dimension());
  for (Index k = 0; k < rows.rows(); ++k) {
    const std::span<float> row(&rows(k, 0), width);
    stream_.fill_normal(index[static_cast<std::size_t>(k)], row);
    for (std::size_t j = 0; j < width; ++j) {
      row[j] = static_cast<float>(row[j] * deviation_[static_cast<Index>(j)]);
    }
  }
}

}  // namespace twofold::data
