#include "topk_weights.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <variant>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/version.hpp"
#include "twofold/data/safetensors.hpp"

namespace twofold::estimators {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "twofold sparse autoencoder", kVersionOfFormat = "1";
constexpr std::string_view kActivation = "topk";

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw DataError(
      "estimators::read_topk_weights",
      fmt::format("{}: {}; name what `twofold learn --model topk` wrote", file.string(), what));
}

std::string transform_names(const LearnedDictionary& d) {
  std::string names;
  for (const data::KeptTransform& t : d.transforms) names += (names.empty() ? "" : " ") + t.name;
  return names.empty() ? "none" : names;
}

// Everything that codes need, in words and numbers: a file that is moved alone is still understood.
std::map<std::string, std::string, std::less<>> metadata(const LearnedDictionary& d) {
  return {{"format", std::string(kFormat)},
          {"format_version", std::string(kVersionOfFormat)},
          {"twofold", std::string(kVersion)},
          {"activation", std::string(kActivation)},
          {"k", std::to_string(std::get<model::TopK>(d.gate.activation).k)},
          {"activation_rule", "the k largest positive pre-activations, ties to the lowest index"},
          {"codes", "f = topk((x - b_dec) W_enc + b_enc)"},
          {"reconstruction", "f W_dec + b_dec"},
          {"normalization", "none: x is a row as it is; mean and scale of training are folded in"},
          {"transforms", transform_names(d)},
          {"tied", d.encoder.size() == 0 ? "yes" : "no"},
          {"fingerprint", d.fingerprint},
          {"status", d.status}};
}

data::TensorFile content(const LearnedDictionary& d) {
  data::TensorFile file{.metadata = metadata(d)};
  const Matrix& encoder = d.encoder.size() == 0 ? d.atoms : d.encoder;
  file.tensors["W_enc"] = data::to_tensor(MatrixF(encoder.transpose().cast<float>()));
  file.tensors["W_dec"] = data::to_tensor(MatrixF(d.atoms.cast<float>()));
  file.tensors["b_enc"] = data::to_tensor(VectorF(d.encoder_bias.cast<float>()));
  file.tensors["b_dec"] = data::to_tensor(VectorF(d.mean.cast<float>()));
  file.metadata.insert(d.notes.begin(), d.notes.end());
  return file;
}

// The keys that SAELens reads from a cfg.json (docs/dictionary.md#topk-files).
Json config(const LearnedDictionary& d) {
  return {{"architecture", "topk"},
          {"d_in", d.dimension()},
          {"d_sae", d.size()},
          {"k", std::get<model::TopK>(d.gate.activation).k},
          {"dtype", "float32"},
          {"device", "cpu"},
          {"apply_b_dec_to_input", true},
          {"normalize_activations", "none"},
          {"reshape_activations", "none"},
          {"rescale_acts_by_decoder_norm", false}};
}

class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path), file_(data::read_safetensors(path)) {}

  [[nodiscard]] const std::string& text(std::string_view name) const {
    const auto found = file_.metadata.find(name);
    if (found == file_.metadata.end()) fail(path_, fmt::format("its metadata have no {}", name));
    return found->second;
  }
  void expect(std::string_view name, std::string_view wanted) const {
    if (text(name) != wanted) {
      fail(path_, fmt::format("{} is \"{}\", not \"{}\"", name, text(name), wanted));
    }
  }
  [[nodiscard]] Index positive(std::string_view name) const {
    const std::string& digits = text(name);
    Index value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc() || end != digits.data() + digits.size() || value < 1) {
      fail(path_, fmt::format("{} is \"{}\", no whole number >= 1", name, digits));
    }
    return value;
  }
  [[nodiscard]] Matrix matrix(std::string_view name) const {
    return data::to_matrix<float>(file_, name).template cast<double>();
  }
  [[nodiscard]] Vector vector(std::string_view name) const {
    const Matrix column = matrix(name);
    if (column.cols() != 1) fail(path_, fmt::format("{} has two dimensions", name));
    return column.col(0);
  }
  [[nodiscard]] const auto& metadata() const { return file_.metadata; }

 private:
  fs::path path_;
  data::TensorFile file_;
};

}  // namespace

void write_topk_weights(const fs::path& folder, const LearnedDictionary& d) {
  data::write_safetensors(folder / kTopKWeights, content(d));
  write_file(folder / kTopKConfig, config(d).dump(1) + "\n");
}

LearnedDictionary read_topk_weights(const fs::path& file, bool alone) {
  const Reader reader(file);
  reader.expect("format", kFormat);
  reader.expect("format_version", kVersionOfFormat);
  reader.expect("activation", kActivation);
  if (alone && reader.text("transforms") != "none") {
    fail(file, fmt::format("rows are transformed before its codes are made ({}), and the numbers "
                           "for that are in the folder it came from",
                           reader.text("transforms")));
  }
  LearnedDictionary d;
  d.kind = DictionaryKind::TopK;
  d.atoms = reader.matrix("W_dec");
  if (reader.text("tied") != "yes") d.encoder = reader.matrix("W_enc").transpose();
  d.encoder_bias = reader.vector("b_enc");
  d.mean = reader.vector("b_dec");
  d.gate = {.activation = model::TopK{.k = reader.positive("k")}, .positive = true};
  d.input_dimension = d.dimension();
  d.fingerprint = reader.text("fingerprint");
  d.status = reader.text("status");
  const auto own = metadata(d);
  for (const auto& [name, text] : reader.metadata()) {
    if (!own.contains(name)) d.notes[name] = text;
  }
  return d;
}

}  // namespace twofold::estimators
