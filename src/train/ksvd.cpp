#include "twofold/train/ksvd.hpp"

#include <fmt/format.h>

#include <cmath>

#include "baseline_checks.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::train {
namespace {

constexpr Index kBlock = 128;  // samples of one parallel task

struct Use {
  Index sample;
  std::size_t entry;  // of the codes
};

// The samples that use each atom, in increasing order.
std::vector<std::vector<Use>> uses_of(const ops::SparseCodes<double>& codes) {
  std::vector<std::vector<Use>> uses(static_cast<std::size_t>(codes.atoms));
  for (Index s = 0; s < codes.rows(); ++s) {
    const auto row = static_cast<std::size_t>(s);
    for (std::int64_t e = codes.offset[row]; e < codes.offset[row + 1]; ++e) {
      const auto entry = static_cast<std::size_t>(e);
      uses[static_cast<std::size_t>(codes.index[entry])].push_back({s, entry});
    }
  }
  return uses;
}

// R = X − C W.
void residual(const ConstView<double>& X, const Matrix& W, const ops::SparseCodes<double>& codes,
              Matrix& R, ThreadPool& pool) {
  ops::decode<double>(codes, W, R, pool);
  parallel_for(pool, X.rows(), kBlock, [&](Index begin, Index end) {
    R.middleRows(begin, end - begin) =
        X.middleRows(begin, end - begin) - R.middleRows(begin, end - begin);
  });
}

double loss_of(const Matrix& R, ThreadPool& pool) {
  const double sum = parallel_sum<double>(pool, R.rows(), kBlock, [&](Index begin, Index end) {
    return R.middleRows(begin, end - begin).squaredNorm();
  });
  return sum / (2.0 * static_cast<double>(R.rows()));
}

// The row of E of a sample is its row of R plus c w.
void update_atom(const std::vector<Use>& uses, Eigen::Ref<Eigen::RowVectorXd> atom,
                 std::vector<double>& value, Matrix& R, ThreadPool& pool) {
  const auto count = static_cast<Index>(uses.size());
  const Vector direction =
      parallel_sum<Vector>(pool, count, kBlock, [&](Index begin, Index end) -> Vector {
        Vector sum = Vector::Zero(atom.size());
        for (Index i = begin; i < end; ++i) {
          const Use use = uses[static_cast<std::size_t>(i)];
          const double c = value[use.entry];
          sum += c * (R.row(use.sample) + c * atom).transpose();
        }
        return sum;
      });
  const double norm = direction.norm();
  if (norm == 0.0) return;
  const Eigen::RowVectorXd updated = direction.transpose() / norm;
  parallel_for(pool, count, kBlock, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Use use = uses[static_cast<std::size_t>(i)];
      auto row = R.row(use.sample);
      row += value[use.entry] * atom;
      value[use.entry] = row.dot(updated);
      row -= value[use.entry] * updated;
    }
  });
  atom = updated;
}

// Returns how many atoms became samples; fewer than there are unused if all is explained.
std::int64_t replace_unused(const std::vector<std::vector<Use>>& uses, const ConstView<double>& X,
                            const Matrix& R, Matrix& W) {
  std::int64_t replaced = 0;
  Vector unexplained;
  for (Index j = 0; j < W.rows(); ++j) {
    if (!uses[static_cast<std::size_t>(j)].empty()) continue;
    if (unexplained.size() == 0) unexplained = R.rowwise().squaredNorm();
    Index worst = 0;
    if (unexplained.maxCoeff(&worst) <= 0.0) break;
    W.row(j) = X.row(worst).normalized();
    unexplained[worst] = 0.0;
    ++replaced;
  }
  return replaced;
}

}  // namespace

KsvdResult ksvd(const ConstView<double>& X, Matrix start, const KsvdOptions& options,
                ThreadPool& pool, Observer& observer) {
  constexpr std::string_view where = "train::ksvd";
  check_baseline(X, start, options.iterations, where);
  require(options.sparsity >= 1 && options.sparsity <= start.rows(), where,
          fmt::format("sparsity k must be in [1, m], got k = {} with m = {} atoms",
                      options.sparsity, start.rows()));
  require((start.rowwise().squaredNorm().array() > 0.0).all(), where,
          "the start has a row of zeros; an atom needs a direction");
  KsvdResult result;
  result.atoms = std::move(start);
  Matrix& W = result.atoms;
  W.rowwise().normalize();
  Matrix R(X.rows(), X.cols());
  for (std::int64_t t = 0; t < options.iterations; ++t) {
    result.stop = observer.stop_requested();
    if (result.stop != StopRequest::None) break;
    ops::orthogonal_matching_pursuit<double>(X, W, {options.sparsity}, result.codes, pool);
    residual(X, W, result.codes, R, pool);
    result.coding_loss.push_back(loss_of(R, pool));
    const auto uses = uses_of(result.codes);
    for (Index j = 0; j < W.rows(); ++j) {
      update_atom(uses[static_cast<std::size_t>(j)], W.row(j), result.codes.value, R, pool);
    }
    result.loss.push_back(loss_of(R, pool));
    result.replaced += replace_unused(uses, X, R, W);
    observer.progress({"k-svd", t + 1, options.iterations, result.loss.back()});
  }
  return result;
}

}  // namespace twofold::train
