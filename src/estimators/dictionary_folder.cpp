#include "twofold/estimators/dictionary_folder.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "rows.hpp"
#include "topk_weights.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/version.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::estimators {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kVersionOfFormat = 1;
constexpr auto kWhere = "estimators::load_dictionary";

class Fnv {
 public:
  void add(const void* bytes, std::size_t size) {
    for (const unsigned char byte : std::span(static_cast<const unsigned char*>(bytes), size)) {
      hash_ = (hash_ ^ byte) * 0x100000001b3U;
    }
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

std::string checksum(const fs::path& file) {
  const std::string content = read_file(file);
  Fnv hash;
  hash.add(content.data(), content.size());
  return hash.text();
}

// Writes arrays and notes their checksums.
class ArrayWriter {
 public:
  explicit ArrayWriter(fs::path folder) : folder_(std::move(folder)) {}
  std::string operator()(const std::string& name, const ConstView<double>& values) {
    data::write_npy(folder_ / name, values);
    note(name);
    return name;
  }
  /// A file that someone else wrote.
  void note(const std::string& name) { files_[name] = checksum(folder_ / name); }
  [[nodiscard]] const Json& files() const { return files_; }

 private:
  fs::path folder_;
  Json files_ = Json::object();
};

// Reads arrays whose checksums are known.
class ArrayReader {
 public:
  ArrayReader(fs::path folder, Json files) : folder_(std::move(folder)), files_(std::move(files)) {}
  /// Its place, if it is the file that was written.
  [[nodiscard]] fs::path unchanged(const std::string& name) const {
    fs::path file = folder_ / name;
    if (!files_.contains(name) || checksum(file) != files_[name].get<std::string>()) {
      throw DataError(kWhere, fmt::format("{} is not the file that was written with {}; learn the "
                                          "dictionary again, or put the original back",
                                          file.string(), (folder_ / "dictionary.json").string()));
    }
    return file;
  }
  Matrix operator()(const std::string& name) const {
    const auto source = data::open_npy(unchanged(name));
    Matrix values(static_cast<Index>(source->size()), source->dimension());
    source->read(0, View<double>(values));
    return values;
  }

 private:
  fs::path folder_;
  Json files_;
};

Json transform_json(const data::KeptTransform& t, std::size_t place, ArrayWriter& write) {
  Json json = {{"name", t.name}, {"number", t.number}};
  const auto name = [&](const char* what) {
    return fmt::format("transform_{}_{}.npy", place, what);
  };
  if (t.vector.size() > 0) json["vector"] = write(name("vector"), t.vector.transpose());
  if (t.matrix.size() > 0) json["matrix"] = write(name("matrix"), t.matrix);
  return json;
}

data::KeptTransform read_transform(const Json& json, const ArrayReader& read) {
  data::KeptTransform t{.name = json.at("name"), .number = json.at("number")};
  if (json.contains("vector")) t.vector = read(json["vector"]).transpose();
  if (json.contains("matrix")) t.matrix = read(json["matrix"]);
  return t;
}

// What the arrays hold: everything but image, transforms, input dimension.
LearnedDictionary read_arrays(const Json& json, const ArrayReader& read) {
  const DictionaryKind kind = parse_dictionary_kind(json.at("model").get<std::string>());
  LearnedDictionary d;
  if (kind == DictionaryKind::TopK) {
    d = read_topk_weights(read.unchanged(kTopKWeights), /*alone=*/false);
  } else {
    d.kind = kind;
    d.atoms = read("dictionary.npy");
    d.mean = read("mean.npy").transpose();
    d.gate.activation = model::parse_activation(json.at("activation").get<std::string>());
    d.gate.bias = json.at("bias");
    d.gate.positive = json.at("positive");
    d.fingerprint = json.at("fingerprint");
    d.status = json.at("status");
  }
  return d;
}

LearnedDictionary parse(const Json& json, const fs::path& folder) {
  const ArrayReader read(folder, json.at("files"));
  LearnedDictionary d = read_arrays(json, read);
  d.image = {json.at("image")[0], json.at("image")[1], json.at("image")[2]};
  for (const Json& t : json.at("transforms")) d.transforms.push_back(read_transform(t, read));
  d.input_dimension = json.at("input_dimension");
  return d;
}

// A weights file without its folder: all that codes need, unless rows are transformed first.
LearnedDictionary load_file(const fs::path& file) {
  try {
    LearnedDictionary d = read_topk_weights(file, /*alone=*/true);
    (void)DictionaryCoder(d);
    return d;
  } catch (const InvalidArgument& e) {
    throw DataError(kWhere, fmt::format("{}: is damaged ({})", file.string(), e.what()));
  }
}

}  // namespace

void save_dictionary(const fs::path& folder, const LearnedDictionary& d) {
  ArrayWriter write(folder);
  if (d.kind == DictionaryKind::TopK) {
    write_topk_weights(folder, d);
    write.note(kTopKWeights);
  } else {
    write("dictionary.npy", d.atoms);
    write("mean.npy", d.mean.transpose());
  }
  Json transforms = Json::array();
  for (std::size_t i = 0; i < d.transforms.size(); ++i) {
    transforms.push_back(transform_json(d.transforms[i], i, write));
  }
  const Json json = {{"format", "twofold dictionary"},
                     {"version", kVersionOfFormat},
                     {"twofold", kVersion},
                     {"model", to_string(d.kind)},
                     {"status", d.status},
                     {"atoms", d.size()},
                     {"dimension", d.dimension()},
                     {"input_dimension", d.input_dimension},
                     {"activation", model::activation_name(d.gate.activation)},
                     {"bias", d.gate.bias},
                     {"positive", d.gate.positive},
                     {"image", {d.image.rows, d.image.cols, d.image.channels}},
                     {"transforms", transforms},
                     {"fingerprint", d.fingerprint},
                     {"files", write.files()}};
  write_file(folder / "dictionary.json", json.dump(1) + "\n");
}

bool is_dictionary_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "dictionary.json", ignored);
}

