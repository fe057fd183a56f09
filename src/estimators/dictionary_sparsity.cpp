#include "dictionary_sparsity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/data/array_source.hpp"

namespace twofold::estimators {
namespace {

constexpr double kFall = 0.002;  // of explained variance, that is no chance
constexpr std::int64_t kIterations = 300;

// Every fifth row, or the others: the pilot keeps the order of the data.
MatrixF fifth(const MatrixF& rows, bool held) {
  const Index fifths = rows.rows() / 5;
  MatrixF part(held ? fifths : rows.rows() - fifths, rows.cols());
  for (Index i = 0, to = 0; i < rows.rows(); ++i) {
    if ((i % 5 == 4) == held) part.row(to++) = rows.row(i);
  }
  return part;
}

class Trials {
 public:
  Trials(const MatrixF& pilot, Index atoms, bool positive, std::uint64_t seed, ThreadPool& pool,
         DeadlineObserver& observer)
      : test_(fifth(pilot, true)),
        train_(fifth(pilot, false)),
        run_{.atoms = atoms, .positive = positive, .iterations = kIterations, .seed = seed},
        pool_(pool),
        observer_(observer) {}

  // Explained variance with this k; trials are made once.
  double at(Index k) {
    for (const SparsityTrial& t : made_) {
      if (t.sparsity == k) return t.explained;
    }
    run_.sparsity = k;
    run_.stage = fmt::format("try sparsity {}", k);
    const Descent made = descend_from_rows(train_, train_.rows(), run_, pool_, observer_);
    const double value =
        made.collapsed() ? 0.0 : explained(test_, made.atoms, largest(k, run_.positive), pool_);
    made_.push_back({k, value});
    return value;
  }

  [[nodiscard]] std::vector<SparsityTrial> sorted() const {
    auto trials = made_;
    std::ranges::sort(trials, {}, &SparsityTrial::sparsity);
    return trials;
  }
  [[nodiscard]] bool out_of_time() const { return observer_.out_of_time(); }

 private:
  MatrixF test_;
  data::ArraySource<float> train_;
  SparseRun run_;
  ThreadPool& pool_;
  DeadlineObserver& observer_;
  std::vector<SparsityTrial> made_;
};

// 1 ... 6, then each about a quarter more than the last.
Index next(Index k) {
  return k < 6 ? k + 1 : k + std::max<Index>(2, k / 4 / 2 * 2);
}

// Where the curve is farthest above the line between its ends.
Index bend(const std::vector<SparsityTrial>& trials) {
  const SparsityTrial &first = trials.front(), &last = trials.back();
  const double slope = (last.explained - first.explained) /
                       std::max(1.0, static_cast<double>(last.sparsity - first.sparsity));
  return std::ranges::max_element(trials, {},
                                  [&](const SparsityTrial& t) {
                                    return t.explained -
                                           slope * static_cast<double>(t.sparsity - first.sparsity);
                                  })
      ->sparsity;
}

}  // namespace

SparsityChoice choose_sparsity(const MatrixF& pilot, Index atoms, bool positive, std::uint64_t seed,
                               ThreadPool& pool, DeadlineObserver& observer) {
  Trials trials(pilot, atoms, positive, seed, pool, observer);
  const Index smaller = std::min(atoms, pilot.cols());
  const Index most = std::max(std::min<Index>(4, smaller), smaller / 4);
  Index best = 1;
  int below = 0;  // trials since the best one that fell short of it
  for (Index k = 1; k <= most && below < 2 && !trials.out_of_time(); k = next(k)) {
    const double value = trials.at(k);
    if (value > trials.at(best)) best = k;
    below = trials.at(best) - value > kFall ? below + 1 : 0;
  }
  SparsityChoice choice{.sparsity = best, .trials = trials.sorted(), .peak = below > 0};
  if (!choice.peak) {
    choice.sparsity = bend(choice.trials);
    return choice;
  }
  for (Index step = (next(best) - best) / 2; step >= 1; step /= 2) {
    for (const Index k : {best - step, best + step}) {
      if (k >= 1 && k <= most && !trials.out_of_time() && trials.at(k) > trials.at(best)) best = k;
    }
  }
  choice.sparsity = best;
  choice.trials = trials.sorted();
  return choice;
}

}  // namespace twofold::estimators
