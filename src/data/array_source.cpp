#include "twofold/data/array_source.hpp"

#include <fmt/format.h>

#include <cmath>

#include "data_error.hpp"

namespace twofold::data {

template <std::floating_point Scalar>
ArraySource<Scalar>::ArraySource(MatrixOf<Scalar> rows, std::string name, ImageShape image)
    : rows_(std::move(rows)), name_(std::move(name)), image_(image) {
  if (rows_.size() == 0) {
    fail("data::ArraySource", name_,
         fmt::format("{} x {} holds no data", rows_.rows(), rows_.cols()),
         "give at least one row and one column");
  }
  for (Index i = 0; i < rows_.rows(); ++i) {
    for (Index j = 0; j < rows_.cols(); ++j) {
      if (!std::isfinite(rows_(i, j))) {
        fail_not_finite("data::ArraySource", name_, static_cast<std::uint64_t>(i), j,
                        static_cast<double>(rows_(i, j)));
      }
    }
  }
}

template <std::floating_point Scalar>
std::string ArraySource<Scalar>::description() const {
  return fmt::format("{}: {} rows of dimension {}", name_, rows_.rows(), rows_.cols());
}

template class ArraySource<float>;
template class ArraySource<double>;

}  // namespace twofold::data
