// A mean_field prediction as text for people.

#include <fmt/format.h>

#include <algorithm>

#include "experiment/mean_field_theory.hpp"

namespace twofold::experiment {
namespace {

std::string cell(const Json& value) {
  if (value.is_number()) return fmt::format("{:.4g}", value.get<double>());
  return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

void add_components(const Json& summary, std::size_t most, std::string& text) {
  const Json& limit = summary["gain_limit"];
  text += fmt::format("{:>10} {:>12} {:>12} {:>12} {:>12}  {}\n", "component", "eigenvalue",
                      "gain at end", "gain limit", "half time", "status");
  const std::size_t count = std::min(limit.size(), most);
  for (std::size_t j = 0; j < count; ++j) {
    text += fmt::format("{:>10} {:>12} {:>12} {:>12} {:>12}  {}\n", j + 1,
                        cell(summary["spectrum"][j]), cell(summary["gain_at_stop"][j]),
                        cell(limit[j]), cell(summary["half_time"][j]), cell(summary["status"][j]));
  }
  if (count < limit.size())
    text += fmt::format("{:>10} {} more; --json lists all\n", "...", limit.size() - count);
}

std::string range(const Json& interval) {
  return interval.is_null() ? "-" : fmt::format("{} .. {}", cell(interval[0]), cell(interval[1]));
}

// How to keep exactly k directions, for the first few k.
void add_design(const Json& design, std::size_t most, std::string& text) {
  if (!design.contains("keep")) return;
  text += fmt::format("\n{:>10} {:>24} {:>28} {:>13}\n", "keep", "penalty between",
                      "or stop (no penalty) between", "separability");
  for (std::size_t k = 0; k < std::min(design["keep"].size(), most); ++k) {
    const Json& entry = design["keep"][k];
    text += fmt::format("{:>10} {:>24} {:>28} {:>13}\n", cell(entry["directions"]),
                        range(entry["penalty"]), range(entry["stop_time"]),
                        entry.contains("separability") ? cell(entry["separability"]) : "-");
  }
  text += fmt::format("noise variance from the bulk {}: weight decay for denoising {}\n\n",
                      cell(design["noise_variance_from_bulk"]), cell(design["denoising_penalty"]));
}

}  // namespace

std::string mean_field_prediction_text(const Json& prediction) {
  std::string text;
  const Json& summary = prediction["summary"];
  if (prediction.contains("case")) text += fmt::format("case {}\n", cell(prediction["case"]));
  add_components(summary, 20, text);
  for (const auto& [key, value] : summary.items()) {
    if (value.is_number() || value.is_string())
      text += fmt::format("{:<28} {}\n", key, cell(value));
  }
  const Json& series = prediction["series"];
  text += fmt::format("\n{:>12} {:>12}\n", "time", "loss");
  for (std::size_t k = 0; k < series["time"].size(); ++k) {
    text += fmt::format("{:>12} {:>12}\n", cell(series["time"][k]), cell(series["loss"][k]));
  }
  add_design(prediction["design"], 5, text);
  for (const Json& entry : prediction["trust"]) {
    text += fmt::format("{} = {} ({}): {}\n", cell(entry["name"]), cell(entry["value"]),
                        cell(entry["verdict"]), cell(entry["text"]));
  }
  return text;
}

}  // namespace twofold::experiment
