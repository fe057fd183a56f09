#include "report/sample_records.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "twofold/core/file.hpp"
#include "twofold/core/random.hpp"

namespace twofold::report::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kHeader = "source,value,standard_error,low,high\n";

json claim(const std::string& name, const std::string& title, double predicted, double z,
           double standard_error, double tolerance, const std::string& reason) {
  return {{"name", name},
          {"title", title},
          {"predicted", predicted},
          {"measured", predicted + z * standard_error},
          {"standard_error", standard_error},
          {"tolerance", tolerance},
          {"reason", reason},
          {"unit", "1"},
          {"source", "docs/theory/mean_field.md#phases"},
          {"verdict", std::abs(z * standard_error) <= tolerance ? "holds" : "fails"}};
}

json figure(const std::string& name, const std::string& title, const std::string& sentence,
            const json& x, const json& y, const std::string& series, const std::string& panel) {
  return {
      {"name", name}, {"title", title}, {"sentence", sentence}, {"data", "series/" + name + ".csv"},
      {"x", x},       {"y", y},         {"series", series},     {"panel", panel}};
}

json axis(const std::string& column, const std::string& label, const std::string& scale) {
  return {{"column", column}, {"label", label}, {"scale", scale}};
}

json record(const std::string& experiment, const std::string& title, const std::string& text) {
  return {{"twofold", "0.1.0"},
          {"system", "mean_field"},
          {"experiment", experiment},
          {"title", title},
          {"seed", 1},
          {"status", "ok"},
          {"description", text},
          {"machine", {{"cpu", "Intel(R) Xeon(R) Processor @ 2.10GHz"}, {"threads", 2}}},
          {"train", {{"precision", "split_bf16"}, {"arithmetic", "split_bf16 (amx_bf16)"}}},
          {"timing", {{"simulate_s", 41.83}, {"predict_s", 0.00392}}}};
}

void save(const fs::path& folder, const json& content) {
  write_file(folder / "record.json", content.dump(1));
}

fs::path new_folder(const fs::path& folder) {
  create_folder(folder / "series");
  return folder;
}

// A logistic that leaves r0² and saturates at (s − λ)/s: the shape of a gain.
double gain(double t, double eigenvalue, double penalty) {
  const double limit = std::max(1.0 - penalty / eigenvalue, 0.0), start = 0.002;
  const double growth = std::exp(2.0 * (eigenvalue - penalty) * t) * start;
  return limit == 0.0 ? growth : growth / (1.0 + growth / limit);
}

constexpr std::array kSpectrum{1.0, 0.4, 0.1, 0.03};

