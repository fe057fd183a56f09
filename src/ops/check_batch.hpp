// Shape checks shared by the reference and the fast ops.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops {

// The messages are built only when they are thrown: nothing is allocated on the good path.
template <typename Scalar>
void check_batch(const ConstView<Scalar>& X, const model::Weights<Scalar>& weights,
                 std::string_view where) {
  check_shapes(weights, where);
  if (X.rows() < 1) throw InvalidArgument(where, "the batch is empty");
  if (X.cols() != weights.dimension()) {
    throw InvalidArgument(where, fmt::format("samples have dimension {}, the weights expect {}",
                                             X.cols(), weights.dimension()));
  }
}

template <typename Scalar>
void check_output(const ConstView<Scalar>& X, const View<Scalar>& Xhat, std::string_view where) {
  if (Xhat.rows() == X.rows() && Xhat.cols() == X.cols()) return;
  throw InvalidArgument(where, fmt::format("Xhat must be {}x{}, got {}x{}", X.rows(), X.cols(),
                                           Xhat.rows(), Xhat.cols()));
}

}  // namespace twofold::ops
