#include <algorithm>
#include <numeric>

#include "check_codes.hpp"
#include "gate_rule.hpp"

namespace twofold::ops::reference {
namespace {

template <typename Scalar>
VectorOf<Scalar> inputs(const ConstView<Scalar>& X, Index row, const ConstView<Scalar>& W,
                        Scalar shift) {
  VectorOf<Scalar> v(W.rows());
  for (Index i = 0; i < W.rows(); ++i) {
    double sum = 0.0;
    for (Index j = 0; j < W.cols(); ++j) {
      sum += static_cast<double>(W(i, j)) * static_cast<double>(X(row, j));
    }
    v[i] = static_cast<Scalar>(sum) + shift;
  }
  return v;
}

// Indices of the units that fire, ascending.
template <typename Scalar>
std::vector<Index> active_units(const VectorOf<Scalar>& v, const GateRule<Scalar>& rule) {
  using Kind = typename GateRule<Scalar>::Kind;
  std::vector<Index> all(static_cast<std::size_t>(v.size()));
  std::iota(all.begin(), all.end(), Index{0});
  std::erase_if(all, [&](Index i) {
    if (rule.kind == Kind::Above) return v[i] <= rule.threshold;
    if (rule.kind == Kind::Magnitude) return std::abs(v[i]) < rule.threshold;
    return rule.rank(v[i]) < 0;
  });
  if (rule.kind != Kind::Largest || std::ssize(all) <= rule.k) return all;
  std::stable_sort(all.begin(), all.end(),
                   [&](Index a, Index b) { return rule.rank(v[a]) > rule.rank(v[b]); });
  all.resize(static_cast<std::size_t>(rule.k));
  std::sort(all.begin(), all.end());
  return all;
}

// r = x − Wᵀ c of one sample, in double.
template <typename Scalar>
Vector residual(const ConstView<Scalar>& X, const ConstView<Scalar>& W,
                const SparseCodes<Scalar>& codes, Index row) {
  Vector r = X.row(row).transpose().template cast<double>();
  const auto s = static_cast<std::size_t>(row);
  for (std::int64_t e = codes.offset[s]; e < codes.offset[s + 1]; ++e) {
    const auto entry = static_cast<std::size_t>(e);
    for (Index j = 0; j < W.cols(); ++j) {
      r[j] -=
          static_cast<double>(codes.value[entry]) * static_cast<double>(W(codes.index[entry], j));
    }
  }
  return r;
}

}  // namespace

template <std::floating_point Scalar>
void encode(std::type_identity_t<ConstView<Scalar>> X, std::type_identity_t<ConstView<Scalar>> W,
            const Gate& gate, SparseCodes<Scalar>& codes) {
  constexpr std::string_view where = "ops::reference::encode";
  check_atoms<Scalar>(X, W, where);
  const auto rule = gate_rule<Scalar>(gate, where);
  codes = {.offset = {0}, .atoms = W.rows()};
  for (Index row = 0; row < X.rows(); ++row) {
    const VectorOf<Scalar> v = inputs<Scalar>(X, row, W, rule.shift);
    for (const Index i : active_units(v, rule)) {
      codes.index.push_back(static_cast<std::int32_t>(i));
      codes.value.push_back(v[i]);
    }
    codes.offset.push_back(codes.size());
  }
}

template <std::floating_point Scalar>
double tied_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     std::type_identity_t<ConstView<Scalar>> W, const SparseCodes<Scalar>& codes,
                     TiedGradient kind, std::type_identity_t<View<Scalar>> G) {
  constexpr std::string_view where = "ops::reference::tied_gradient";
  check_atoms<Scalar>(X, W, where);
  require(X.rows() >= 1, where, "the batch is empty");
  check_codes(codes, X.rows(), W.rows(), where);
  check_same_shape<Scalar>(W, G, "G", where);
  Matrix sum = Matrix::Zero(W.rows(), W.cols());
  double squares = 0.0;
  for (Index row = 0; row < X.rows(); ++row) {
    const Vector x = X.row(row).transpose().template cast<double>();
    const Vector r = residual<Scalar>(X, W, codes, row);
    squares += r.squaredNorm();
    const auto s = static_cast<std::size_t>(row);
    for (std::int64_t e = codes.offset[s]; e < codes.offset[s + 1]; ++e) {
      const auto entry = static_cast<std::size_t>(e);
      const Index i = codes.index[entry];
      const auto c = static_cast<double>(codes.value[entry]);
      const double sign = c > 0 ? 1.0 : (c < 0 ? -1.0 : c);
      sum.row(i) += (kind == TiedGradient::Sign ? sign : c) * r.transpose();
      if (kind == TiedGradient::Approximate) {
        sum.row(i) += W.row(i).template cast<double>().dot(r) * x.transpose();
      }
    }
  }
  const auto N = static_cast<double>(X.rows());
  G = (sum / -N).template cast<Scalar>();
  return squares / (2.0 * N);
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                               \
  template void encode(ConstView<Scalar>, ConstView<Scalar>, const Gate&, SparseCodes<Scalar>&);  \
  template double tied_gradient(ConstView<Scalar>, ConstView<Scalar>, const SparseCodes<Scalar>&, \
                                TiedGradient, View<Scalar>);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops::reference
