// erfcx(x) = e^{x²} erfc(x), which stays finite where erfc underflows.
#pragma once

namespace twofold::model {

/// erfcx(x) and its distance from the leading term 1/(x√π) of large x, for x >= 0.
struct ScaledErfc {
  double value;          ///< in (0, 1]
  double minus_leading;  ///< erfcx(x) - 1/(x√π), without cancellation; -∞ at x = 0
};

/// Relative accuracy 1e-15 (value) and 1e-14 (minus_leading).
/// Source: continued fraction DLMF 7.9.1.
[[nodiscard]] ScaledErfc scaled_erfc(double x) noexcept;

}  // namespace twofold::model
