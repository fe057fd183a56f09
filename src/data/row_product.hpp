// Row vectors times a matrix, with bits that do not depend on the rows beside them.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::data {

/// out = in · factor (k×p = k×d · d×p). Each element is summed in the order of the inner
/// index, so a row has the same bits however rows are cut into calls; a library gemm
/// promises that only for calls of one shape.
void row_product(const ConstView<double>& in, const Matrix& factor, View<double> out);

}  // namespace twofold::data
