#include "twofold/train/checkpoint.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/version.hpp"
#include "twofold/data/safetensors.hpp"

namespace twofold::train {
namespace {

namespace fs = std::filesystem;

template <typename Scalar>
constexpr std::string_view kPrecision = std::same_as<Scalar, float> ? "float" : "double";

fs::path tensors_path(const fs::path& folder) {
  return folder / "checkpoint.safetensors";
}

template <typename Scalar>
data::Tensor number(Scalar value) {
  return {{1}, std::vector<Scalar>{value}};
}

// What a reader of this folder needs to know first.
std::string summary(const data::TensorFile& file) {
  nlohmann::ordered_json json;
  for (const auto& [key, value] : file.metadata) {
    if (key != "payload") json[key] = value;
  }
  for (const auto& [name, tensor] : file.tensors) json["tensors"][name] = tensor.shape;
  return json.dump(2) + "\n";
}

// The parts of a file, with errors that name the file.
class Reader {
 public:
  explicit Reader(const fs::path& folder) : path_(tensors_path(folder)) {
    if (!fs::exists(path_)) fail("there is no checkpoint here");
    file_ = data::read_safetensors(path_);
  }

  [[noreturn]] void fail(std::string_view message) const {
    throw DataError("train::load_checkpoint",
                    fmt::format("{}: {}; start the run over, or choose the folder of the run that "
                                "is to go on",
                                path_.string(), message));
  }

  const std::string& text(std::string_view key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) fail(fmt::format("not a checkpoint, {} is missing", key));
    return found->second;
  }

  std::int64_t integer(std::string_view key) const {
    const std::string& digits = text(key);
    const char* const end = digits.data() + digits.size();
    std::int64_t value = 0;
    const auto [rest, code] = std::from_chars(digits.data(), end, value);
    if (code != std::errc{} || rest != end || value < 0) fail(fmt::format("bad {}", key));
    return value;
  }

  void expect(std::string_view key, std::string_view wanted) const {
    if (text(key) != wanted) {
      fail(fmt::format("{} is \"{}\", this run's is \"{}\"", key, text(key), wanted));
    }
  }

  bool has(std::string_view name) const { return file_.tensors.contains(name); }

  Matrix averages() const { return data::to_matrix<double>(file_, "averages"); }

  template <typename Scalar>
  MatrixOf<Scalar> matrix(std::string_view name, Index rows, Index columns) const {
    MatrixOf<Scalar> matrix = data::to_matrix<Scalar>(file_, name);
    if (matrix.rows() != rows || matrix.cols() != columns) {
      fail(fmt::format("{} is {}x{}, this run's is {}x{}", name, matrix.rows(), matrix.cols(), rows,
                       columns));
    }
    return matrix;
  }

 private:
  fs::path path_;
  data::TensorFile file_;
};

}  // namespace

bool has_checkpoint(const fs::path& folder) {
  return fs::exists(tensors_path(folder));
}

template <std::floating_point Scalar>
void save_checkpoint(const fs::path& folder, const Checkpoint<Scalar>& checkpoint,
                     std::string_view fingerprint) {
  data::TensorFile file;
  file.tensors["encoder"] = data::to_tensor(checkpoint.weights.encoder);
  if (!checkpoint.weights.tied()) {
    file.tensors["decoder"] = data::to_tensor(checkpoint.weights.decoder);
  }
  file.tensors["scale"] = number(checkpoint.weights.scale);
  if (checkpoint.velocity.size() > 0) {
    file.tensors["velocity"] = data::to_tensor(checkpoint.velocity);
  }
  if (checkpoint.averages.size() > 0) {
    file.tensors["averages"] = data::to_tensor(checkpoint.averages);
  }
  file.tensors["initial_loss"] = number(checkpoint.initial_loss);
  file.metadata = {{"twofold", std::string(kVersion)},
                   {"fingerprint", std::string(fingerprint)},
                   {"precision", std::string(kPrecision<Scalar>)},
                   {"step", std::to_string(checkpoint.step)},
                   {"payload", checkpoint.payload}};
  create_folder(folder);
  data::write_safetensors(tensors_path(folder), file);
  write_file(folder / "checkpoint.json", summary(file));
}

template <std::floating_point Scalar>
Checkpoint<Scalar> load_checkpoint(const fs::path& folder, std::string_view fingerprint,
                                   const model::Weights<Scalar>& like) {
  const Reader reader(folder);
  reader.expect("fingerprint", fingerprint);
  reader.expect("precision", kPrecision<Scalar>);
  const Index n = like.neurons();
  const Index d = like.dimension();
  Checkpoint<Scalar> checkpoint;
  checkpoint.step = reader.integer("step");
  checkpoint.weights.encoder = reader.matrix<Scalar>("encoder", n, d);
  if (reader.has("decoder") == like.tied()) {
    reader.fail(like.tied() ? "its weights are not tied, this run's are"
                            : "its weights are tied, this run's are not");
  }
  if (!like.tied()) checkpoint.weights.decoder = reader.matrix<Scalar>("decoder", n, d);
  checkpoint.weights.scale = reader.matrix<Scalar>("scale", 1, 1)(0, 0);
  if (checkpoint.weights.scale != like.scale) {
    reader.fail(fmt::format("scale is {}, this run's is {}", checkpoint.weights.scale, like.scale));
  }
  if (reader.has("velocity")) checkpoint.velocity = reader.matrix<Scalar>("velocity", n, d);
  if (reader.has("averages")) checkpoint.averages = reader.averages();
  checkpoint.initial_loss = reader.matrix<double>("initial_loss", 1, 1)(0, 0);
  checkpoint.payload = reader.text("payload");
  return checkpoint;
}

template void save_checkpoint(const fs::path&, const Checkpoint<float>&, std::string_view);
template void save_checkpoint(const fs::path&, const Checkpoint<double>&, std::string_view);
template Checkpoint<float> load_checkpoint(const fs::path&, std::string_view,
                                           const model::Weights<float>&);
template Checkpoint<double> load_checkpoint(const fs::path&, std::string_view,
                                            const model::Weights<double>&);

}  // namespace twofold::train
