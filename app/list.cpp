// twofold list: what there is to choose from.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "command.hpp"
#include "experiments_folder.hpp"
#include "spec_keys.hpp"
#include "twofold/core/processor.hpp"
#include "twofold/data/locate.hpp"
#include "twofold/experiment/run.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::app {
namespace {

using experiment::Json;

Json list_systems() {
  Json list = Json::array();
  for (const experiment::System& s : experiment::systems()) {
    list.push_back({{"name", s.name}, {"about", s.summary}});
  }
  return list;
}

Json list_data() {
  Json list = Json::array();
  for (const data::DataSet& set : data::known_datasets()) {
    list.push_back({{"name", set.name},
                    {"about", set.found ? set.path.string() : "not found: " + set.how_to_get}});
  }
  return list;
}

Json list_activations() {
  Json list = Json::array();
  for (const std::string& name : model::activation_names()) list.push_back({{"name", name}});
  return list;
}

// How sign codes are decoded; decode/ in the library.
Json list_decoders() {
  return {
      {{"name", "linear"}, {"about", "x̂ = A y, closed form or least squares (decode/linear.hpp)"}},
      {{"name", "posterior_mean"},
       {"about", "E[x | Bᵀy] of each coordinate, one layer (decode/posterior_mean.hpp)"}},
      {{"name", "gvamp"},
       {"about", "layers for an orthogonal encoder, guarded; the codec's (decode/gvamp.hpp)"}},
      {{"name", "ri_gamp"},
       {"about",
        "layers with full memory for any rotationally invariant encoder, on the scalars "
        "of the state evolution or of the data (decode/ri_gamp.hpp)"}},
      {{"name", "unrolled"},
       {"about", "layers with trained weights (decode/unrolled_decoder.hpp)"}}};
}

Json list_instructions() {
  Json list = Json::array();
  for (std::size_t set = 0; set < kInstructionNames.size(); ++set) {
    const bool used = has(static_cast<Instructions>(set));
    list.push_back({{"name", kInstructionNames[set]}, {"about", used ? "used" : "not used"}});
  }
  return list;
}

Json list_experiments() {
  Json list = Json::array();
  for (const auto& e : experiment::find_experiments(experiments_folder({}))) {
    const auto spec = experiment::read_experiment(experiment::SpecDocument::load(e.spec));
    list.push_back({{"name", e.system + "/" + e.name}, {"about", spec.run.title}});
  }
  return list;
}

// What a claim of a spec may name.
Json list_quantities() {
  Json list = Json::array();
  for (const experiment::System& system : experiment::systems()) {
    for (const auto& [name, about] : system.quantities()) {
      list.push_back({{"name", fmt::format("{}: {}", system.name, name)}, {"about", about}});
    }
  }
  return list;
}

// What a spec may hold, with defaults.
Json list_keys() {
  Json list = Json::array();
  for (const SpecKey& key : spec_keys()) {
    const std::string domain = key.domain.empty() ? "" : fmt::format(" ({})", key.domain);
    const std::string system = key.system.empty() ? "" : key.system + " ";
    list.push_back({{"name", system + (key.section.empty() ? "" : key.section + " ") + key.name},
                    {"about", fmt::format("{}{}: {}", key.default_value, domain, key.help)},
                    {"system", key.system},
                    {"section", key.section},
                    {"key", key.name},
                    {"default", key.default_value},
                    {"domain", key.domain},
                    {"help", key.help}});
  }
  return list;
}

using Listing = Json (*)();
const std::map<std::string, Listing>& listings() {
  static const std::map<std::string, Listing> all = {{"systems", list_systems},
                                                     {"data", list_data},
                                                     {"activations", list_activations},
                                                     {"decoders", list_decoders},
                                                     {"experiments", list_experiments},
                                                     {"instructions", list_instructions},
                                                     {"keys", list_keys},
                                                     {"quantities", list_quantities}};
  return all;
}

void print(const Json& list) {
  std::size_t width = 0;
  for (const Json& entry : list) {
    width = std::max(width, entry["name"].get_ref<const std::string&>().size());
  }
  for (const Json& entry : list) {
    const auto& name = entry["name"].get_ref<const std::string&>();
    if (entry.contains("about")) {
      fmt::print("{:<{}}  {}\n", name, width, entry["about"].get_ref<const std::string&>());
    } else {
      fmt::print("{}\n", name);
    }
  }
}

}  // namespace

void add_list(CLI::App& app, CommonOptions& options, Action& action) {
  auto what = std::make_shared<std::string>();
  CLI::App* sub = app.add_subcommand("list", "what there is to choose from");
  sub->description("Example:\n  twofold list experiments");
  std::vector<std::string> names;
  for (const auto& [name, listing] : listings()) names.push_back(name);
  sub->add_option("what", *what, fmt::format("{}", fmt::join(names, " | ")))
      ->required()
      ->check(CLI::IsMember(names));
  add_common_options(*sub, options);
  sub->callback([what, &options, &action] {
    action = [what, &options] {
      const Json list = listings().at(*what)();
      if (options.json) {
        fmt::print("{}\n", list.dump(1));
      } else {
        print(list);
      }
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace twofold::app
