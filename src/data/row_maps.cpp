#include "row_maps.hpp"

#include "row_product.hpp"

namespace twofold::data {

void Center::apply(const ConstView<double>& in, View<double> out) const {
  out = in.rowwise() - mean_.transpose();
}

void Scale::apply(const ConstView<double>& in, View<double> out) const {
  out = factor_ * in;
}

void FixNorm::apply(const ConstView<double>& in, View<double> out) const {
  for (Index i = 0; i < in.rows(); ++i) {
    const double norm = in.row(i).norm();
    out.row(i) = in.row(i) * (norm > 0.0 ? norm_ / norm : 1.0);
  }
}

void Whiten::apply(const ConstView<double>& in, View<double> out) const {
  const Matrix centred = in.rowwise() - mean_.transpose();
  row_product(centred, root_, out);
}

void Pool2::apply(const ConstView<double>& in, View<double> out) const {
  const Index cols = shape_.cols, half_cols = cols / 2;
  // Channels lie one below the other, so they pool like one tall image.
  const Index half_rows = shape_.channels * shape_.rows / 2;
  for (Index k = 0; k < in.rows(); ++k) {
    for (Index i = 0; i < half_rows; ++i) {
      for (Index j = 0; j < half_cols; ++j) {
        const Index corner = 2 * i * cols + 2 * j;
        out(k, i * half_cols + j) = 0.25 * (in(k, corner) + in(k, corner + 1) +
                                            in(k, corner + cols) + in(k, corner + cols + 1));
      }
    }
  }
}

void Gray::apply(const ConstView<double>& in, View<double> out) const {
  const Index pixels = shape_.rows * shape_.cols;
  out = in.leftCols(pixels);
  for (Index c = 1; c < shape_.channels; ++c) out += in.middleCols(c * pixels, pixels);
  out /= static_cast<double>(shape_.channels);
}

}  // namespace twofold::data
