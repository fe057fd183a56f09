// Where a vector is largest by size, found while a direction is taken out of it.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
struct Peak {
  Index at;     ///< the first of equals
  Scalar size;  ///< |a_at|; NaN are passed over
};

/// Where is |a| largest?
/// @param length  a multiple of 64 bytes.
template <std::floating_point Scalar>
[[nodiscard]] Peak<Scalar> find_peak(const Scalar* a, Index length) noexcept;

/// v <- factor v;  a <- a − q v;  where is |a| largest? The same bits on every machine.
template <std::floating_point Scalar>
[[nodiscard]] Peak<Scalar> remove_direction(Scalar factor, Scalar q, Scalar* v, Scalar* a,
                                            Index length) noexcept;

}  // namespace twofold::ops
