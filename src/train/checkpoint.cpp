#include "twofold/train/checkpoint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checkpoint_reader.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/version.hpp"

namespace twofold::train {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

fs::path checkpoint_path(const fs::path& folder) {
  return folder / "checkpoint.safetensors";
}

void write_checkpoint_files(const fs::path& folder, const data::TensorFile& file) {
  data::write_safetensors(checkpoint_path(folder), file);
  write_file(folder / "checkpoint.json", summary(file));
}

bool has_checkpoint(const fs::path& folder) {
  return fs::exists(checkpoint_path(folder));
}

template <std::floating_point Scalar>
void save_checkpoint(const fs::path& folder, const Checkpoint<Scalar>& checkpoint,
                     std::string_view fingerprint, FloatProducts products) {
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
                   {"precision", std::string(precision<Scalar>(products))},
                   {"step", std::to_string(checkpoint.step)},
                   {"payload", checkpoint.payload}};
  create_folder(folder);
  write_checkpoint_files(folder, file);
}

template <std::floating_point Scalar>
Checkpoint<Scalar> load_checkpoint(const fs::path& folder, std::string_view fingerprint,
                                   const model::Weights<Scalar>& like, FloatProducts products) {
  const CheckpointReader reader(folder);
  reader.expect("fingerprint", fingerprint);
  reader.expect("precision", precision<Scalar>(products));
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

template void save_checkpoint(const fs::path&, const Checkpoint<float>&, std::string_view,
                              FloatProducts);
template void save_checkpoint(const fs::path&, const Checkpoint<double>&, std::string_view,
                              FloatProducts);
template Checkpoint<float> load_checkpoint(const fs::path&, std::string_view,
                                           const model::Weights<float>&, FloatProducts);
template Checkpoint<double> load_checkpoint(const fs::path&, std::string_view,
                                            const model::Weights<double>&, FloatProducts);

}  // namespace twofold::train
