#include "twofold/ops/descent_step.hpp"

#include "descent.hpp"
#include "for_each_chunk.hpp"
#include "twofold/ops/loss_gradient.hpp"

namespace twofold::ops {
namespace {

constexpr std::string_view kWhere = "ops::DescentStep";
constexpr Index kRows = 64;  // neurons per block of an update from an array of gradients

}  // namespace

template <std::floating_point Scalar>
DescentStep<Scalar>::DescentStep(Index batch, Index d, Index neurons, FloatProducts products)
    : workspace_(batch, d, neurons, products) {
  if (batch > workspace_.buffers().chunk) gradient_.encoder.setZero(neurons, d);
}

template <std::floating_point Scalar>
bool DescentStep<Scalar>::is_one_chunk() noexcept {
  return X_->rows() <= workspace_.buffers().chunk;
}

template <std::floating_point Scalar>
double DescentStep<Scalar>::loss(std::type_identity_t<ConstView<Scalar>> X,
                                 const model::Weights<Scalar>& weights,
                                 const model::Activation& activation, ThreadPool& pool) {
  require(weights.tied() && !weights.has_bias(), kWhere, "weights must be tied and without bias");
  X_.emplace(X);
  activation_ = activation;
  if (!is_one_chunk()) {
    return loss_gradient<Scalar>(X, weights, activation, gradient_, workspace_, pool);
  }
  double squares = 0;
  for_each_chunk<Scalar>(X, weights, activation, workspace_, pool, kWhere,
                         [&](auto& chunk, Index, Index) {
                           chunk.forward(true);
                           squares = chunk.residual();
                         });
  return squares / (2.0 * static_cast<double>(X.rows()));
}

template <std::floating_point Scalar>
void DescentStep<Scalar>::descend(model::Weights<Scalar>& weights, const Descent<Scalar>& descent,
                                  MatrixOf<Scalar>& velocity, ThreadPool& pool) {
  const BlockDescent<Scalar> rows(descent, weights.encoder, velocity);
  const auto factor =
      static_cast<Scalar>(-static_cast<double>(weights.scale) / static_cast<double>(X_->rows()));
  const bool in_place = is_one_chunk() && rows.kept() >= Scalar(0.5);
  if (is_one_chunk()) {
    if (!in_place) gradient_.encoder.resize(weights.neurons(), weights.dimension());
    for_each_chunk<Scalar>(*X_, weights, activation_, workspace_, pool, kWhere,
                           [&](auto& chunk, Index, Index) {
                             if (in_place) return chunk.descend(rows, -descent.step * factor);
                             chunk.backward(gradient_, factor, true);
                           });
  }
  if (in_place) return;
  parallel_for(pool, weights.neurons(), kRows, [&](Index begin, Index end) {
    const Span block{begin, end - begin};
    rows.before(block);
    rows.target().middleRows(begin, block.size) -=
        descent.step * gradient_.encoder.middleRows(begin, block.size);
    rows.after(block);
  });
}

template class DescentStep<float>;
template class DescentStep<double>;

}  // namespace twofold::ops
