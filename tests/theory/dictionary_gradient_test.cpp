#include <gtest/gtest.h>

#include <array>

#include "theory/recovery_cases.hpp"
#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

using data::CodeLaw;
constexpr std::array kKinds{RecoveryGradient::Full, RecoveryGradient::DecoderOnly};

// Every sample of a cubature that is exact for the gradient: it is of degree two in each code and
// in the noise. Codes at the Gauss nodes of [low, high] with both signs, noise at ±σ√d e_i.
struct Cubature {
  std::vector<Vector> x, c;
  std::vector<double> weight;
};

void add_noise(const data::DictionaryModel& model, const Vector& code, double weight,
               Cubature& out) {
  const Index d = model.dimension();
  const Vector mean = model.atoms.transpose() * code;
  const double radius = model.noise * std::sqrt(static_cast<double>(d));
  for (Index e = 0; e < 2 * d; ++e) {
    Vector x = mean;
    x[e / 2] += e % 2 == 0 ? radius : -radius;
    out.x.push_back(x);
    out.c.push_back(code);
    out.weight.push_back(weight / static_cast<double>(2 * d));
  }
}

void add_codes(const data::DictionaryModel& model, const std::vector<Index>& support,
               std::size_t next, Vector& code, double weight, Cubature& out) {
  if (next == support.size()) return add_noise(model, code, weight, out);
  const double middle = 0.5 * (model.low + model.high);
  const double half = 0.5 * (model.high - model.low) / std::sqrt(3.0);
  const int signs = model.law == CodeLaw::Sparse ? 2 : 1;
  for (int node = 0; node < 2 * signs; ++node) {
    const double size = node % 2 == 0 ? middle - half : middle + half;
    code[support[next]] = node / 2 == 0 ? size : -size;
    add_codes(model, support, next + 1, code, weight / (2 * signs), out);
  }
  code[support[next]] = 0.0;
}

Cubature cubature(const data::DictionaryModel& model) {
  Cubature out;
  const Index m = model.size();
  std::vector<std::vector<Index>> supports;
  for (unsigned mask = 0; mask < 1u << m; ++mask) {
    std::vector<Index> support;
    for (Index j = 0; j < m; ++j) {
      if ((mask >> j & 1u) != 0) support.push_back(j);
    }
    if (static_cast<Index>(support.size()) == model.sparsity) supports.push_back(support);
  }
  Vector code = Vector::Zero(m);
  for (const auto& support : supports) {
    const double weight = model.law == CodeLaw::Mixture
                              ? model.weights[support.front()]
                              : 1.0 / static_cast<double>(supports.size());
    add_codes(model, support, 0, code, weight, out);
  }
  return out;
}

Matrix expected_gradient(const Cubature& points, const Matrix& W, double bias, bool encoder) {
  Matrix G = Matrix::Zero(W.rows(), W.cols());
  for (std::size_t s = 0; s < points.x.size(); ++s) {
    G += gradient_by_definition(points.x[s].transpose(), points.c[s].transpose(),
                                Vector::Constant(1, points.weight[s]), W, bias, encoder);
  }
  return G;
}

double expected_loss(const Cubature& points, const Matrix& W, double bias) {
  double loss = 0.0;
  for (std::size_t s = 0; s < points.x.size(); ++s) {
    Vector r = points.x[s];
    for (Index i = 0; i < W.rows(); ++i) {
      if (points.c[s][i] != 0.0) r -= (W.row(i).dot(points.x[s]) + bias) * W.row(i).transpose();
    }
    loss += 0.5 * points.weight[s] * r.squaredNorm();
  }
  return loss;
}

struct Case {
  data::DictionaryModel model;
  double bias;
};

// All laws, k = 1 ... m, rows that are neither unit nor near the atoms.
std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({mixture("random", 4, 3, 0.4), -0.3});
  all.back().model.weights = Vector{{0.4, 0.3, 0.2, 0.1}};
  all.back().model.atoms.row(1) *= 1.7;
  for (const Index k : {1, 2, 3, 4, 5}) {
    all.push_back({codes(CodeLaw::Sparse, "random", 5, 3, k, 0.3, 2.0), 0.0});
    all.push_back({codes(CodeLaw::Nonnegative, "random", 5, 3, k, 0.3, 2.0), -0.4});
  }
  return all;
}

Matrix rows(const data::DictionaryModel& model, std::uint64_t seed) {
  Matrix W(model.size(), model.dimension());
  RandomStream(seed, "rows").fill_normal(0, {W.data(), static_cast<std::size_t>(W.size())});
  return W;
}

TEST(DictionaryGradient, IsTheExpectationOfItsDefinition) {
  for (const Case& c : cases()) {
    const Matrix W = rows(c.model, 2);
    const Cubature points = cubature(c.model);
    for (const auto kind : kKinds) {
      const Matrix G = population_gradient(c.model, W, c.bias, kind);
      const Matrix expected = expected_gradient(points, W, c.bias, kind == RecoveryGradient::Full);
      // Rounding of sums of up to 10 000 terms.
      EXPECT_LT((G - expected).norm(), 1e-12 * expected.norm()) << "k = " << c.model.sparsity;
    }
  }
}

