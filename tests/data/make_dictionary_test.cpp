#include <cmath>

#include "support.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::data {
namespace {

double worst_norm(const Matrix& atoms) {
  return (atoms.rowwise().norm().array() - 1.0).abs().maxCoeff();
}

TEST(MakeDictionary, OrthonormalRowsAreOrthonormal) {
  for (const auto& [m, d] : {std::pair<Index, Index>{1, 1}, {3, 7}, {64, 64}}) {
    const Matrix atoms = make_dictionary("orthonormal", m, d, 3);
    ASSERT_EQ(atoms.cols(), d);
    // Rounding of a QR decomposition, d eps.
    EXPECT_LT((atoms * atoms.transpose() - Matrix::Identity(m, m)).cwiseAbs().maxCoeff(), 1e-13);
  }
}

TEST(MakeDictionary, TightFramesAreTightAndOfUnitNorm) {
  for (const auto& [m, d] : {std::pair<Index, Index>{1, 1},
                             {2, 1},
                             {3, 2},
                             {4, 2},
                             {16, 16},
                             {65, 64},
                             {100, 10},
                             {192, 128}}) {
    const Matrix atoms = make_dictionary("tight_frame", m, d, 3);
    const double bound = static_cast<double>(m) / static_cast<double>(d);
    // m rotations, each off by a few eps.
    EXPECT_LT((atoms.transpose() * atoms - bound * Matrix::Identity(d, d)).cwiseAbs().maxCoeff(),
              1e-12 * bound)
        << m << " x " << d;
    EXPECT_LT(worst_norm(atoms), 1e-14);
  }
}

// A frame that repeats atoms would be tight too. Cosines of random directions have standard
// deviation 1/√d, here 0.13: none of 2016 pairs comes near 7 of them.
TEST(MakeDictionary, AtomsDiffer) {
  for (const char* name : {"random", "tight_frame"}) {
    const Matrix atoms = make_dictionary(name, 64, 60, 3);
    const Matrix cosines = atoms * atoms.transpose() - Matrix::Identity(64, 64);
    EXPECT_LT(cosines.cwiseAbs().maxCoeff(), 0.9) << name;
    EXPECT_GT(cosines.cwiseAbs().maxCoeff(), 1e-3) << name;
  }
}

TEST(MakeDictionary, RandomAtomsAreUniformOnTheSphere) {
  constexpr Index m = 20'000, d = 3;
  const Matrix atoms = make_dictionary("random", m, d, 3);
  EXPECT_LT(worst_norm(atoms), 1e-15);
  const Matrix second = atoms.transpose() * atoms / m;
  // E a aᵀ = I/d; E a_j⁴ = 3/(d(d+2)) = 1/5 and E a_i² a_j² = 1/15; 5 standard errors.
  for (Index i = 0; i < d; ++i) {
    EXPECT_NEAR(atoms.col(i).mean(), 0.0, 5.0 / std::sqrt(3.0 * m));
    for (Index j = 0; j < d; ++j) {
      const double variance = i == j ? 1.0 / 5.0 - 1.0 / 9.0 : 1.0 / 15.0;
      EXPECT_NEAR(second(i, j), i == j ? 1.0 / 3.0 : 0.0, 5.0 * std::sqrt(variance / m));
    }
  }
}

TEST(MakeDictionary, SeedAndNameDecide) {
  for (const char* name : {"orthonormal", "random", "tight_frame"}) {
    EXPECT_EQ(make_dictionary(name, 4, 4, 1), make_dictionary(name, 4, 4, 1)) << name;
    EXPECT_NE(make_dictionary(name, 4, 4, 1), make_dictionary(name, 4, 4, 2)) << name;
  }
}

TEST(MakeDictionary, FilesAreReadAndScaled) {
  const TemporaryFolder folder;
  const auto save = [&](const Matrix& rows) {
    write_npy(folder.path() / "a.npy", rows);
    return (folder.path() / "a.npy").string();
  };
  const Matrix rows{{3.0, 4.0}, {0.0, 0.5}, {-2.0, 0.0}};
  EXPECT_EQ(make_dictionary(save(rows), 3, 2, 1, true), rows);
  // 3/5 and 4/5: rounding of one division.
  EXPECT_LT((make_dictionary(save(rows), 3, 2, 1) - Matrix{{0.6, 0.8}, {0.0, 1.0}, {-1.0, 0.0}})
                .cwiseAbs()
                .maxCoeff(),
            1e-15);
  expect_throw<InvalidArgument>([&] { (void)make_dictionary(save(rows), 2, 3, 1); },
                                {"a.npy", "3 x 2", "atoms = 3", "dimension = 2"});
  const std::string zero = save(Matrix{{1.0, 0.0}, {0.0, 0.0}});
  EXPECT_NO_THROW((void)make_dictionary(zero, 2, 2, 1, true));
  expect_throw<DataError>([&] { (void)make_dictionary(zero, 2, 2, 1); }, {"a.npy", "row 1 is 0"});
  expect_throw<DataError>([&] { (void)make_dictionary("none.npy", 2, 2, 1); }, {"none.npy"});
}

TEST(MakeDictionary, WhatDoesNotExistIsRefused) {
  const auto refuse = [](const char* name, Index m, Index d,
                         std::initializer_list<std::string_view> parts) {
    expect_throw<InvalidArgument>([&] { (void)make_dictionary(name, m, d, 1); }, parts);
  };
  refuse("orthonormal", 5, 4, {"at most d = 4", "5", "tight_frame"});
  refuse("tight_frame", 3, 4, {"at least 4", "3", "orthonormal"});
  refuse("othonormal", 3, 4, {"othonormal", "did you mean 'orthonormal'", ".npy"});
  refuse("random", 0, 4, {"0 x 4"});
}

}  // namespace
}  // namespace twofold::data
