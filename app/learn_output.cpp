#include "learn_output.hpp"

#include <algorithm>
#include <numeric>

#include "learn_command.hpp"
#include "twofold/estimators/atom_sheet.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/report/html_report.hpp"

namespace twofold::app {

using experiment::Json;

std::vector<Index> atoms_by_use(const estimators::DictionaryPass& pass) {
  std::vector<Index> order(pass.use.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](Index j) { return pass.use[static_cast<std::size_t>(j)]; });
  return order;
}

experiment::Figure usage_figure(const estimators::DictionaryPass& pass, Index sparsity,
                                experiment::Figure words) {
  experiment::Figure figure = std::move(words);
  figure.name = "usage";
  figure.y = {"value", "share of rows"};
  const auto rows = static_cast<double>(std::max<std::uint64_t>(1, pass.rows));
  const double alike = static_cast<double>(sparsity) / static_cast<double>(pass.use.size());
  double rank = 1.0;
  for (const Index j : atoms_by_use(pass)) {
    const auto count = static_cast<double>(pass.use[static_cast<std::size_t>(j)]);
    figure.rows.push_back({.x = rank, .value = count / rows});
    figure.rows.push_back({.x = rank, .predicted = true, .value = alike});
    rank += 1.0;
  }
  return figure;
}

Json choices_json(const std::vector<estimators::DictionaryChoice>& choices) {
  Json list = Json::array();
  for (const auto& c : choices) {
    list.push_back({{"name", c.name}, {"value", c.value}, {"why", c.why}});
  }
  return list;
}

void write_dictionary(const std::string& output, const estimators::LearnedDictionary& dictionary,
                      const estimators::DictionaryPass& trained, const std::string& title,
                      int threads,
                      const std::function<experiment::Record(const std::string& sheet)>& record) {
  write_learned(output, [&](const std::filesystem::path& folder) {
    estimators::save_dictionary(folder, dictionary);
    const std::string sheet = dictionary.image.empty() ? "" : "atoms.png";
    if (!sheet.empty()) {
      estimators::write_atom_sheet(folder / sheet, dictionary, atoms_by_use(trained));
    }
    experiment::write_record(folder, record(sheet), threads);
    const std::vector<std::filesystem::path> folders{folder};
    report::write_html_report(folders, folder / "report.html", {.title = title});
  });
}

}  // namespace twofold::app
