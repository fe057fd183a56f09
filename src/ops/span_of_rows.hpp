#pragma once

#include <algorithm>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Samples or neurons [begin, begin + size).
struct Span {
  Index begin, size;
};

}  // namespace twofold::ops
