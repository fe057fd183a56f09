// One step of full-batch gradient descent on encoder and decoder, in one pass over the weights.
#pragma once

#include <memory>
#include <string_view>
#include <type_traits>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops {

/// Which of the two factors a step moves. Tied weights are one factor in both roles: Both.
enum class TrainedFactors { Encoder, Decoder, Both };

/// Step sizes of the two factors; that of a factor which is not trained is not read. Tied weights
/// move by `encoder`, in both roles.
template <std::floating_point Scalar>
struct FactorSteps {
  Scalar encoder, decoder;
};

/// Full-batch gradient descent of the ReLU autoencoder x̂ = scale Σ_r a_r max(⟨b_r, x⟩, 0) on
///
///   L = ½ ‖X - X̂‖²_F = ½ Σ_s ‖x_s - x̂_s‖²,
///
/// a sum over the n samples and coordinates, in units of the data squared: n times the loss of
/// ops::loss_gradient, whose gradient (times n) this one is. With E = X - X̂, H = max(BXᵀ, 0):
///
///   B <- B + η_B scale [(A Eᵀ)∘1(H > 0)] X,   Aᵀ <- Aᵀ + η_A scale H E,
///
/// both from the same E, H and A. Tied weights move by the sum of the two.
///
/// In float, pre-activations that are zero within the error of the products are computed again in
/// double, so that no neuron fires, or fails to, for such an error. Relative error of a gradient on
/// random data: some 1e-7 in float, 1e-5 in products of bfloat16 (linalg/split_product.hpp).
///
/// The gradient at the last weights and the forward pass at the next are one pass over blocks of
/// neurons, so that each weight is read and written once a step.
template <std::floating_point Scalar>
class JointStep {
 public:
  /// @param X        n×d, one sample per row; copied.
  /// @param neurons  N, rows of the weights of every later call.
  /// @param products  SplitBf16 for float only.
  /// @throws InvalidArgument  if a size is 0, or if double is to be split. The contents are not
  ///   inspected; a value that is not finite shows in the loss.
  /// Memory: nN + 5nd scalars (6nd if split), 16 sums of chunk·d with chunk <= 1024 samples, and 16
  /// times what a block of neurons needs.
  JointStep(std::type_identity_t<ConstView<Scalar>> X, Index neurons, TrainedFactors trained,
            FloatProducts products = FloatProducts::Float);
  ~JointStep();
  JointStep(JointStep&&) noexcept;
  JointStep& operator=(JointStep&&) noexcept;

  /// Forward pass; must come before advance.
  /// @return L at these weights.
  /// @throws InvalidArgument  if the shapes are not those of the constructor, there is a bias, or
  ///   tied weights are to be trained in one role only.
  double start(const model::Weights<Scalar>& weights, ThreadPool& pool);

  /// One update, and the forward pass at the new weights.
  /// @param weights  those of the last start or advance; overwritten by the next ones.
  /// @return L at the new weights; the squares are added up in double.
  /// @throws InvalidArgument  as start.
  /// Cost 10nNd flops (encoder alone 8nNd, decoder alone 4nNd); for float on AVX-512, where a pair
  /// of neuron and sample that does not fire costs only its pre-activation, 6nNd (5nNd, 2nNd) if
  /// half of them do; split products do all of them. Allocates nothing. Bitwise the same for any
  /// number of threads, and after a start at the same weights.
  double advance(model::Weights<Scalar>& weights, FactorSteps<Scalar> steps, ThreadPool& pool);

  /// E = X - X̂ at the last weights, n×d.
  [[nodiscard]] const MatrixOf<Scalar>& residual() const noexcept;
  /// What computes the products here, such as "float (BLAS)", "float, pairs that fire (AVX-512)" or
  /// "split_bf16 (amx_bf16)".
  [[nodiscard]] std::string_view arithmetic() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twofold::ops