TEST(DictionaryGradient, IsTheSlopeOfTheLoss) {
  for (const Case& c : cases()) {
    if (c.model.sparsity > 3) continue;
    const Matrix W = rows(c.model, 3), V = rows(c.model, 4);
    const Cubature points = cubature(c.model);
    constexpr double h = 1e-4;
    const double slope =
        (expected_loss(points, W + h * V, c.bias) - expected_loss(points, W - h * V, c.bias)) /
        (2 * h);
    const Matrix G = population_gradient(c.model, W, c.bias, RecoveryGradient::Full);
    // Central difference: h² times a third derivative, of the size of the loss times a hundred.
    EXPECT_NEAR(G.cwiseProduct(V).sum(), slope, 1e-6 * (1.0 + std::abs(slope)));
  }
}

TEST(DictionaryGradient, OneActiveAtomIsAMixture) {
  data::DictionaryModel one = codes(CodeLaw::Nonnegative, "random", 6, 4, 1, 0.2);
  data::DictionaryModel same = mixture("random", 6, 4, 0.2);
  const Matrix W = rows(one, 5);
  for (const auto kind : kKinds) {
    const Matrix a = population_gradient(one, W, -0.3, kind);
    // Rounding.
    EXPECT_LT((a - population_gradient(same, W, -0.3, kind)).norm(), 1e-14 * a.norm());
  }
}

TEST(DictionaryGradient, VanishesAtOrthonormalAtomsWithoutBias) {
  for (const auto law : {CodeLaw::Sparse, CodeLaw::Nonnegative}) {
    const auto model = codes(law, "orthonormal", 8, 11, 3, 0.0, 2.0);
    for (const auto kind : kKinds) {
      // Rounding.
      EXPECT_LT(population_gradient(model, model.atoms, 0.0, kind).norm(), 1e-14);
    }
  }
}

// Relative distance of the mean over N samples from the law, for each bias.
double distance(const data::DictionaryModel& model, const Drawn& drawn, const Matrix& W,
                double bias, const Matrix& law) {
  const Index n = drawn.X.rows();
  const Matrix mean = gradient_by_definition(
      drawn.X, drawn.C, Vector::Constant(n, 1.0 / static_cast<double>(n)), W, bias, true);
  EXPECT_EQ(mean.rows(), model.size());
  return (mean - law).norm() / law.norm();
}

TEST(DictionaryGradient, MixtureLawHoldsOnSamples) {
  const auto model = mixture("random", 8, 60, 0.1);
  const Matrix W = displaced_atoms(model, 0.5, 2);
  const Drawn drawn = draw(model, 200'000, 3);
  for (const double bias : {0.0, -0.2, -0.4}) {
    Matrix law(8, 60);
    for (Index i = 0; i < 8; ++i) {  // −g = p [λ a − (λ + b)² w]
      const double lambda = W.row(i).dot(model.atoms.row(i));
      law.row(i) =
          ((lambda + bias) * (lambda + bias) * W.row(i) - lambda * model.atoms.row(i)) / 8.0;
    }
    // Rounding.
    EXPECT_LT((population_gradient(model, W, bias, RecoveryGradient::Full) - law).norm(), 1e-14);
    // Sampling error falls as 1/√N; an independent program found 0.9 % at N = 400 000, b = 0.
    EXPECT_LT(distance(model, drawn, W, bias, law), 0.02) << "b = " << bias;
  }
}

TEST(DictionaryGradient, SparseLawHoldsOnSamples) {
  const auto model = codes(CodeLaw::Sparse, "random", 60, 40, 4, 0.1, 2.0);
  const Matrix W = displaced_atoms(model, 0.3, 2);
  const Drawn drawn = draw(model, 150'000, 3);
  const Matrix law = population_gradient(model, W, 0.0, RecoveryGradient::Full);
  // Sampling error falls as 1/√N; an independent program found 2.3 % at N = 300 000.
  EXPECT_LT(distance(model, drawn, W, 0.0, law), 0.04);
  Matrix leading(60, 40);
  for (Index i = 0; i < 60; ++i) {
    const double lambda = W.row(i).dot(model.atoms.row(i));
    leading.row(i) =
        -(4.0 / 60.0) * model.kappa2() * lambda * (model.atoms.row(i) - lambda * W.row(i));
  }
  EXPECT_GT((leading - law).norm(), 0.5 * law.norm());
}

TEST(DictionaryGradient, NoiseEntersTheSparseLaw) {
  auto model = codes(CodeLaw::Sparse, "random", 60, 40, 4, 0.5);
  const Matrix W = displaced_atoms(model, 0.3, 2);
  const Drawn drawn = draw(model, 400'000, 3);
  const Matrix law = population_gradient(model, W, 0.0, RecoveryGradient::Full);
  model.noise = 0.0;
  const Matrix without = population_gradient(model, W, 0.0, RecoveryGradient::Full);
  const double with = distance(model, drawn, W, 0.0, law);
  // Sampling error falls as 1/√N; an independent program found 4.9 % at this N.
  EXPECT_LT(with, 0.06);
  EXPECT_GT(distance(model, drawn, W, 0.0, without), 2.0 * with);
}

TEST(DictionaryGradient, RejectsBadInput) {
  const auto model = codes(CodeLaw::Sparse, "random", 5, 3, 2);
  const Matrix W = rows(model, 1);
  EXPECT_THROW((void)population_gradient(model, W, -0.1, RecoveryGradient::Full), InvalidArgument);
  EXPECT_THROW((void)population_gradient(model, W.topRows(4), 0.0, RecoveryGradient::Full),
               InvalidArgument);
  const auto means = mixture("random", 5, 3, 0.1);
  EXPECT_THROW((void)population_gradient(means, W, 0.1, RecoveryGradient::Full), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
