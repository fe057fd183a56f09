// A source that is written once, for both precisions, as "the row of number i".
#pragma once

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Implements gather and read by Derived::fill_row(i, span), a template over the scalar:
///   template <typename Scalar> void fill_row(std::uint64_t i, std::span<Scalar> out) const;
template <typename Derived>
class RowSource : public Source {
 public:
  void gather(std::span<const std::uint64_t> index, View<double> rows) const final {
    fill(index, rows);
  }
  void gather(std::span<const std::uint64_t> index, View<float> rows) const final {
    fill(index, rows);
  }

 private:
  template <typename Scalar>
  void fill(std::span<const std::uint64_t> index, View<Scalar>& rows) const {
    check_request(index, rows.rows(), rows.cols());
    const auto width = static_cast<std::size_t>(rows.cols());
    for (std::size_t k = 0; k < index.size(); ++k) {
      Scalar* const row = rows.data() + static_cast<Index>(k) * rows.outerStride();
      static_cast<const Derived*>(this)->fill_row(index[k], std::span<Scalar>(row, width));
    }
  }
};

}  // namespace twofold::data
