#include "twofold/estimators/topk_references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/linalg/qr.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::estimators {
namespace {

constexpr std::uint64_t kRows = 2000;
constexpr Index kLargestGram = 8192;         // units
constexpr Index kBeyond = 16, kRounds = 20;  // of the subspace iteration

MatrixF read_rows(const data::Source& rows, const Vector& mean, ThreadPool& pool,
                  Observer& observer) {
  const SpacedRows chosen(rows.size(), kRows);
  MatrixF X(static_cast<Index>(chosen.count()), rows.dimension());
  for_each_chunk<double>(rows, chosen, pool, "compare", observer,
                         [&](std::uint64_t first, const ConstView<double>& chunk) {
                           X.middleRows(static_cast<Index>(first), chunk.rows()) =
                               (chunk.rowwise() - mean.transpose()).cast<float>();
                         });
  return X;
}

double explained(const MatrixF& X, const MatrixF& Xhat) {
  return explained_variance(Matrix(X.cast<double>()), Matrix(Xhat.cast<double>()));
}

}  // namespace

Matrix principal_components(const MatrixF& rows, Index count, ThreadPool& pool) {
  constexpr auto where = "estimators::principal_components";
  require(rows.size() > 0 && count >= 1, where,
          fmt::format("{} directions of {} x {} rows", count, rows.rows(), rows.cols()));
  const Index d = rows.cols(), kept = std::min(count, d), width = std::min(kept + kBeyond, d);
  const Matrix moment = second_moment(pool, ConstView<float>(rows));
  const RandomStream stream(1, "principal_components");
  Matrix basis(d, width), image(d, width);
  for (Index i = 0; i < d; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span(basis.row(i).data(), static_cast<std::size_t>(width)));
  }
  basis = thin_q(basis);
  for (Index round = 0; round < (width < d ? kRounds : 1); ++round) {
    multiply(pool, Trans::No, Trans::No, 1.0, moment, basis, 0.0, image);
    basis = thin_q(image);
  }
  // Rayleigh-Ritz: the best directions inside the subspace.
  multiply(pool, Trans::No, Trans::No, 1.0, moment, basis, 0.0, image);
  Matrix inside = basis.transpose() * image;
  inside = 0.5 * (inside + inside.transpose()).eval();
  const SymmetricEigen eigen = symmetric_eigen(inside);
  require(eigen.status == SolveStatus::Converged, where,
          "the directions were not found; are the rows finite and of reasonable size?");
  return (basis * eigen.vectors.leftCols(kept)).transpose();
}

TopKReferences topk_references(const LearnedDictionary& dictionary, const data::Source& rows,
                               const Matrix& components, const Vector& mean, ThreadPool& pool,
                               Observer& observer) {
  constexpr auto where = "estimators::topk_references";
  const auto* top = std::get_if<model::TopK>(&dictionary.gate.activation);
  require(dictionary.kind == DictionaryKind::TopK && top != nullptr, where,
          "the dictionary is not of model topk");
  require(rows.dimension() == dictionary.dimension() && components.cols() == rows.dimension() &&
              mean.size() == rows.dimension(),
          where,
          fmt::format("rows of dimension {}, atoms of {}, components of {}, a mean of {}",
                      rows.dimension(), dictionary.dimension(), components.cols(), mean.size()));
  // Rows less the decoder's bias: what the atoms have to add up to.
  const MatrixF X = read_rows(rows, dictionary.mean, pool, observer);
  const MatrixF atoms = dictionary.atoms.cast<float>();
  TopKReferences found{.rows = static_cast<std::uint64_t>(X.rows())};
  MatrixF Xhat(X.rows(), X.cols());

  LearnedDictionary centred = dictionary;
  centred.mean.setZero();
  ops::SparseCodes<double> own;
  DictionaryCoder(centred).encode(Matrix(X.cast<double>()), own, pool);
  ops::SparseCodes<float> codes{.offset = own.offset, .index = own.index, .atoms = own.atoms};
  codes.value.assign(own.value.begin(), own.value.end());
  ops::decode<float>(codes, atoms, Xhat, pool);
  found.encoder = explained(X, Xhat);
  ops::least_squares_codes<float>(X, atoms, codes, pool);
  ops::decode<float>(codes, atoms, Xhat, pool);
  found.least_squares = explained(X, Xhat);

  stop_if_asked(observer);
  found.pursuit = std::nan("");
  if (dictionary.size() <= kLargestGram) {
    const Index k = std::min<Index>(top->k, dictionary.size());
    ops::orthogonal_matching_pursuit<float>(X, atoms, {.sparsity = k}, codes, pool);
    ops::decode<float>(codes, atoms, Xhat, pool);
    found.pursuit = explained(X, Xhat);
  }
  stop_if_asked(observer);
  const Matrix shifted = X.cast<double>().rowwise() + (dictionary.mean - mean).transpose().eval();
  found.principal =
      explained_variance(shifted, Matrix(shifted * components.transpose() * components));
  return found;
}

}  // namespace twofold::estimators
