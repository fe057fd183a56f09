// The activation on many codes at once.
#pragma once

#include <span>

#include "twofold/model/activation.hpp"

namespace twofold::ops {

/// codes <- σ(codes) and, unless `slopes` is empty, slopes <- σ'(codes), in place.
/// @pre the activation is elementwise; slopes is empty or as long as codes.
template <std::floating_point Scalar>
void activate(const model::Activation& activation, std::span<Scalar> codes,
              std::span<Scalar> slopes) noexcept;

}  // namespace twofold::ops
