#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiment/judging.hpp"
#include "experiment/tangent_kernel_figures.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/estimators/atom_sheet.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kShown = 8;    // queries; as many tiles a row, so that the sheet is square
constexpr Index kBlended = 5;  // training samples of largest weight
constexpr const char* kAllTitle =
    "Each row: unseen, predicted, trained, and the five training images of largest weight";
constexpr const char* kPairTitle = "Pairs: unseen and trained; nothing is predicted";

std::vector<Index> heaviest(const Eigen::Ref<const Eigen::RowVectorXd>& weights) {
  std::vector<Index> order(static_cast<std::size_t>(weights.size()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto count = std::min<std::size_t>(kBlended, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](Index i, Index j) {
                      const double a = std::abs(weights[i]), b = std::abs(weights[j]);
                      return a > b || (a == b && i < j);
                    });
  order.resize(count);
  return order;
}

Matrix trained_outputs(const std::filesystem::path& file) {
  const auto source = data::open_npy(file);
  Matrix rows(static_cast<Index>(source->size()), source->dimension());
  source->read(0, View<double>(rows));
  return rows;
}

// Where there is no prediction, pairs of what was put in and what came out.
Matrix pair_tiles(const TangentSetting& s, const Matrix& trained) {
  const Index shown = std::min(kShown, s.queries.rows());
  Matrix sheet = Matrix::Zero(2 * kShown, s.dimension());
  for (Index q = 0; q < shown; ++q) {
    sheet.row(2 * q) = s.queries.row(q);
    sheet.row(2 * q + 1) = trained.row(q);
  }
  return sheet;
}

Matrix tiles(const TangentResult& r, const Matrix& trained, ThreadPool& pool) {
  const TangentSetting& s = r.setting;
  if (r.predicted.predictor == nullptr) return pair_tiles(s, trained);
  const Index shown = std::min(kShown, s.queries.rows());
  Matrix sheet = Matrix::Zero(kShown * kShown, s.dimension());
  const Matrix Q = s.queries.topRows(shown);
  const auto filter = theory::SpectralFilter::gradient_descent(
      r.predicted.step, static_cast<double>(s.spec.train.steps));
  const Matrix weights = r.predicted.predictor->weights(pool, Q, filter);
  const Matrix predicted = weights * s.samples;
  for (Index q = 0; q < shown; ++q) {
    const Index first = q * kShown;
    sheet.row(first) = s.queries.row(q);
    sheet.row(first + 1) = predicted.row(q);
    sheet.row(first + 2) = trained.row(q);
    Index column = first + kShown - kBlended;
    for (const Index i : heaviest(weights.row(q))) sheet.row(column++) = s.samples.row(i);
  }
  return sheet;
}

bool drawable(const TangentResult& r) {
  const bool stable = r.predicted.step < r.predicted.stable_step();
  return !r.measured.empty() && r.diverged_at < 0 && stable && r.setting.queries.rows() > 0 &&
         !r.setting.dataset.image.empty();
}

void write_outputs(const TangentResult& r, const std::filesystem::path& file,
                   const std::filesystem::path& trained, ThreadPool& pool) {
  estimators::LearnedDictionary sheet;
  sheet.atoms = tiles(r, trained_outputs(trained), pool);
  sheet.image = r.setting.dataset.image;
  std::vector<Index> order(static_cast<std::size_t>(sheet.size()));
  std::iota(order.begin(), order.end(), Index{0});
  estimators::write_atom_sheet(file, sheet, order);
}

}  // namespace

std::vector<Picture> tangent_kernel_pictures(const ExperimentSpec& spec,
                                             const std::vector<TangentResult>& results,
                                             const std::filesystem::path& folder,
                                             ThreadPool& pool) {
  std::vector<Picture> pictures;
  for (const FigureOptions& options : wanted_figures(spec)) {
    if (options.kind != "outputs") continue;
    for (const TangentResult* r : chosen_results(options.cases, results)) {
      if (!drawable(*r)) continue;
      const std::string name = fmt::format("outputs-{}", pictures.size() + 1);
      const std::string file = "arrays/" + name + ".png";
      const auto number = (r - results.data()) + 1;
      write_outputs(*r, folder / file, folder / fmt::format("arrays/outputs-case{}-1.npy", number),
                    pool);
      const bool pairs = r->predicted.predictor == nullptr;
      const std::string title = pairs                   ? kPairTitle
                                : options.title.empty() ? kAllTitle
                                                        : options.title;
      pictures.push_back({name, r->label.empty() ? title : title + ", " + r->label, file});
    }
  }
  return pictures;
}

}  // namespace twofold::experiment
