// Matrix vocabulary: Eigen, row-major, one sample or neuron per row.
#pragma once

#include <Eigen/Core>
#include <concepts>

#include "twofold/core/parallel.hpp"

namespace twofold {

template <std::floating_point Scalar>
using MatrixOf = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <std::floating_point Scalar>
using VectorOf = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

using Matrix = MatrixOf<double>;
using MatrixF = MatrixOf<float>;
using Vector = VectorOf<double>;
using VectorF = VectorOf<float>;

/// Views with contiguous rows (inner stride 1); no copy is made for a Matrix or a row range.
template <std::floating_point Scalar>
using ConstView = Eigen::Ref<const MatrixOf<Scalar>, 0, Eigen::OuterStride<>>;
template <std::floating_point Scalar>
using View = Eigen::Ref<MatrixOf<Scalar>, 0, Eigen::OuterStride<>>;

}  // namespace twofold
