#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "experiment/dictionary_recovery_figures.hpp"
#include "experiment/dictionary_recovery_training.hpp"
#include "experiment/heat_map.hpp"
#include "experiment/judging.hpp"
#include "twofold/core/file.hpp"
#include "twofold/estimators/atom_sheet.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"

namespace twofold::experiment {
namespace {

// |W Aᵀ|, rows in the order of the true atoms they stand for: a diagonal where all are found.
Matrix sorted_cosines(const RecoveryResult& r) {
  const Matrix A = unit_atoms(r.setting.truth());
  const Matrix& W = r.measured.front().atoms;
  const Matrix cosines = (W * A.transpose()).cwiseAbs();
  std::vector<Index> order;
  for (const Index i : estimators::match_atoms(W, A, r.setting.signed_codes()).partner) {
    if (i >= 0) order.push_back(i);
  }
  for (Index i = 0; i < W.rows(); ++i) {
    if (std::ranges::find(order, i) == order.end()) order.push_back(i);
  }
  Matrix sorted(W.rows(), A.rows());
  for (Index i = 0; i < W.rows(); ++i) {
    sorted.row(i) = cosines.row(order[static_cast<std::size_t>(i)]);
  }
  return sorted;
}

// All atoms as a sheet of pictures, in the order of their units.
void write_atoms(const RecoveryResult& r, const std::filesystem::path& file) {
  estimators::LearnedDictionary dictionary;
  dictionary.atoms = r.measured.front().atoms;
  dictionary.image = r.setting.dataset.image;
  std::vector<Index> order(static_cast<std::size_t>(dictionary.size()));
  std::iota(order.begin(), order.end(), Index{0});
  estimators::write_atom_sheet(file, dictionary, order);
}

bool drawable(const RecoveryResult& r, const std::string& kind) {
  if (r.measured.empty()) return false;
  return kind == "cosines" ? r.setting.known() : !r.setting.dataset.image.empty();
}

void write_picture(const RecoveryResult& r, const std::string& kind,
                   const std::filesystem::path& file) {
  if (kind == "cosines") {
    write_heat_map(file, sorted_cosines(r));
  } else {
    write_atoms(r, file);
  }
}

}  // namespace

std::vector<Picture> dictionary_recovery_pictures(const ExperimentSpec& spec,
                                                  const std::vector<RecoveryResult>& results,
                                                  const std::filesystem::path& folder) {
  std::vector<Picture> pictures;
  for (const FigureOptions& options : spec.figures) {
    if (options.kind != "atoms" && options.kind != "cosines") continue;
    for (const RecoveryResult* r : chosen_results(options.cases, results)) {
      if (!drawable(*r, options.kind)) continue;
      const std::string name = fmt::format("{}-{}", options.kind, pictures.size() + 1);
      const std::string file = "arrays/" + name + ".png";
      create_folder(folder / "arrays");
      write_picture(*r, options.kind, folder / file);
      const std::string title = !options.title.empty() ? options.title
                                : options.kind == "cosines"
                                    ? "|W Aᵀ|, a diagonal where all is found"
                                    : "Atoms";
      pictures.push_back({name, r->label.empty() ? title : title + ", " + r->label, file});
    }
  }
  return pictures;
}

}  // namespace twofold::experiment
