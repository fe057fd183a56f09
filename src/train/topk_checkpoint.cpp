#include "topk_checkpoint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checkpoint_reader.hpp"
#include "twofold/core/file.hpp"
#include "twofold/core/version.hpp"

namespace twofold::train {
namespace {

namespace fs = std::filesystem;

// visit(name, part of a, part of b, ...) for each part of the autoencoder.
template <typename Visit, typename... Autoencoder>
void for_each_part(Visit&& visit, Autoencoder&... w) {
  visit("encoder", w.encoder...);
  visit("decoder", w.decoder...);
  visit("encoder_bias", w.encoder_bias...);
  visit("decoder_bias", w.decoder_bias...);
}

template <typename Scalar>
void put(data::TensorFile& file, std::string_view prefix,
         const model::TopKAutoencoder<Scalar>& weights) {
  const auto put_part = [&](std::string_view name, const auto& part) {
    if (part.size() > 0) file.tensors[fmt::format("{}{}", prefix, name)] = data::to_tensor(part);
  };
  for_each_part(put_part, weights);
}

template <typename Scalar>
void take(const CheckpointReader& reader, std::string_view prefix,
          const model::TopKAutoencoder<Scalar>& like, model::TopKAutoencoder<Scalar>& weights) {
  const auto take_part = [&](std::string_view name, const auto& shape, auto& part) {
    const std::string key = fmt::format("{}{}", prefix, name);
    if (reader.has(key) != (shape.size() > 0)) {
      reader.fail(fmt::format("it {} {}, this run {}", reader.has(key) ? "has" : "lacks", key,
                              reader.has(key) ? "has none" : "has one"));
    }
    if (shape.size() > 0) part = reader.matrix<Scalar>(key, shape.rows(), shape.cols());
  };
  for_each_part(take_part, like, weights);
}

}  // namespace

template <std::floating_point Scalar>
void save_topk_checkpoint(const fs::path& folder, const TopKCheckpoint<Scalar>& checkpoint,
                          std::string_view fingerprint) {
  const ops::TopKState<Scalar>& state = checkpoint.state;
  data::TensorFile file;
  put(file, "", state.weights);
  put(file, "first.", state.first);
  put(file, "second.", state.second);
  file.tensors["silent"] = {{state.silent.size()}, state.silent};
  file.tensors["first_loss"] = {{1}, std::vector<double>{checkpoint.first_loss}};
  file.metadata = {{"twofold", std::string(kVersion)},
                   {"fingerprint", std::string(fingerprint)},
                   {"precision", std::string(kPrecision<Scalar>)},
                   {"step", std::to_string(state.steps)},
                   {"payload", checkpoint.payload}};
  create_folder(folder);
  write_checkpoint_files(folder, file);
}

template <std::floating_point Scalar>
TopKCheckpoint<Scalar> load_topk_checkpoint(const fs::path& folder, std::string_view fingerprint,
                                            const ops::TopKState<Scalar>& like) {
  const CheckpointReader reader(folder);
  reader.expect("fingerprint", fingerprint);
  reader.expect("precision", kPrecision<Scalar>);
  TopKCheckpoint<Scalar> checkpoint;
  ops::TopKState<Scalar>& state = checkpoint.state;
  take(reader, "", like.weights, state.weights);
  take(reader, "first.", like.first, state.first);
  take(reader, "second.", like.second, state.second);
  state.steps = reader.integer("step");
  state.silent = reader.integers("silent", like.silent.size());
  checkpoint.first_loss = reader.matrix<double>("first_loss", 1, 1)(0, 0);
  checkpoint.payload = reader.text("payload");
  return checkpoint;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                       \
  template void save_topk_checkpoint(const fs::path&, const TopKCheckpoint<Scalar>&,      \
                                     std::string_view);                                   \
  template TopKCheckpoint<Scalar> load_topk_checkpoint(const fs::path&, std::string_view, \
                                                       const ops::TopKState<Scalar>&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::train
