#include "twofold/experiment/record.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <fstream>
#include <ostream>

#include "experiment/record_making.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/processor.hpp"
#include "twofold/core/version.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

Json to_json(const Claim& c) {
  Json json = {{"name", c.name},
               {"title", c.title},
               {"predicted", json_number(c.predicted)},
               {"measured", json_number(c.measured)},
               {"standard_error", json_number(c.standard_error)},
               {"tolerance", json_number(c.tolerance)},
               {"reason", c.reason},
               {"unit", c.unit},
               {"source", c.source},
               {"verdict", to_string(c.verdict)}};
  if (!c.why.empty()) json["why"] = c.why;
  return json;
}

Json to_json(const Axis& a) {
  return {{"column", a.column}, {"label", a.label}, {"scale", a.scale}};
}

Json to_json(const Figure& f) {
  return {{"name", f.name},         {"title", f.title},
          {"sentence", f.sentence}, {"data", "series/" + f.name + ".csv"},
          {"x", to_json(f.x)},      {"y", to_json(f.y)},
          {"series", f.series},     {"panel", f.panel}};
}

Json to_json(const Picture& p) {
  return {{"name", p.name}, {"title", p.title}, {"data", p.file}};
}

Json to_json(const TrustEntry& t) {
  return {{"name", t.name},
          {"value", json_number(t.value)},
          {"limit", json_number(t.limit)},
          {"verdict", t.verdict},
          {"text", t.text}};
}

template <typename T>
Json list(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& i : items) array.push_back(to_json(i));
  return array;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      const std::size_t colon = line.find(": ");
      return colon == std::string::npos ? line : line.substr(colon + 2);
    }
  }
  return "unknown";
}

Json train_json(const std::vector<std::string>& arithmetic) {
  std::vector<std::string> precision;
  for (const std::string& one : arithmetic) {
    add_distinct(one.substr(0, one.find_first_of(" ,")), precision);
  }
  return {{"precision", fmt::format("{}", fmt::join(precision, "; "))},
          {"arithmetic", fmt::format("{}", fmt::join(arithmetic, "; "))}};
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void write_csv(const fs::path& path, const Figure& f) {
  write_file(path, [&](std::ostream& out) {
    out << f.x.column;
    if (!f.series.empty()) out << ',' << quoted(f.series);
    if (!f.panel.empty()) out << ',' << quoted(f.panel);
    out << ",source,value,standard_error,low,high\n";
    for (const FigureRow& r : f.rows) {
      out << fmt::format("{}", r.x);
      if (!f.series.empty()) out << ',' << quoted(r.series);
      if (!f.panel.empty()) out << ',' << quoted(r.panel);
      out << ',' << (r.predicted ? "predicted" : "measured");
      out << fmt::format(",{},{}", r.value, r.standard_error);
      out << (r.low < r.high ? fmt::format(",{},{}\n", r.low, r.high) : std::string(",,\n"));
    }
  });
}

}  // namespace

Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json to_json(const std::vector<TrustEntry>& trust) {
  return list(trust);
}

void judge(Claim& claim) {
  claim.verdict = std::abs(claim.predicted - claim.measured) <= claim.tolerance ? Verdict::Holds
                                                                                : Verdict::Fails;
}

Json to_json(const Record& r, int threads) {
  return {{"twofold", kVersion},
          {"system", r.system},
          {"experiment", r.experiment},
          {"title", r.title},
          {"description", r.description},
          {"seed", r.seed},
          {"status", r.status},
          {"machine",
           {{"cpu", cpu_name()},
            {"instructions", instructions_name(usable_instructions())},
            {"threads", threads}}},
          {"train", train_json(r.arithmetic)},
          {"claims", list(r.claims)},
          {"figures", list(r.figures)},
          {"images", list(r.pictures)},
          {"trust", list(r.trust)},
          {"summary", r.summary},
          {"timing", {{"simulate_s", r.simulate_s}, {"predict_s", r.predict_s}}}};
}

Json read_record(const fs::path& folder) {
  const fs::path path = folder / "record.json";
  const std::string text = read_file(path);
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("claims")) {
    throw DataError("experiment::read_record",
                    path.string() + " is not a record; run the experiment again");
  }
  return json;
}

void write_record(const fs::path& folder, const Record& record, int threads) {
  create_folder(folder / "series");
  for (const Figure& f : record.figures) write_csv(folder / "series" / (f.name + ".csv"), f);
  write_file(folder / "record.json", to_json(record, threads).dump(1) + "\n");
}

}  // namespace twofold::experiment
