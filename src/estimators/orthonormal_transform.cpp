#include "twofold/estimators/orthonormal_transform.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"

namespace twofold::estimators {
namespace {

constexpr Index kRows = 4, kColumns = 32;

MatrixF cosines(Index d) {
  MatrixF T(d, d);
  const double scale = std::numbers::pi / static_cast<double>(d);
  for (Index k = 0; k < d; ++k) {
    const double size = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(d));
    for (Index j = 0; j < d; ++j) {
      // (2j + 1)k/2 modulo 2d keeps the argument small, and with it the digits of the cosine.
      const double phase = 0.5 * static_cast<double>((2 * j + 1) * k % (4 * d));
      T(k, j) = static_cast<float>(size * std::cos(scale * phase));
    }
  }
  return T;
}

// out[r] = in[r] · A for up to kRows rows; each sum runs over the rows of A in their order,
// whatever rows are handled together.
void multiply_rows(const std::array<const float*, kRows>& in, const MatrixF& A,
                   const std::array<float*, kRows>& out, Index rows) {
  for (Index first = 0; first < A.cols(); first += kColumns) {
    const Index width = std::min(kColumns, A.cols() - first);
    float sums[kRows][kColumns] = {};
    for (Index p = 0; p < A.rows(); ++p) {
      const float* const a = A.row(p).data() + first;
      for (Index r = 0; r < kRows; ++r) {
        const float x = in[static_cast<std::size_t>(r)][p];
        if (width == kColumns) {
          for (Index j = 0; j < kColumns; ++j) sums[r][j] += x * a[j];
        } else {
          for (Index j = 0; j < width; ++j) sums[r][j] += x * a[j];
        }
      }
    }
    for (Index r = 0; r < rows; ++r) {
      std::copy_n(sums[r], width, out[static_cast<std::size_t>(r)] + first);
    }
  }
}

void multiply(const ConstView<float>& in, const MatrixF& A, View<float>& out) {
  for (Index i = 0; i < in.rows(); i += kRows) {
    const Index rows = std::min(kRows, in.rows() - i);
    std::array<const float*, kRows> from;
    std::array<float*, kRows> to;
    for (Index r = 0; r < kRows; ++r) {  // rows beyond the last repeat it
      const Index row = i + std::min(r, rows - 1);
      from[static_cast<std::size_t>(r)] = in.data() + row * in.outerStride();
      to[static_cast<std::size_t>(r)] = out.data() + row * out.outerStride();
    }
    multiply_rows(from, A, to, rows);
  }
}

}  // namespace

OrthonormalTransform OrthonormalTransform::identity(Index d) {
  return {d, d};
}

OrthonormalTransform OrthonormalTransform::cosine(Index d) {
  return directions(cosines(d));
}

OrthonormalTransform OrthonormalTransform::cosine(const data::ImageShape& shape) {
  require(!shape.empty(), "estimators::OrthonormalTransform::cosine", "the image is empty");
  OrthonormalTransform transform(shape.size(), shape.size());
  transform.shape_ = shape;
  transform.rows_ = cosines(shape.rows);
  transform.columns_ = cosines(shape.cols);
  return transform;
}

OrthonormalTransform OrthonormalTransform::directions(MatrixF rows) {
  OrthonormalTransform transform(rows.cols(), rows.rows());
  transform.columns_ = rows.transpose();
  transform.rows_ = std::move(rows);
  return transform;
}

void OrthonormalTransform::forward(const ConstView<float>& U, View<float> T) const {
  apply(U, T, false);
}

void OrthonormalTransform::backward(const ConstView<float>& T, View<float> U) const {
  apply(T, U, true);
}

void OrthonormalTransform::apply(const ConstView<float>& in, View<float> out, bool back) const {
  const Index from = back ? output_ : input_, to = back ? input_ : output_;
  if (in.cols() != from || out.cols() != to || in.rows() != out.rows()) {
    throw InvalidArgument("estimators::OrthonormalTransform",
                          fmt::format("maps rows of length {} to {}, got {} x {} and {} x {}", from,
                                      to, in.rows(), in.cols(), out.rows(), out.cols()));
  }
  if (shape_.empty() && rows_.size() == 0) {
    out = in;
    return;
  }
  if (shape_.empty()) {
    multiply(in, back ? rows_ : columns_, out);
    return;
  }
  using Image = Eigen::Map<MatrixF>;
  using ConstImage = Eigen::Map<const MatrixF>;
  MatrixF half(shape_.rows, shape_.cols);
  for (Index i = 0; i < in.rows(); ++i) {
    for (Index c = 0; c < shape_.channels; ++c) {
      const Index first = c * shape_.rows * shape_.cols;
      const ConstImage U(in.row(i).data() + first, shape_.rows, shape_.cols);
      Image T(out.row(i).data() + first, shape_.rows, shape_.cols);
      if (back) {
        half.noalias() = rows_.transpose() * U;
        T.noalias() = half * columns_;
      } else {
        half.noalias() = rows_ * U;
        T.noalias() = half * columns_.transpose();
      }
    }
  }
}

}  // namespace twofold::estimators
