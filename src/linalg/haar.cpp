#include "twofold/linalg/haar.hpp"

#include <fmt/core.h>

#include <span>

#include "twofold/core/error.hpp"
#include "twofold/linalg/qr.hpp"

namespace twofold {

Matrix haar_orthogonal(Index d, const RandomStream& stream, std::uint64_t index) {
  require(d >= 0, "linalg::haar_orthogonal", fmt::format("dimension must be >= 0, got {}", d));
  Matrix gaussian(d, d);
  stream.fill_normal(index,
                     std::span<double>(gaussian.data(), static_cast<std::size_t>(gaussian.size())));
  return thin_q(gaussian);
}

}  // namespace twofold
