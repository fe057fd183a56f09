#include "twofold/ops/forward.hpp"

#include "for_each_chunk.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
void reconstruct(std::type_identity_t<ConstView<Scalar>> X, const model::Weights<Scalar>& weights,
                 const model::Activation& activation, std::type_identity_t<View<Scalar>> Xhat,
                 Workspace<Scalar>& workspace, ThreadPool& pool) {
  constexpr std::string_view where = "ops::reconstruct";
  check_output<Scalar>(X, Xhat, where);
  for_each_chunk<Scalar>(X, weights, activation, workspace, pool, where,
                         [&](auto& chunk, Index begin, Index size) {
                           chunk.forward(false);
                           chunk.reconstruction(Xhat.middleRows(begin, size));
                         });
}

template <std::floating_point Scalar>
double loss(std::type_identity_t<ConstView<Scalar>> X, const model::Weights<Scalar>& weights,
            const model::Activation& activation, Workspace<Scalar>& workspace, ThreadPool& pool) {
  double squares = 0.0;
  for_each_chunk<Scalar>(X, weights, activation, workspace, pool, "ops::loss",
                         [&](auto& chunk, Index, Index) {
                           chunk.forward(false);
                           squares += chunk.residual();
                         });
  return squares / (2.0 * static_cast<double>(X.rows()));
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                                \
  template void reconstruct(ConstView<Scalar>, const model::Weights<Scalar>&,                      \
                            const model::Activation&, View<Scalar>, Workspace<Scalar>&,            \
                            ThreadPool&);                                                          \
  template double loss(ConstView<Scalar>, const model::Weights<Scalar>&, const model::Activation&, \
                       Workspace<Scalar>&, ThreadPool&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
