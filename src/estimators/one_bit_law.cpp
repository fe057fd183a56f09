#include "one_bit_law.hpp"

#include <algorithm>
#include <cmath>

#include "one_bit_pipeline.hpp"
#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::estimators {
namespace {

constexpr std::uint64_t kMostRows = 65'536, kSampledRows = 2048;
constexpr std::uint64_t kNumbers = std::uint64_t{1} << 18;  // in all, about
constexpr std::size_t kFewest = 2000;                       // for an empirical prior

/// What is kept of the rows: their norms, and `per_row` elements of each and of its direction.
struct Draws {
  std::vector<double> norms, vectors, directions;
  std::size_t per_row;
};

/// A row on its way: t 2^−exponent, direction and norm.
struct ScaledRow {
  const float* t;
  std::span<const float> direction;
  double scale, norm;
};

// visit(number, row) for the chosen rows, in parallel.
template <typename Visit>
void for_each_direction(const OneBitCodecParameters& p, const data::Source& source,
                        const SpacedRows& chosen, ThreadPool& pool, Observer& observer,
                        Visit&& visit) {
  const OrthonormalTransform transform = make_transform(p);
  const Scaling scaling = make_scaling(p);
  const auto task = [&](std::uint64_t first, const ConstView<double>& X) {
    MatrixF U(X.rows(), X.cols()), T(X.rows(), transform.output());
    std::vector<float> w(static_cast<std::size_t>(scaling.gains.size()));
    std::vector<int> exponents(static_cast<std::size_t>(X.rows()));
    // The first pass has seen that all are finite.
    (void)center_rows<double>(X, p.mean, U, exponents);
    transform.forward(U, T);
    for (Index i = 0; i < X.rows(); ++i) {
      const double scale = std::ldexp(1.0, exponents[static_cast<std::size_t>(i)]);
      const double norm = scale * direction(scaling, T.row(i).data(), w.data());
      visit(first + static_cast<std::uint64_t>(i), ScaledRow{T.row(i).data(), w, scale, norm});
    }
  };
  for_each_chunk<double>(source, chosen, pool, "fit: law", observer,
                         [&](std::uint64_t first, const ConstView<double>& X) {
                           parallel_for(pool, X.rows(), kRowsPerTask, [&](Index begin, Index end) {
                             task(first + static_cast<std::uint64_t>(begin),
                                  X.middleRows(begin, end - begin));
                           });
                         });
}

Draws draw(const OneBitCodecParameters& p, const data::Source& source, std::uint64_t seed,
           ThreadPool& pool, Observer& observer) {
  const Scaling scaling = make_scaling(p);
  const Vector energies = p.used_energies();
  const auto k = static_cast<std::uint64_t>(energies.size());
  const SpacedRows chosen(source.size(), kMostRows);
  const RandomStream stream(seed, "estimators.one_bit_law");
  Draws draws;
  draws.per_row = std::clamp<std::uint64_t>(kNumbers / chosen.count(), 1, k);
  draws.norms.resize(chosen.count());
  draws.vectors.resize(chosen.count() * draws.per_row);
  draws.directions.resize(draws.vectors.size());
  const auto keep = [&](std::uint64_t row, const ScaledRow& scaled) {
    draws.norms[row] = scaled.norm;
    for (std::size_t c = 0; c < draws.per_row; ++c) {
      const std::size_t place = row * draws.per_row + c;
      const std::uint64_t j = stream.below(k, place);
      const Index element = scaling.places[j];
      // From t itself: through w equal values would come out unequal in the last digit.
      draws.vectors[place] =
          scaled.scale * static_cast<double>(scaled.t[element]) / std::sqrt(p.variances[element]);
      draws.directions[place] =
          static_cast<double>(scaled.direction[j]) / std::sqrt(energies[static_cast<Index>(j)]);
    }
  };
  for_each_direction(p, source, chosen, pool, observer, keep);
  return draws;
}

// Each row as often as its share of Σ ρ² says (systematic resampling), elements and all.
std::vector<double> weighted_by_energy(const Draws& draws) {
  double total = 0.0;
  for (const double norm : draws.norms) total += norm * norm;
  const double step = total / static_cast<double>(draws.norms.size());
  std::vector<double> list;
  list.reserve(draws.directions.size());
  double below = 0.0, next = 0.5 * step;
  for (std::size_t row = 0; row < draws.norms.size(); ++row) {
    below += draws.norms[row] * draws.norms[row];
    for (; next < below; next += step) {
      const auto first =
          draws.directions.begin() + static_cast<std::ptrdiff_t>(row * draws.per_row);
      list.insert(list.end(), first, first + static_cast<std::ptrdiff_t>(draws.per_row));
    }
  }
  return list;
}

// p of a sparse family whose slab has fourth moment `slab` at unit variance.
double sparsity_for(double slab, const std::vector<double>& values) {
  double second = 0.0, fourth = 0.0;
  for (const double x : values) {
    second += x * x;
    fourth += x * x * x * x;
  }
  const auto n = static_cast<double>(values.size());
  return std::clamp(slab * (second / n) * (second / n) / (fourth / n), 1e-6, 1.0);
}

}  // namespace

LawSample sample_law(const OneBitCodecParameters& parameters, const data::Source& source,
                     std::uint64_t seed, ThreadPool& pool, Observer& observer) {
  Draws draws = draw(parameters, source, seed, pool, observer);
  LawSample law;
  law.of_directions = weighted_by_energy(draws);
  law.of_vectors = std::move(draws.vectors);
  double sum = 0.0, squares = 0.0;
  for (const double norm : draws.norms) {
    sum += norm;
    squares += norm * norm;
  }
  const auto n = static_cast<double>(draws.norms.size());
  law.mean_norm = sum / n;
  law.norm_variance = std::max(0.0, 1.0 - law.mean_norm * law.mean_norm * n / squares);
  return law;
}

DirectionSample sample_directions(const OneBitCodecParameters& parameters,
                                  const data::Source& source, ThreadPool& pool,
                                  Observer& observer) {
  const SpacedRows chosen(source.size(), kSampledRows);
  DirectionSample sample{MatrixF(static_cast<Index>(chosen.count()), parameters.used()),
                         std::vector<double>(chosen.count())};
  for_each_direction(
      parameters, source, chosen, pool, observer, [&](std::uint64_t row, const ScaledRow& scaled) {
        sample.norms[row] = scaled.norm;
        std::ranges::copy(scaled.direction, sample.directions.row(static_cast<Index>(row)).data());
      });
  return sample;
}

bool is_discrete(std::string_view name, const std::vector<double>& values) {
  if (name == "sparse_rademacher") return true;
  if (name != "auto" && name != "empirical") return false;
  return values.size() >= kFewest && data::ScalarPrior::empirical(values).entropy().has_value();
}

data::ScalarPrior fit_prior(std::string_view name, const std::vector<double>& values) {
  if (name == "gaussian" || (name == "auto" && values.size() < kFewest)) {
    return data::ScalarPrior::gaussian();
  }
  if (name == "sparse_gaussian") {
    return data::ScalarPrior::sparse_gaussian(sparsity_for(3.0, values));
  }
  if (name == "sparse_rademacher") {
    return data::ScalarPrior::sparse_rademacher(sparsity_for(1.0, values));
  }
  if (name == "sparse_laplace") {
    return data::ScalarPrior::sparse_laplace(sparsity_for(6.0, values));
  }
  return data::ScalarPrior::empirical(values);
}

}  // namespace twofold::estimators
