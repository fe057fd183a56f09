// The 1-bit codec: vectors to sign codes and back, with scales and a prior fitted to the data.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "twofold/core/parallel.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/data/source.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::estimators {

/// What stands before the scaling.
enum class TransformKind : std::uint32_t { None, Cosine, Principal };

/// Everything that a fitted codec knows; what its file holds.
///
///   t = T (x − mean),  z_i = √(energy_i/variance_i) t_i over the k coordinates with energy_i > 0,
///   ρ = ‖z‖/√k,  y = sign(B z/ρ) with B = hadamard_encoder(k, n, seed)
///
/// `prior` is the law of z_i/(ρ √energy_i), pooled over coordinates, each vector weighted by ρ².
/// With these weights the error of a decoded vector averages to Σ_i variance_i (relative error of
/// coordinate i), because E ρ² (z_i/ρ)² is the variance of z_i whatever ρ depends on. Where the
/// prior has discrete values and the norm is not stored it is the law of z_i/√energy_i itself.
/// Source  docs/codec.md#how-it-works, docs/theory/one_bit.md#anisotropic.
struct OneBitCodecParameters {
  Index code_length = 0;   ///< n >= 1, bits per vector
  std::uint64_t seed = 1;  ///< of B
  int layers = 3;          ///< of the decoder, in [1, 100]
  TransformKind transform = TransformKind::None;
  data::ImageShape image;  ///< cosine: two-dimensional if not empty; of size d
  MatrixF directions;      ///< principal: the k leading directions, k×d
  Vector mean;             ///< d
  Vector variances;        ///< d, of the elements of t in decreasing order for principal; >= 0
  Vector energies;         ///< d, mean 1 over the non-zero ones, 0 where variances is 0
  data::ScalarPrior prior = data::ScalarPrior::gaussian();
  bool norm_stored = true;
  bool discrete = false;       ///< the prior is the law of z, not of its direction
  double mean_norm = 1.0;      ///< E ρ, what takes the place of a norm that is not stored; > 0
  double norm_variance = 0.0;  ///< Var ρ/E ρ²
  std::uint64_t training_rows = 0;
  double predicted = 0.0;  ///< MSE over variance with `layers`; for `info` only
  double measured = -1.0;  ///< the same on held-out rows; negative if there were none

  [[nodiscard]] Index dimension() const noexcept { return mean.size(); }                  ///< d
  [[nodiscard]] Index used() const noexcept { return (energies.array() > 0.0).count(); }  ///< k
  /// The energies > 0, k of them.
  [[nodiscard]] Vector used_energies() const;
  /// n/k, the rate that B works at.
  [[nodiscard]] double used_rate() const noexcept;
};

/// What decode returns.
enum class Reconstruction {
  PosteriorMean,  ///< least mean square error; shrunk towards the mean of the data
  Unbiased,       ///< noisy, E[x̃ | x] = x on the used coordinates: for inner products
};

/// Encodes and decodes; immutable, thread-safe, copies share their state.
///
/// A record is the code (bit j in byte j>>3, position j&7, unused bits 0), then the norm as
/// little-endian IEEE half if it is stored. A record and a decoded vector are functions of the
/// vector alone: same bits for any batch and any pool.
class OneBitCodec {
 public:
  /// @throws InvalidArgument  if the parameters contradict each other or a domain above.
  explicit OneBitCodec(OneBitCodecParameters parameters);

  [[nodiscard]] const OneBitCodecParameters& parameters() const noexcept;
  [[nodiscard]] Index dimension() const noexcept { return parameters().dimension(); }
  [[nodiscard]] Index record_bytes() const noexcept;  ///< bytes per vector

  /// The same codec with another number of decoder layers.
  [[nodiscard]] OneBitCodec with_layers(int layers) const;

  /// Records of the rows of X, record_bytes() each.
  ///
  /// A vector whose z is 0 gets norm 0 and decodes to the mean. A norm beyond 65504 typical norms,
  /// the largest half, is stored as 65504.
  /// @returns how many norms were cut so.
  /// @throws DataError        naming the first row with a NaN or an infinity.
  /// @throws InvalidArgument  if shapes disagree.
  std::uint64_t encode(ThreadPool& pool, const ConstView<float>& X,
                       std::span<std::uint8_t> records) const;
  std::uint64_t encode(ThreadPool& pool, const ConstView<double>& X,
                       std::span<std::uint8_t> records) const;

  /// Vectors of records, one per row of X; numbers beyond the range of float become its ends.
  /// @throws InvalidArgument  if shapes disagree.
  /// @throws DataError        naming the first record whose norm is negative or not finite, or
  ///                          whose unused bits are not 0.
  void decode(ThreadPool& pool, std::span<const std::uint8_t> records, View<float> X,
              Reconstruction output = Reconstruction::PosteriorMean) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace twofold::estimators
