#include "twofold/model/rectangular_cumulants.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "twofold/core/error.hpp"

namespace twofold::model {
namespace {

/// (1/n) tr(BBᵀ)^k of an orthogonal n×d matrix with unit rows on average: r <= 1: 1; else r^{k-1}.
std::vector<double> orthogonal_moments(double r, int count) {
  std::vector<double> moments;
  for (int k = 1; k <= count; ++k) moments.push_back(r <= 1 ? 1.0 : std::pow(r, k - 1));
  return moments;
}

TEST(RectangularCumulants, OfOrthogonalMatricesAreSignedCatalanNumbers) {
  for (const double r : {0.25, 0.5, 1.0, 1.5, 2.0}) {
    const auto found = rectangular_cumulants(orthogonal_moments(r, 10), r);
    const auto closed = orthogonal_cumulants(r, 10);
    for (std::size_t k = 0; k < found.size(); ++k) {
      // Cancellation among moments of order 4^k.
      EXPECT_NEAR(found[k], closed[k], 1e-15 * std::pow(8.0, static_cast<double>(k))) << r;
    }
  }
  EXPECT_EQ(orthogonal_cumulants(2.0, 5), (std::vector<double>{1, -1, 2, -5, 14}));
  EXPECT_EQ(orthogonal_cumulants(0.5, 4), (std::vector<double>{1, -0.5, 0.5, -0.625}));
}

// Marchenko-Pastur: m_k = (1/n) tr (BBᵀ)^k = Σ_i r^i/(i+1) C(k,i) C(k-1,i) for entries of variance
// 1/d.
TEST(RectangularCumulants, OfGaussianMatricesVanishBeyondTheFirst) {
  for (const double r : {0.5, 1.0, 2.0}) {
    std::vector<double> moments;
    for (int k = 1; k <= 8; ++k) {
      double sum = 0, term = 1;  // term: r^i C(k,i) C(k-1,i)/(i+1)
      for (int i = 0; i < k; ++i) {
        sum += term;
        term *= r * (k - i) * (k - 1 - i) / ((i + 1.0) * (i + 2.0));
      }
      moments.push_back(sum);
    }
    const auto found = rectangular_cumulants(moments, r);
    const auto closed = gaussian_cumulants(8);
    for (std::size_t k = 0; k < found.size(); ++k) {
      EXPECT_NEAR(found[k], closed[k], 1e-15 * moments[k] * 100) << r << " " << k;
    }
  }
}

TEST(RectangularCumulants, MemoryMatricesEqualTheirDefinition) {
  const Index size = 4;
  RiGampState state{Matrix::Random(size, size), Matrix::Random(size, size),
                    Matrix::Random(size, size), Matrix::Random(size, size)};
  // As in use: psi lower triangular without column 0, phi strictly lower.
  state.psi = Matrix(state.psi.triangularView<Eigen::Lower>());
  state.psi.col(0).setZero();
  state.phi = Matrix(state.phi.triangularView<Eigen::StrictlyLower>());
  const std::vector<double> kappa = orthogonal_cumulants(0.7, 2 * static_cast<int>(size));
  const auto power = [size](const Matrix& m, int k) {
    Matrix p = Matrix::Identity(size, size);
    for (int i = 0; i < k; ++i) p = (p * m).eval();
    return p;
  };
  const Matrix Q = state.phi * state.psi, S = state.psi * state.phi;
  Matrix backward = Matrix::Zero(size, size), forward = backward, omega = backward,
         sigma = backward;
  for (int j = 0; j < static_cast<int>(kappa.size()); ++j) {
    const double k = kappa[static_cast<std::size_t>(j)];
    backward += 0.7 * k * state.phi * power(S, j);
    forward += k * state.psi * power(Q, j);
    for (int i = 0; i <= j; ++i) {
      omega += 0.7 * k * power(Q, i) * state.delta * power(Q.transpose(), j - i);
      sigma += k * power(S, i) * state.gamma * power(S.transpose(), j - i);
    }
    for (int i = 0; i < j; ++i) {
      omega += 0.7 * k * power(Q, i) * state.phi * state.gamma * state.phi.transpose() *
               power(Q.transpose(), j - 1 - i);
      sigma += k * power(S, i) * state.psi * state.delta * state.psi.transpose() *
               power(S.transpose(), j - 1 - i);
    }
  }
  // Rounding; entries are of order 10. The sums end by themselves: Q and S are nilpotent.
  EXPECT_LT((backward_memory(kappa, 0.7, state) - backward).norm(), 1e-12);
  EXPECT_LT((forward_memory(kappa, state) - forward).norm(), 1e-12);
  EXPECT_LT((backward_covariance(kappa, 0.7, state) - omega).norm(), 1e-11);
  EXPECT_LT((forward_covariance(kappa, state) - sigma).norm(), 1e-11);
}

TEST(RectangularCumulants, RejectBadInput) {
  EXPECT_THROW((void)rectangular_cumulants(std::vector<double>{}, 1.0), InvalidArgument);
  EXPECT_THROW((void)rectangular_cumulants(std::vector<double>{1.0}, 0.0), InvalidArgument);
  EXPECT_THROW((void)rectangular_cumulants(std::vector<double>{std::nan("")}, 1.0),
               InvalidArgument);
  EXPECT_THROW((void)orthogonal_cumulants(1.0, 0), InvalidArgument);
  EXPECT_THROW((void)gaussian_cumulants(0), InvalidArgument);
}

}  // namespace
}  // namespace twofold::model
