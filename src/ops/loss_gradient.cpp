#include "twofold/ops/loss_gradient.hpp"

#include "for_each_chunk.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
double loss_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     const model::Weights<Scalar>& weights, const model::Activation& activation,
                     model::Weights<Scalar>& gradient, Workspace<Scalar>& workspace,
                     ThreadPool& pool) {
  constexpr std::string_view where = "ops::loss_gradient";
  check_same_shapes(weights, gradient, where);
  const double samples = static_cast<double>(X.rows());
  const auto factor = static_cast<Scalar>(-static_cast<double>(weights.scale) / samples);
  double squares = 0.0;
  for_each_chunk<Scalar>(X, weights, activation, workspace, pool, where,
                         [&](auto& chunk, Index begin, Index) {
                           chunk.forward(true);
                           squares += chunk.residual();
                           chunk.backward(gradient, factor, begin == 0);
                         });
  return squares / (2.0 * samples);
}

template double loss_gradient(ConstView<float>, const model::Weights<float>&,
                              const model::Activation&, model::Weights<float>&, Workspace<float>&,
                              ThreadPool&);
template double loss_gradient(ConstView<double>, const model::Weights<double>&,
                              const model::Activation&, model::Weights<double>&, Workspace<double>&,
                              ThreadPool&);

}  // namespace twofold::ops