fs::path write_phases(const fs::path& parent) {
  const fs::path folder = new_folder(parent / "phases");
  json content =
      record("phases", "Which direction is learned when",
             "A tied ReLU autoencoder with 1600 neurons learns the principal directions of "
             "Gaussian data one after the other; a penalty keeps the last from being learned.");
  const RandomStream noise(1, "sample");
  std::string curves = "time,component," + std::string(kHeader);
  std::string loss = "time,case," + std::string(kHeader);  // of one case, which has no name
  for (int i = 0; i <= 120; ++i) {
    const double t = std::pow(10.0, -1.0 + 3.5 * i / 120.0);
    double total = 0.0;
    for (std::size_t j = 0; j < kSpectrum.size(); ++j) {
      const double a = gain(t, kSpectrum[j], 0.05);
      total += kSpectrum[j] * (1.0 - a) * (1.0 - a);
      curves += fmt::format("{},{},predicted,{},0,,\n", t, j + 1, a);
      if (i % 8 != 4) continue;
      const double error = 0.004 + 0.02 * a * (1.0 - a);
      const double z = noise.normal(static_cast<std::uint64_t>(i) * 4 + j);
      curves += fmt::format("{},{},measured,{},{},,\n", t, j + 1, a + error * z, error);
    }
    loss += fmt::format("{},,predicted,{},0,,\n", t, total / 2);
    if (i % 8 == 4) loss += fmt::format("{},,measured,{},{},,\n", t, total / 2 * 1.01, 0.006);
  }
  write_file(folder / "series/gain.csv", curves);
  write_file(folder / "series/loss.csv", loss);
  const json time = axis("time", "time t = η·steps", "log");
  content["figures"] = {
      figure("gain", "Gain of each principal component",
             "Each component waits, rises once and stays; the fourth is below the penalty and "
             "never rises.",
             time, axis("value", "gain a", "linear"), "component", ""),
      figure("loss", "Population loss", "A staircase: each step down is one component learned.",
             time, axis("value", "loss", "log"), "case", "")};
  const std::array z{0.7, -1.2, 1.6, 0.2, -0.4, 0.9, -1.8, 1.1, 0.3, -0.6, 1.4, -0.2};
  content["claims"] = json::array();
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t j = i % 4;
    const double t = i < 4 ? 1.0 : i < 8 ? 10.0 : 100.0;
    content["claims"].push_back(claim(
        fmt::format("gain[{}][{}]", i / 4, j),
        fmt::format("Gain of component {} at t = {}", j + 1, t), gain(t, kSpectrum[j], 0.05), z[i],
        0.0031, 0.02, "1600 neurons: fluctuations of order 1/√N plus 2 standard errors"));
  }
  content["trust"] = {{{"name", "asymmetry"},
                       {"value", 0.031},
                       {"limit", 0.1},
                       {"verdict", "trust"},
                       {"text", "the data are symmetric under x → −x to this accuracy"}},
                      {{"name", "effective dimension"},
                       {"value", 1.82},
                       {"limit", 16.0},
                       {"verdict", "caution"},
                       {"text", "few directions: gains of single runs fluctuate"}}};
  content["summary"] = {{"gain_limit", {0.95, 0.875, 0.5, 0.0}},
                        {"half_time", {3.27, 8.91, 62.4, nullptr}},
                        {"largest_safe_step", 0.4183},
                        {"K_lambda", 3}};
  save(folder, content);
  return folder;
}

fs::path write_width(const fs::path& parent) {
  const fs::path folder = new_folder(parent / "width");
  json content = record("width", "How many neurons are enough",
                        "The excess loss over the infinitely wide network falls as 1/N, for three "
                        "activations and several input dimensions.");
  const RandomStream noise(1, "width");
  std::string rows = "neurons,dimension,activation," + std::string(kHeader);
  std::uint64_t index = 0;
  for (const char* activation : {"relu", "gelu", "tanh"}) {
    for (const double d : {16.0, 64.0, 256.0, 1024.0}) {
      for (int i = 0; i <= 16; ++i) {
        const double n = std::pow(10.0, 1.5 + i / 4.0);
        const double excess = 0.6 * d / (n * (activation[0] == 't' ? 3.0 : 1.0));
        rows += fmt::format("{},{},{},predicted,{},0,{},{}\n", n, d, activation, excess,
                            excess * 0.8, excess * 1.25);
        if (i % 3 != 0) continue;
        const double value = excess * std::exp(0.1 * noise.normal(++index));
        rows += fmt::format("{},{},{},measured,{},{},,\n", n, d, activation, value, value * 0.06);
      }
    }
    // What a log axis cannot show: noise around nothing left.
    rows += fmt::format("300000,16,{},measured,-0.00001,0.00004,,\n", activation);
  }
  write_file(folder / "series/excess.csv", rows);
  content["figures"] = {figure("excess", "Excess loss against the number of neurons",
                               "Straight lines of slope −1; the band is the predicted bracket.",
                               axis("neurons", "neurons N", "log"),
                               axis("value", "excess loss", "log"), "dimension", "activation")};
  content["claims"] = json::array();
  for (int i = 0; i < 9; ++i) {
    const double z = i == 5 ? 9.3 : 0.8 * ((i * 7) % 5 - 2);
    const char* const activation = i < 3 ? "relu" : i < 6 ? "gelu" : "tanh";
    content["claims"].push_back(
        claim(fmt::format("slope[{}]", i),
              fmt::format("Slope of excess loss against N, {}, set {}", activation, i % 3 + 1),
              -1.0, z, 0.0141, 0.05, "fit over two decades; 3 standard errors"));
  }
  content["summary"] = {{"neurons_for_one_percent", 61440},
                        {"fit", {{"slope", -1.003}, {"residual", 2.3e-5}}}};
  content["timing"] = {{"simulate_s", 312.6}, {"predict_s", 0.0181}};
  save(folder, content);
  return folder;
}