LearnedDictionary load_dictionary(const fs::path& folder) {
  std::error_code ignored;
  if (fs::is_regular_file(folder, ignored)) return load_file(folder);
  const fs::path file = folder / "dictionary.json";
  const auto fail = [&](const std::string& what) {
    throw DataError(kWhere, fmt::format("{}: {}; name a folder that `twofold learn` wrote",
                                        file.string(), what));
  };
  if (!is_dictionary_folder(folder)) fail("no such file");
  const Json json = Json::parse(read_file(file), nullptr, false);
  if (json.is_discarded() || !json.is_object() ||
      json.value("format", "") != "twofold dictionary") {
    fail("is not the description of a dictionary");
  }
  try {
    if (json.at("version") != kVersionOfFormat) {
      fail(fmt::format("has version {}, this program reads {}", json.at("version").dump(),
                       kVersionOfFormat));
    }
    LearnedDictionary dictionary = parse(json, folder);
    (void)DictionaryCoder(dictionary);
    return dictionary;
  } catch (const Json::exception& e) {
    fail(fmt::format("is damaged ({})", e.what()));
  } catch (const InvalidArgument& e) {
    fail(fmt::format("is damaged ({})", e.what()));
  }
  return {};
}

std::string fingerprint(const data::Source& rows) {
  Fnv hash;
  const std::uint64_t size = rows.size();
  const auto dimension = static_cast<std::uint64_t>(rows.dimension());
  hash.add(&size, sizeof size);
  hash.add(&dimension, sizeof dimension);
  const SpacedRows chosen(size, 4096);
  Matrix row(1, rows.dimension());
  for (std::uint64_t i = 0; i < chosen.count(); ++i) {
    const std::uint64_t index = chosen[i];
    rows.gather(std::span(&index, 1), View<double>(row));
    hash.add(row.data(), static_cast<std::size_t>(row.size()) * sizeof(double));
  }
  return hash.text();
}

}  // namespace twofold::estimators
