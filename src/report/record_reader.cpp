#include "record_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "number_table.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::report {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kRemedy = "run the experiment again (--force)";

// One object of a record, with its place for messages: "runs/a/record.json: claims[3]".
struct Place {
  std::string file;
  std::string path;

  Place at(std::string_view list, std::size_t index) const {
    return {file, fmt::format("{}[{}]", list, index)};
  }
  [[noreturn]] void fail(std::string_view key, std::string_view message) const {
    throw DataError("report::read_record",
                    fmt::format("{}: {}{}{} {}; {}", file, path, path.empty() ? "" : ".", key,
                                message, kRemedy));
  }
};

void check_text(const json& object, const char* key, const Place& place) {
  if (!object.contains(key)) place.fail(key, "is missing");
  if (!object[key].is_string()) place.fail(key, "is not text");
}

void default_text(json& object, const char* key, const std::string& otherwise, const Place& place) {
  if (!object.contains(key)) object[key] = otherwise;
  check_text(object, key, place);
}

// A number, or null where there is none (not measured, not finite).
void check_number(json& object, const char* key, const Place& place) {
  if (!object.contains(key)) object[key] = nullptr;
  if (!object[key].is_number() && !object[key].is_null()) place.fail(key, "is not a number");
}

// Runs `check(element, place)` over a list of objects; an absent list is an empty one.
template <typename Check>
void check_list(json& record, const char* key, const Place& place, Check check) {
  if (!record.contains(key)) record[key] = json::array();
  if (!record[key].is_array()) place.fail(key, "is not a list");
  for (std::size_t i = 0; i < record[key].size(); ++i) {
    json& element = record[key][i];
    if (!element.is_object()) place.fail(fmt::format("{}[{}]", key, i), "is not an object");
    check(element, place.at(key, i));
  }
}

void check_claim(json& claim, const Place& place) {
  check_text(claim, "name", place);
  default_text(claim, "title", claim["name"], place);
  for (const char* key : {"unit", "source", "reason", "why"}) default_text(claim, key, "", place);
  for (const char* key : {"predicted", "measured", "standard_error", "tolerance"}) {
    check_number(claim, key, place);
  }
  check_text(claim, "verdict", place);
  const std::string verdict = claim["verdict"];
  if (verdict != "holds" && verdict != "fails" && verdict != "not applicable") {
    place.fail("verdict", fmt::format("is \"{}\", not holds, fails or not applicable", verdict));
  }
}

void check_axis(json& figure, const char* key, const Place& place) {
  if (!figure.contains(key) || !figure[key].is_object()) place.fail(key, "is not an object");
  const Place axis{place.file, place.path + "." + key};
  check_text(figure[key], "column", axis);
  default_text(figure[key], "label", figure[key]["column"], axis);
  default_text(figure[key], "scale", "linear", axis);
}

void check_figure(json& figure, const Place& place) {
  check_text(figure, "name", place);
  check_text(figure, "data", place);
  default_text(figure, "title", figure["name"], place);
  for (const char* key : {"sentence", "series", "panel"}) default_text(figure, key, "", place);
  check_axis(figure, "x", place);
  check_axis(figure, "y", place);
}

void check_image(json& image, const Place& place) {
  check_text(image, "name", place);
  check_text(image, "data", place);
  default_text(image, "title", image["name"], place);
}

void check_trust(json& entry, const Place& place) {
  for (const char* key : {"name", "verdict"}) check_text(entry, key, place);
  default_text(entry, "text", "", place);
  for (const char* key : {"value", "limit"}) check_number(entry, key, place);
}

// A record names files of its own folder; anything else is not read.
fs::path inside(const fs::path& folder, const std::string& name) {
  const fs::path relative = fs::path(name).lexically_normal();
  if (relative.empty() || relative.is_absolute() || *relative.begin() == "..") {
    throw DataError("report::attach_files",
                    fmt::format("{}: \"{}\" is not a file inside the run folder; {}",
                                (folder / "record.json").string(), name, kRemedy));
  }
  return folder / relative;
}

json figure_table(const json& figure, const fs::path& folder) {
  const std::string x = figure["x"]["column"], y = figure["y"]["column"];
  std::vector<std::string> required{x, y, "source"};
  for (const char* key : {"series", "panel"}) {
    if (figure[key] != "") required.push_back(figure[key]);
  }
  const std::array<std::string, 5> numeric{x, y, "standard_error", "low", "high"};
  return read_number_table(inside(folder, figure["data"]), required, numeric);
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < here ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= here ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::string png_uri(const fs::path& file) {
  const std::string bytes = read_file(file);
  if (!bytes.starts_with("\x89PNG\r\n\x1a\n")) {
    throw DataError("report::attach_files",
                    fmt::format("{}: not a PNG image; {}", file.string(), kRemedy));
  }
  return "data:image/png;base64," + base64(bytes);
}

json parse_record(const fs::path& file) {
  try {
    return json::parse(read_file(file));
  } catch (const json::parse_error& error) {
    throw DataError("report::read_record",
                    fmt::format("{}: broken JSON at byte {} (the file may be cut short); {}",
                                file.string(), error.byte, kRemedy));
  }
}

}  // namespace

json read_record(const fs::path& folder) {
  const fs::path file = folder / "record.json";
  if (!fs::exists(file)) {
    throw DataError("report::read_record",
                    fmt::format("{}: no such file, so {} is not a finished run; name folders that "
                                "`twofold run` or `twofold reproduce` wrote",
                                file.string(), folder.string()));
  }
  json record = parse_record(file);
  const Place place{file.string(), ""};
  if (!record.is_object()) place.fail("the record", "is not an object");
  check_text(record, "system", place);
  check_text(record, "experiment", place);
  default_text(record, "title", record["experiment"], place);
  default_text(record, "description", "", place);
  default_text(record, "status", "ok", place);
  check_list(record, "claims", place, check_claim);
  check_list(record, "figures", place, check_figure);
  check_list(record, "images", place, check_image);
  check_list(record, "trust", place, check_trust);
  return record;
}

void attach_files(json& record, const fs::path& folder) {
  for (json& figure : record["figures"]) figure["table"] = figure_table(figure, folder);
  for (json& image : record["images"]) image["uri"] = png_uri(inside(folder, image["data"]));
}

}  // namespace twofold::report
