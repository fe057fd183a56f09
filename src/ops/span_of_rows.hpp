#pragma once

#include "twofold/core/parallel.hpp"

namespace twofold::ops {

/// Samples or neurons [begin, begin + size).
struct Span {
  Index begin, size;
};

}  // namespace twofold::ops
