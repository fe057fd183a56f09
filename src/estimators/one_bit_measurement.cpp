#include <fmt/format.h>

#include <cmath>

#include "one_bit_law.hpp"
#include "one_bit_pipeline.hpp"
#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::estimators {
namespace {

/// Per vector: squared error for each number of layers, and squared distance from the mean.
struct Squares {
  std::vector<std::vector<double>> errors;
  std::vector<double> energies;
};

// Ratio of means with the standard error of e − R q over the mean of q (delta method).
numerics::MeanAndError ratio(std::span<const double> errors, std::span<const double> energies) {
  const double energy = numerics::mean_and_error(energies).mean;
  const double mean = numerics::mean_and_error(errors).mean / energy;
  std::vector<double> residuals(errors.size());
  for (std::size_t i = 0; i < errors.size(); ++i) residuals[i] = errors[i] - mean * energies[i];
  return {mean, numerics::mean_and_error(residuals).standard_error / energy};
}

// Σ of linear errors over Σ of variances, where z_i has these mean squares.
double linear_error(const OneBitCodecParameters& p, const Vector& squares, double noise) {
  const Scaling scaling = make_scaling(p);
  double lost = 0.0, total = 0.0;
  for (Index i = 0; i < squares.size(); ++i) {
    const Index element = scaling.places[static_cast<std::size_t>(i)];
    const double v = p.energies[element], weight = p.variances[element] / v;
    const double gain = v / (v + noise);
    lost +=
        weight * ((1.0 - gain) * (1.0 - gain) * squares[i] + gain * gain * noise * squares.mean());
    total += weight * squares[i];
  }
  return lost / total;
}

}  // namespace

double drift(const OneBitCodec& codec, const data::Source& source, ThreadPool& pool,
             Observer& observer) {
  const OneBitCodecParameters& p = codec.parameters();
  const DirectionSample sample = sample_directions(p, source, pool, observer);
  Vector squares = Vector::Zero(p.used());
  for (Index row = 0; row < sample.directions.rows(); ++row) {
    const double norm = sample.norms[static_cast<std::size_t>(row)];
    squares.array() += sample.directions.row(row).transpose().cast<double>().array().square() *
                       (norm * norm / static_cast<double>(sample.directions.rows()));
  }
  if (!(squares.sum() > 0.0)) return 0.0;
  const double noise = theory::first_layer_noise(p.used_rate());
  return linear_error(p, squares, noise) / linear_error(p, p.used_energies(), noise) - 1.0;
}

std::vector<numerics::MeanAndError> measure(const OneBitCodec& codec, const data::Source& source,
                                            std::span<const int> layers, std::uint64_t rows,
                                            ThreadPool& pool, Observer& observer) {
  constexpr auto where = "estimators::measure";
  require(rows >= 1, where, "needs at least one row");
  std::vector<OneBitCodec> decoders;
  for (const int count : layers) decoders.push_back(codec.with_layers(count));
  Squares squares{std::vector<std::vector<double>>(layers.size()), {}};
  const SpacedRows chosen(source.size(), rows);
  const Vector& mean = codec.parameters().mean;
  for_each_chunk<double>(
      source, chosen, pool, "measure", observer, [&](std::uint64_t, const ConstView<double>& X) {
        std::vector<std::uint8_t> records(
            static_cast<std::size_t>(X.rows() * codec.record_bytes()));
        codec.encode(pool, X, records);
        for (Index i = 0; i < X.rows(); ++i) {
          squares.energies.push_back((X.row(i).transpose() - mean).squaredNorm());
        }
        MatrixF decoded(X.rows(), X.cols());
        for (std::size_t k = 0; k < decoders.size(); ++k) {
          stop_if_asked(observer);
          decoders[k].decode(pool, records, decoded);
          for (Index i = 0; i < X.rows(); ++i) {
            squares.errors[k].push_back((X.row(i) - decoded.row(i).cast<double>()).squaredNorm());
          }
        }
      });
  if (!(numerics::mean_and_error(squares.energies).mean > 0.0)) {
    throw DataError(where, source.description() +
                               ": all rows are equal to the mean of the training rows; give other "
                               "rows to measure on");
  }
  std::vector<numerics::MeanAndError> list;
  for (const auto& errors : squares.errors) list.push_back(ratio(errors, squares.energies));
  return list;
}

}  // namespace twofold::estimators
