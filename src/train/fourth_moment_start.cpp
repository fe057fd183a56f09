#include <fmt/format.h>

#include <algorithm>

#include "distinct_atoms.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

constexpr Index kSamples = 2048;  // held at once

// Z = X Sᵀ for the samples of one block after the other, given to body(X block, Z block).
template <typename Body>
void for_each_block(const Matrix& X, const Matrix& S, ThreadPool& pool, Body&& body) {
  Matrix Z;
  for (Index begin = 0; begin < X.rows(); begin += kSamples) {
    const Index count = std::min(kSamples, X.rows() - begin);
    const auto block = X.middleRows(begin, count);
    Z.resize(count, S.rows());
    multiply(pool, Trans::No, Trans::Yes, 1.0, block, S, 0.0, Z);
    body(block, Z);
  }
}

// One sweep: rows of S <- Σ_x ⟨s, x⟩³ x, normalised.
void sweep(const Matrix& X, Matrix& S, ThreadPool& pool) {
  Matrix sum = Matrix::Zero(S.rows(), S.cols());
  for_each_block(X, S, pool, [&](const auto& block, Matrix& Z) {
    Z = Z.array().cube();
    multiply(pool, Trans::Yes, Trans::No, 1.0, Z, block, 1.0, sum);
  });
  S = sum;
  S.rowwise().normalize();
}

// E z⁴/(E z²)² of each row of S.
std::vector<double> kurtosis(const Matrix& X, const Matrix& S, ThreadPool& pool) {
  Eigen::ArrayXd second = Eigen::ArrayXd::Zero(S.rows()), fourth = second;
  for_each_block(X, S, pool, [&](const auto&, Matrix& Z) {
    Z = Z.array().square();
    second += Z.colwise().sum().transpose().array();
    fourth += Z.colwise().squaredNorm().transpose().array();
  });
  std::vector<double> scores(static_cast<std::size_t>(S.rows()));
  for (Index i = 0; i < S.rows(); ++i) {
    scores[static_cast<std::size_t>(i)] =
        static_cast<double>(X.rows()) * fourth(i) / (second(i) * second(i));
  }
  return scores;
}

}  // namespace

MomentStart fourth_moment_start(const Matrix& X, Index m, std::uint64_t seed, ThreadPool& pool,
                                int sweeps) {
  constexpr std::string_view where = "train::fourth_moment_start";
  require(m >= 1 && sweeps >= 0, where,
          fmt::format("atoms must be >= 1 and sweeps >= 0, got {} and {}", m, sweeps));
  const auto usable = static_cast<Index>((X.rowwise().squaredNorm().array() > 0).count());
  require(usable >= m, where,
          fmt::format("{} atoms need as many samples that are not 0, there are {}", m, usable));
  Matrix S = sample_start(X, std::min(6 * m, usable), seed);
  for (int i = 0; i < sweeps; ++i) sweep(X, S, pool);
  return distinct_atoms(S, kurtosis(X, S, pool), m, X, seed);
}

}  // namespace twofold::train
