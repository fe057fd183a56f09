// Products of a block of neurons by the BLAS, for any machine and precision.
#include "block_products.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
void finish_rows(const BlockProduct<Scalar>& p) {
  for (Index i = 0; i < p.rows; ++i) {
    Scalar* c = p.out + i * p.out_stride;
    if (p.finish == Finish::Relu) {
      for (Index j = 0; j < p.columns; ++j) c[j] = c[j] < 0 ? Scalar(0) : c[j];  // keeps NaN
    } else {
      const Scalar* mask = p.mask + i * p.out_stride;
      for (Index j = 0; j < p.columns; ++j) c[j] = mask[j] > 0 ? c[j] : Scalar(0);
    }
  }
}

template <typename Scalar>
void multiply(const BlockProduct<Scalar>& p) {
  using Map = Eigen::Map<const MatrixOf<Scalar>, 0, Eigen::OuterStride<>>;
  const bool transposed = p.left_column != 1;
  const Map left = transposed ? Map(p.left, p.inner, p.rows, Eigen::OuterStride<>(p.left_column))
                              : Map(p.left, p.rows, p.inner, Eigen::OuterStride<>(p.left_row));
  const Index stride = p.right_stride == 0 ? p.columns : p.right_stride;
  const Map right(p.right, p.inner, p.columns, Eigen::OuterStride<>(stride));
  Eigen::Map<MatrixOf<Scalar>, 0, Eigen::OuterStride<>> out(p.out, p.rows, p.columns,
                                                            Eigen::OuterStride<>(p.out_stride));
  gemm<Scalar>(transposed ? Trans::Yes : Trans::No, Trans::No, p.factor, left, right,
               p.finish == Finish::Add ? Scalar(1) : Scalar(0), out);
  if (p.finish == Finish::Relu || p.finish == Finish::Mask) finish_rows(p);
}

}  // namespace

template <std::floating_point Scalar>
const BlockProducts<Scalar>& blas_block_products() noexcept {
  static constexpr BlockProducts<Scalar> products{"blas", 256, std::numeric_limits<Index>::max(), 1,
                                                  multiply<Scalar>};
  return products;
}

template const BlockProducts<float>& blas_block_products() noexcept;
template const BlockProducts<double>& blas_block_products() noexcept;

template <>
const BlockProducts<double>& block_products() noexcept {
  return blas_block_products<double>();
}

template <>
const BlockProducts<float>& block_products() noexcept {
  static const BlockProducts<float>& best = []() -> const BlockProducts<float>& {
    if (const auto* products = avx512_block_products()) return *products;
    return blas_block_products<float>();
  }();
  return best;
}

}  // namespace twofold::ops
