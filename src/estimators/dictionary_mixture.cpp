#include "dictionary_mixture.hpp"

#include <algorithm>
#include <cmath>

#include "twofold/linalg/gemm.hpp"
#include "twofold/train/dictionary_start.hpp"

namespace twofold::estimators {
namespace {

constexpr Index kCandidates = 5;  // of greedy k-means++
constexpr double kDraws = 4e8;    // rows · m² that the start may cost
constexpr double kAlone = 0.98;   // share of rows with one unit
constexpr Index kStreamBatch = 1000;
constexpr std::int64_t kIterations = 60, kMostIterations = 300;

MatrixF first_rows(const MatrixF& pilot, Index atoms) {
  const double affordable = kDraws / std::pow(static_cast<double>(atoms), 2);
  const Index wanted = std::max<Index>(10 * atoms, static_cast<Index>(affordable));
  const Index step = std::max<Index>(1, pilot.rows() / std::min(wanted, pilot.rows()));
  MatrixF rows((pilot.rows() + step - 1) / step, pilot.cols());
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = pilot.row(i * step);
  return rows;
}

}  // namespace

MixtureStart start_mixture(const MatrixF& pilot, Index atoms, std::uint64_t seed,
                           ThreadPool& pool) {
  const Matrix rows = first_rows(pilot, atoms).cast<double>();
  MixtureStart start;
  start.atoms = train::kmeans_start(rows, atoms, kCandidates, seed, pool).cast<float>();
  MatrixF z(pilot.rows(), atoms);
  multiply(pool, Trans::No, Trans::Yes, 1.0f, pilot, start.atoms, 0.0f, z);
  start.shares = Vector::Zero(atoms);
  std::vector<float> winners;
  for (Index s = 0; s < z.rows(); ++s) {
    Index j = 0;
    winners.push_back(z.row(s).maxCoeff(&j));
    start.shares[j] += 1.0 / static_cast<double>(z.rows());
  }
  auto middle = winners.begin() + static_cast<std::ptrdiff_t>(winners.size() / 2);
  std::ranges::nth_element(winners, middle);
  start.norm = *middle;
  const auto half = static_cast<float>(0.5 * start.norm);
  const Index alone = ((z.array() > half).cast<int>().rowwise().sum() == 1).count();
  start.alone = static_cast<double>(alone) / static_cast<double>(z.rows());
  return start;
}

bool separated(const MixtureStart& start) noexcept {
  return start.alone >= kAlone && start.norm > 0.0;
}

train::DictionaryResult<float> descend_mixture(const NormalisedRows& rows,
                                               const MixtureStart& start, std::int64_t iterations,
                                               std::uint64_t seed, ThreadPool& pool,
                                               DeadlineObserver& observer) {
  train::DictionaryDescentOptions options;
  if (separated(start)) {
    options.gate = {.activation = model::Relu{}, .bias = -0.5 * start.norm};
    options.gradient = ops::TiedGradient::Approximate;
  } else {
    options.gate = largest(1, true);
    options.gradient = ops::TiedGradient::DecoderOnly;
  }
  // In units where centres have norm 1, ζ = 1/max p. Small clusters need the more steps.
  const double largest_share = start.shares.maxCoeff();
  options.step_unit = 1.0 / (largest_share * start.norm * start.norm);
  const double uneven = largest_share * static_cast<double>(start.shares.size());
  options.iterations = iterations > 0
                           ? iterations
                           : std::clamp(static_cast<std::int64_t>(uneven * double{kIterations}),
                                        kIterations, kMostIterations);
  options.stage = "train mixture";
  train::DictionaryResult<float> result;
  if (rows.in_memory() != nullptr) {
    options.backtrack = true;
    result = train::dictionary_descent<float>(*rows.in_memory(), start.atoms, options, {}, pool,
                                              observer);
  } else {
    options.last_step = 0.05;
    const data::BatchSampler sampler(rows.source(), {.batch = kStreamBatch, .order = "shuffle"},
                                     seed);
    result = train::dictionary_descent<float>(sampler, start.atoms, options, {}, pool, observer);
  }
  observer.stop_if_interrupted();
  return result;
}

}  // namespace twofold::estimators
