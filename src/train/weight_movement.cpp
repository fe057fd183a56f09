#include "twofold/train/weight_movement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::train {
namespace {

constexpr Index kNeurons = 128, kSamples = 1024;

// Of one block of neurons; added up with the tree of parallel_sum.
struct Partial {
  double encoder = 0, decoder = 0, largest = 0, flips = 0;

  Partial& operator+=(const Partial& other) {
    encoder += other.encoder;
    decoder += other.decoder;
    largest = std::max(largest, other.largest);
    flips += other.flips;
    return *this;
  }
};

template <typename Scalar>
double count_flips(const ConstView<Scalar>& X, const ConstView<Scalar>& B0,
                   const ConstView<Scalar>& B1) {
  double flips = 0;
  MatrixOf<Scalar> Z0, Z1;
  for (Index begin = 0; begin < X.rows(); begin += kSamples) {
    const Index size = std::min(kSamples, X.rows() - begin);
    Z0.resize(B0.rows(), size);
    Z1.resize(B0.rows(), size);
    gemm<Scalar>(Trans::No, Trans::Yes, 1, B0, X.middleRows(begin, size), 0, Z0);
    gemm<Scalar>(Trans::No, Trans::Yes, 1, B1, X.middleRows(begin, size), 0, Z1);
    flips += static_cast<double>(((Z0.array() >= 0) != (Z1.array() >= 0)).count());
  }
  return flips;
}

}  // namespace

template <std::floating_point Scalar>
WeightMovement weight_movement(std::type_identity_t<ConstView<Scalar>> X,
                               const model::Weights<Scalar>& start,
                               const model::Weights<Scalar>& end, ThreadPool& pool) {
  constexpr std::string_view where = "train::weight_movement";
  check_shapes(start, where);
  check_same_shapes(start, end, where);
  require(X.rows() >= 1 && X.cols() == start.dimension(), where,
          fmt::format("samples are {}x{}, the weights expect dimension {}", X.rows(), X.cols(),
                      start.dimension()));
  const auto total =
      parallel_sum<Partial>(pool, start.neurons(), kNeurons, [&](Index first, Index last) {
        Partial p;
        for (Index r = first; r < last; ++r) {
          const auto difference = [r](const MatrixOf<Scalar>& from, const MatrixOf<Scalar>& to) {
            return (to.row(r).template cast<double>() - from.row(r).template cast<double>())
                .squaredNorm();
          };
          const double square = difference(start.encoder, end.encoder);
          p.encoder += square;
          p.largest = std::max(p.largest, square);
          if (!start.tied()) p.decoder += difference(start.decoder, end.decoder);
        }
        p.flips = count_flips<Scalar>(X, start.encoder.middleRows(first, last - first),
                                      end.encoder.middleRows(first, last - first));
        return p;
      });
  const double pairs = static_cast<double>(X.rows()) * static_cast<double>(start.neurons());
  return {std::sqrt(total.encoder), std::sqrt(total.decoder), std::sqrt(total.largest),
          total.flips / pairs};
}

template WeightMovement weight_movement<float>(ConstView<float>, const model::Weights<float>&,
                                               const model::Weights<float>&, ThreadPool&);
template WeightMovement weight_movement<double>(ConstView<double>, const model::Weights<double>&,
                                                const model::Weights<double>&, ThreadPool&);

}  // namespace twofold::train