// A PNG of 4×4 grey pixels.
constexpr auto kPng = std::to_array<unsigned char>(
    {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
     0x52, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00, 0x00, 0x00, 0x8c,
     0x9a, 0xc1, 0xa2, 0x00, 0x00, 0x00, 0x1d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60,
     0x10, 0x50, 0x30, 0x60, 0x70, 0x08, 0x48, 0x28, 0x60, 0x68, 0x98, 0xb0, 0x60, 0x03, 0xc3,
     0x81, 0x0b, 0x0f, 0x3e, 0x00, 0x00, 0x30, 0xd4, 0x07, 0x81, 0xa2, 0xfb, 0x9d, 0x93, 0x00,
     0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82});

fs::path write_images(const fs::path& parent) {
  const fs::path folder = new_folder(parent / "fashion_mnist");
  create_folder(folder / "arrays");
  json content =
      record("fashion_mnist", "Real images, with and without random signs",
             "With random signs the data are symmetric and the theory holds; without them it "
             "does not claim to.");
  const RandomStream noise(1, "images");
  std::string rows = "time,signs," + std::string(kHeader);
  for (const char* signs : {"random", "as they are"}) {
    for (int i = 0; i <= 60; ++i) {
      const double t = std::pow(10.0, -1.0 + 4.0 * i / 60.0);
      const double value = 0.02 + 0.48 / (1.0 + 0.2 * t);
      rows += fmt::format("{},{},predicted,{},0,,\n", t, signs, value);
      if (i % 5 != 0) continue;
      const double shift = signs[0] == 'a' ? 0.85 : 1.0;
      const double z = noise.normal(static_cast<std::uint64_t>(i));
      rows += fmt::format("{},{},measured,{},0.004,,\n", t, signs, value * shift + 0.003 * z);
    }
  }
  write_file(folder / "series/loss.csv", rows);
  write_file(folder / "arrays/atoms.png", std::string(kPng.begin(), kPng.end()));
  content["images"] = {
      {{"name", "atoms"}, {"title", "Learned atoms"}, {"data", "arrays/atoms.png"}}};
  content["figures"] = {figure("loss", "Reconstruction loss on Fashion-MNIST",
                               "The points of the symmetrised images lie on the line.",
                               axis("time", "time t = η·steps", "log"),
                               axis("value", "loss", "linear"), "signs", "")};
  content["claims"] = json::array();
  for (int i = 0; i < 3; ++i) {
    content["claims"].push_back(
        claim(fmt::format("loss[{}]", i), fmt::format("Loss at t = {}", std::pow(10, i)),
              0.42 / (1 + i), 0.5 * i - 0.4, 0.0042, 0.02, "finite width and 2 standard errors"));
  }
  json skipped = claim("loss_without_signs", "Loss at t = 100, images as they are", 0.043, -2.0,
                       0.004, 0.02, "as above");
  skipped["verdict"] = "not applicable";
  skipped["why"] = "the data are not symmetric under x → −x: asymmetry 0.61 is above 0.1";
  content["claims"].push_back(skipped);
  content["trust"] = {
      {{"name", "asymmetry"},
       {"value", 0.61},
       {"limit", 0.1},
       {"verdict", "caution"},
       {"text", "the images have a mean; use random_signs for the theory to apply"}}};
  content["summary"] = {{"final_loss", 0.0213}};
  save(folder, content);
  return folder;
}

}  // namespace

std::vector<fs::path> write_sample_records(const fs::path& folder) {
  return {write_phases(folder), write_width(folder), write_images(folder)};
}

}  // namespace twofold::report::testing
