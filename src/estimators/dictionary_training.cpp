#include "dictionary_training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "rows.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/train/dictionary_start.hpp"

namespace twofold::estimators {
namespace {

constexpr double kSame = 0.95;
constexpr int kHalvings = 3;       // of the step
constexpr double kCounted = 30.0;  // rows of a unit before it is judged idle or busy

double squared_norm(const MatrixF& rows, ThreadPool& pool) {
  return parallel_sum<double>(pool, rows.rows(), 256, [&](Index begin, Index end) {
    return rows.middleRows(begin, end - begin).cast<double>().squaredNorm();
  });
}

}  // namespace

DeadlineObserver::DeadlineObserver(Observer& inner, double seconds)
    : inner_(inner), limited_(seconds > 0.0) {
  using Clock = std::chrono::steady_clock;
  // Beyond a year it is no limit, and would overflow the clock.
  const double within = std::min(seconds, 3.2e7);
  deadline_ = Clock::now() +
              std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(within));
}

bool DeadlineObserver::out_of_time() const {
  return limited_ && std::chrono::steady_clock::now() >= deadline_;
}

StopRequest DeadlineObserver::stop_requested() const {
  const StopRequest asked = inner_.stop_requested();
  return asked == StopRequest::None && out_of_time() ? StopRequest::Terminate : asked;
}

void DeadlineObserver::stop_if_interrupted() const {
  stop_if_asked(inner_);
}

ops::Gate largest(Index k, bool positive) {
  return {.activation = model::TopK::with(static_cast<double>(k)), .positive = positive};
}

train::DictionaryResult<float> descend(const data::Source& rows, MatrixF start,
                                       const SparseRun& run, ThreadPool& pool,
                                       DeadlineObserver& observer) {
  train::DictionaryDescentOptions options;
  options.gate = largest(run.sparsity, run.positive);
  options.gradient = ops::TiedGradient::DecoderOnly;
  options.step = run.step;
  options.last_step = run.last_step;
  // m/(k κ₂), and k κ₂ = E‖x‖² = 1 but for the noise, which makes the step smaller.
  options.step_unit = static_cast<double>(run.atoms);
  options.iterations = run.iterations;
  options.stage = run.stage;
  if (run.sparsity == 1 && run.reseed) {
    // Random rows with one atom each repeat atoms and miss others; a gap does not fill by itself.
    options.expected_rate = 1.0 / static_cast<double>(run.atoms);
    options.reseed_every =
        static_cast<std::int64_t>(std::ceil(kCounted / (double{kBatch} * options.expected_rate)));
  }
  const data::BatchSampler sampler(rows, {.batch = kBatch, .order = "shuffle"}, run.seed);
  auto result =
      train::dictionary_descent<float>(sampler, std::move(start), options, {}, pool, observer);
  observer.stop_if_interrupted();
  return result;
}

Descent descend_from_rows(const data::Source& rows, const MatrixF& pilot, SparseRun run,
                          ThreadPool& pool, DeadlineObserver& observer) {
  const MatrixF start = start_from_rows(pilot, run.atoms, run.seed);
  const ops::Gate gate = largest(run.sparsity, run.positive);
  Descent made;
  for (int halvings = 0; halvings <= kHalvings; ++halvings) {
    auto result = descend(rows, start, run, pool, observer);
    made.iterations += result.iterations;
    made.step = run.step;
    made.explained =
        result.atoms.allFinite() ? explained(pilot, result.atoms, gate, pool) : -HUGE_VAL;
    made.atoms = std::move(result.atoms);
    if (!made.collapsed() || observer.out_of_time()) break;
    run.step *= 0.5;
    run.last_step *= 0.5;
  }
  return made;
}

MatrixF start_from_rows(const MatrixF& pilot, Index atoms, std::uint64_t seed) {
  return train::sample_start(pilot.cast<double>(), atoms, seed).cast<float>();
}

double explained(const MatrixF& rows, const MatrixF& atoms, const ops::Gate& gate,
                 ThreadPool& pool) {
  ops::SparseCodes<float> codes;
  ops::encode<float>(rows, atoms, gate, codes, pool);
  MatrixF residual(rows.rows(), rows.cols());
  ops::decode<float>(codes, atoms, residual, pool);
  residual = rows - residual;
  const Eigen::RowVectorXf mean = rows.cast<double>().colwise().mean().cast<float>();
  const MatrixF centred = rows.rowwise() - mean;
  return 1.0 - squared_norm(residual, pool) / squared_norm(centred, pool);
}

MergedAtoms merge_atoms(const MatrixF& first, const MatrixF& second, const MatrixF& rows,
                        const ops::Gate& gate, ThreadPool& pool) {
  const Index m = first.rows();
  const AtomMatch match = match_atoms(second.cast<double>(), first.cast<double>(), !gate.positive);
  MergedAtoms merged{.atoms = first};
  std::vector<Index> disputed;  // rows of the union: first, then second
  MatrixF both = first;
  for (Index j = 0; j < m; ++j) {
    if (match.cosine[static_cast<std::size_t>(j)] > kSame) {
      ++merged.agreed;
    } else {
      disputed.push_back(j);
    }
  }
  if (disputed.empty()) return merged;
  const auto own = static_cast<Index>(disputed.size());
  both.conservativeResize(m + own, Eigen::NoChange);
  for (Index i = 0; i < own; ++i) {
    const Index j = disputed[static_cast<std::size_t>(i)];
    both.row(m + i) = second.row(match.partner[static_cast<std::size_t>(j)]);
    disputed.push_back(m + i);
  }
  ops::SparseCodes<float> codes;
  ops::encode<float>(rows, both, gate, codes, pool);
  std::vector<double> share(static_cast<std::size_t>(both.rows()));
  for (std::size_t e = 0; e < codes.value.size(); ++e) {
    const double c = codes.value[e];
    share[static_cast<std::size_t>(codes.index[e])] += c * c;
  }
  const std::vector<Index> places(disputed.begin(), disputed.begin() + own);
  std::ranges::stable_sort(disputed, [&](Index a, Index b) {
    return share[static_cast<std::size_t>(a)] > share[static_cast<std::size_t>(b)];
  });
  for (Index i = 0; i < own; ++i) {
    const Index taken = disputed[static_cast<std::size_t>(i)];
    merged.atoms.row(places[static_cast<std::size_t>(i)]) = both.row(taken);
    if (taken >= m) ++merged.exchanged;
  }
  return merged;
}

}  // namespace twofold::estimators
