// The plain definition of orthogonal matching pursuit.
#include <Eigen/QR>
#include <algorithm>
#include <vector>

#include "pursuit_rule.hpp"

namespace twofold::ops::reference {
namespace {

// Atoms in the order of choice, and their values.
struct Choice {
  std::vector<Index> atoms;
  Vector values;
};

Choice pursue(const Vector& x, const Matrix& W, const PursuitOptions& options, double explained,
              double dependent) {
  Choice choice;
  Vector residual = x;
  while (static_cast<Index>(choice.atoms.size()) < options.sparsity &&
         residual.norm() > options.residual) {
    const Vector sizes = (W * residual).cwiseAbs();
    Index j = 0;
    for (Index i = 1; i < sizes.size(); ++i) j = sizes[i] > sizes[j] ? i : j;
    if (!(sizes[j] > explained * x.norm() * W.row(j).norm())) break;
    Matrix chosen(x.size(), static_cast<Index>(choice.atoms.size()));
    for (Index s = 0; s < chosen.cols(); ++s) {
      chosen.col(s) = W.row(choice.atoms[static_cast<std::size_t>(s)]);
    }
    const Vector atom = W.row(j);
    Vector rest = atom;
    if (chosen.cols() > 0) rest -= chosen * chosen.colPivHouseholderQr().solve(atom);
    if (rest.squaredNorm() <= dependent * atom.squaredNorm()) break;
    choice.atoms.push_back(j);
    chosen.conservativeResize(Eigen::NoChange, chosen.cols() + 1);
    chosen.rightCols(1) = atom;
    choice.values = chosen.colPivHouseholderQr().solve(x);
    residual = x - chosen * choice.values;
  }
  return choice;
}

}  // namespace

template <std::floating_point Scalar>
void orthogonal_matching_pursuit(std::type_identity_t<ConstView<Scalar>> X,
                                 std::type_identity_t<ConstView<Scalar>> W,
                                 const PursuitOptions& options, SparseCodes<Scalar>& codes) {
  check_pursuit<Scalar>(X, W, options, "ops::reference::orthogonal_matching_pursuit");
  const Matrix atoms = W.template cast<double>();
  codes = {};
  codes.atoms = W.rows();
  for (Index s = 0; s < X.rows(); ++s) {
    const Vector x = X.row(s).transpose().template cast<double>();
    const Choice choice = pursue(x, atoms, options, kExplained<Scalar>, kDependent<Scalar>);
    Vector dense = Vector::Zero(W.rows());
    for (std::size_t i = 0; i < choice.atoms.size(); ++i) {
      dense[choice.atoms[i]] = choice.values[static_cast<Index>(i)];
    }
    std::vector<Index> increasing = choice.atoms;
    std::ranges::sort(increasing);
    for (const Index j : increasing) {
      codes.index.push_back(static_cast<std::int32_t>(j));
      codes.value.push_back(static_cast<Scalar>(dense[j]));
    }
    codes.offset.push_back(codes.size());
  }
}

template void orthogonal_matching_pursuit(ConstView<float>, ConstView<float>, const PursuitOptions&,
                                          SparseCodes<float>&);
template void orthogonal_matching_pursuit(ConstView<double>, ConstView<double>,
                                          const PursuitOptions&, SparseCodes<double>&);

}  // namespace twofold::ops::reference
