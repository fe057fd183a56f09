// What a descent does to the rows of a block, around the products that are added to them.
#pragma once

#include "span_of_rows.hpp"
#include "twofold/ops/descent_step.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
class BlockDescent {
 public:
  BlockDescent(const Descent<Scalar>& descent, MatrixOf<Scalar>& W, MatrixOf<Scalar>& V)
      : descent_(descent), W_(W), V_(V) {}

  /// The rows that -step ∂L/∂W is added to, between before and after.
  [[nodiscard]] MatrixOf<Scalar>& target() const noexcept { return has_velocity() ? V_ : W_; }
  /// W after `before` is so many times what it was.
  [[nodiscard]] Scalar kept() const noexcept { return has_velocity() ? 1 : 1 - descent_.decay; }

  void before(Span block) const {
    auto W = W_.middleRows(block.begin, block.size);
    if (has_velocity()) {
      auto V = V_.middleRows(block.begin, block.size);
      V = descent_.momentum * V - descent_.decay * W;
    } else if (descent_.decay != 0) {
      W *= kept();
    }
  }
  void after(Span block) const {
    if (!has_velocity()) return;
    W_.middleRows(block.begin, block.size) += V_.middleRows(block.begin, block.size);
  }

 private:
  [[nodiscard]] bool has_velocity() const noexcept { return descent_.momentum != 0; }

  Descent<Scalar> descent_;
  MatrixOf<Scalar>&W_, &V_;
};

}  // namespace twofold::ops
