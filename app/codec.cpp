// twofold codec: a 1-bit codec for vectors that says its error before it encodes.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "codec_table.hpp"
#include "command.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/locate.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/estimators/one_bit_fit.hpp"
#include "twofold/estimators/one_bit_stream.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;
using estimators::OneBitCodec;
using experiment::Json;
using Rows = std::shared_ptr<const data::Source>;

constexpr std::uint64_t kMeasuredRows = 2000;
constexpr int kDefaultLayers = 3;

struct FitCommand {
  std::string data, output, layers = "auto";
  double holdout = 0.2;
  estimators::OneBitFitOptions fit;
};

struct StreamCommand {
  std::string input, codec, output;
  bool unbiased = false;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Rows open_vectors(const std::string& name) {
  std::error_code ignored;
  if (!fs::exists(name, ignored)) {
    for (const data::DataSet& set : data::known_datasets()) {
      if (set.name == name) return data::open_dataset_images(name);
    }
  }
  return data::open_file(name);
}

void require_other_file(const std::string& input, const std::string& output) {
  std::error_code ignored;
  require(!fs::equivalent(input, output, ignored), "app::codec",
          fmt::format("the output {} is the input; name another file", output));
}

/// Number of layers, 0 for auto.
int parse_layers(const std::string& text) {
  if (text == "auto") return 0;
  int layers = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), layers);
  require(error == std::errc() && end == text.data() + text.size() && layers >= 1 && layers <= 100,
          "app::codec", fmt::format("--layers must be auto or in 1 ... 100, got '{}'", text));
  return layers;
}

/// Rows to fit on, then rows to choose the number of layers on, then rows to measure on.
struct Split {
  Rows fit, choose, test;
};

Split split(const Rows& rows, double holdout) {
  const std::uint64_t size = rows->size();
  const auto held = static_cast<std::uint64_t>(std::llround(holdout * static_cast<double>(size)));
  if (held == 0) return {rows, nullptr, nullptr};
  require(held < size, "app::codec",
          fmt::format("--holdout {} leaves none of {} rows to fit on", holdout, size));
  const std::uint64_t first = size - held, half = held / 2;
  return {data::row_range(rows, 0, first), half == 0 ? nullptr : data::row_range(rows, first, half),
          data::row_range(rows, first + half, held - half)};
}

// The number of layers with the least error; a smaller one if it is as good to half a percent.
int best_layers(const OneBitCodec& codec, const Rows& rows, ThreadPool& pool, Observer& observer) {
  const auto layers = estimators::tabulated_layers();
  const auto errors = estimators::measure(codec, *rows, layers, kMeasuredRows, pool, observer);
  double least = errors.front().mean;
  for (const auto& error : errors) least = std::min(least, error.mean);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (errors[i].mean <= 1.005 * least) return layers[i];
  }
  return layers.front();
}

OneBitCodec measured_codec(const OneBitCodec& codec, int layers, const Rows& rows, ThreadPool& pool,
                           Observer& observer, FitReport& report) {
  estimators::OneBitCodecParameters p = codec.parameters();
  p.layers = layers;
  p.predicted = estimators::predicted_mse(p, p.prior, layers);
  report.verdict = estimators::to_string(estimators::Verdict::NotApplicable);
  report.reason = "no held-out vectors";
  if (rows != nullptr) {
    const auto tabulated = estimators::tabulated_layers();
    std::vector<int> counts(tabulated.begin(), tabulated.end());
    if (std::ranges::find(counts, layers) == counts.end()) counts.push_back(layers);
    const auto errors = estimators::measure(codec, *rows, counts, kMeasuredRows, pool, observer);
    report.held_out_rows = std::min(rows->size(), kMeasuredRows);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      report.held_out.push_back(
          {counts[i], estimators::predicted_mse(p, p.prior, counts[i]), errors[i]});
      if (counts[i] != layers) continue;
      p.measured = errors[i].mean;
      const auto verdict = estimators::judge(report.prediction, p.predicted, errors[i], layers);
      report.verdict = estimators::to_string(verdict);
      report.reason.clear();
      if (verdict == estimators::Verdict::Fails) {
        report.reason = fmt::format("measured and predicted differ by more than {:.0f} %",
                                    100.0 * estimators::agreement_tolerance(layers));
      }
    }
  }
  if (!report.prediction.obstacles.empty()) report.reason = report.prediction.obstacles.front();
  return OneBitCodec(std::move(p));
}

int fit(FitCommand command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  const int wanted = parse_layers(command.layers);
  require_other_file(command.data, command.output);
  if (options.seed) command.fit.seed = static_cast<std::uint64_t>(*options.seed);
  command.fit.layers = wanted > 0 ? wanted : kDefaultLayers;
  const Rows rows = open_vectors(command.data);
  const Split parts = split(rows, command.holdout);
  FitReport report{.data = rows->description(), .codec = command.output};

  auto begin = std::chrono::steady_clock::now();
  const OneBitCodec codec = estimators::fit_one_bit_codec(*parts.fit, command.fit, pool, *observer);
  report.fit_s = seconds_since(begin);
  begin = std::chrono::steady_clock::now();
  report.prediction = estimators::predict(codec.parameters());
  report.predict_s = seconds_since(begin);
  if (!options.json) {
    print_prediction(codec, report);
    std::fflush(stdout);
  }
  begin = std::chrono::steady_clock::now();
  int layers = command.fit.layers;
  if (wanted == 0 && parts.choose != nullptr) {
    layers = best_layers(codec, parts.choose, pool, *observer);
  }
  const OneBitCodec final_codec =
      measured_codec(codec, layers, parts.test, pool, *observer, report);
  report.measure_s = seconds_since(begin);
  estimators::save_codec(command.output, final_codec);
  if (options.json) {
    fmt::print("{}\n", fit_document(final_codec, report).dump(1));
  } else {
    print_measurement(final_codec, report);
  }
  observer->message(Severity::Info,
                    fmt::format("codec: {}; next: twofold codec encode {} --codec {} -o CODES",
                                command.output, command.data, command.output));
  return kOk;
}

void finish(const estimators::StreamReport& report, const char* verb, const std::string& output,
            const CommonOptions& options, Observer& observer) {
  const double rate =
      report.seconds > 0.0 ? static_cast<double>(report.vectors) / report.seconds : 0.0;
  if (report.cut_norms > 0) {
    observer.message(Severity::Warning,
                     fmt::format("{} vectors are more than 65504 times as long as usual; their "
                                 "norms were cut to that",
                                 report.cut_norms));
  }
  if (options.json) {
    const Json document = {
        {"command", fmt::format("codec {}", verb)},
        {"file", output},
        {"vectors", report.vectors},
        {"cut_norms", report.cut_norms},
        {"timing", {{fmt::format("{}_s", verb), report.seconds}, {"vectors_per_s", rate}}}};
    fmt::print("{}\n", document.dump(1));
  }
  observer.message(Severity::Info,
                   fmt::format("{}: {} vectors, {:.3g} s, {:.3g} vectors/s, {} bytes", output,
                               report.vectors, report.seconds, rate, fs::file_size(output)));
}

int encode(const StreamCommand& command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  require_other_file(command.input, command.output);
  const OneBitCodec codec = estimators::load_codec(command.codec);
  const Rows rows = open_vectors(command.input);
  const auto report = estimators::encode_file(codec, *rows, command.output, pool, *observer);
  finish(report, "encode", command.output, options, *observer);
  return kOk;
}

int decode(const StreamCommand& command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  require_other_file(command.input, command.output);
  const OneBitCodec codec = estimators::load_codec(command.codec);
  const auto output = command.unbiased ? estimators::Reconstruction::Unbiased
                                       : estimators::Reconstruction::PosteriorMean;
  const auto report =
      estimators::decode_file(codec, command.input, command.output, output, pool, *observer);
  finish(report, "decode", command.output, options, *observer);
  return kOk;
}

int info(const std::string& file, const CommonOptions& options) {
  Json document;
  switch (estimators::one_bit_file_kind(file)) {
    case estimators::OneBitFileKind::Codec:
      document = codec_document(estimators::load_codec(file));
      break;
    case estimators::OneBitFileKind::Codes:
      document = codes_document(estimators::CodesReader(file).header());
      break;
    case estimators::OneBitFileKind::Other:
      throw DataError("app::codec", file + ": is neither a codec nor codes of twofold");
  }
  if (options.json) {
    fmt::print("{}\n", document.dump(1));
  } else {
    print_document(document);
  }
  return kOk;
}

// A stop leaves nothing behind that could be resumed.
template <typename Perform>
Action stoppable(Perform perform) {
  return [perform = std::move(perform)] {
    catch_stop_signals();
    try {
      return static_cast<int>(perform());
    } catch (const estimators::Stopped&) {
      fmt::print(stderr, "stopped; nothing was written\n");
      return static_cast<int>(kInterrupted);
    }
  };
}

template <std::size_t N>
CLI::IsMember one_of(const std::array<std::string_view, N>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

void add_fit(CLI::App& codec, CommonOptions& options, Action& action) {
  auto command = std::make_shared<FitCommand>();
  CLI::App* sub = codec.add_subcommand("fit", "fit a codec; prints its error before it encodes");
  sub->description(
      "Example:\n  twofold codec fit vectors.fvecs --rate 1 --transform pca -o codec.tf1b\n\nFits "
      "mean, scales and prior to the first rows, prints the error that theory predicts,\nthen what "
      "the held-out rows measure. Errors are relative to the variance of the data.");
  sub->add_option("data", command->data,
                  ".npy .npz .fvecs .bvecs .ivecs .csv IDX file, or mnist, fashion-mnist, cifar10")
      ->required();
  sub->add_option("--rate", command->fit.rate, "bits per element, > 0")->capture_default_str();
  sub->add_option("--layers", command->layers,
                  "decoder layers, or auto: the best of 1, 2, 3, 6 on held-out rows")
      ->capture_default_str();
  sub->add_option("--prior", command->fit.prior, "law of a standardised coordinate")
      ->check(one_of(estimators::kPriorNames))
      ->capture_default_str();
  sub->add_option("--transform", command->fit.transform, "before scaling; pca is best, costs d³")
      ->check(one_of(estimators::kTransformNames))
      ->capture_default_str();
  sub->add_option("--norm", command->fit.norm, "2 bytes for the norm of each vector")
      ->check(one_of(estimators::kNormNames))
      ->capture_default_str();
  sub->add_option("--holdout", command->holdout, "share of rows, the last ones, to measure on")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  sub->add_option("-o,--output", command->output, "codec file, such as codec.tf1b")->required();
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = stoppable([command, &options] { return fit(*command, options); });
  });
}

void add_encode(CLI::App& codec, CommonOptions& options, Action& action) {
  auto command = std::make_shared<StreamCommand>();
  CLI::App* sub = codec.add_subcommand("encode", "vectors to codes");
  sub->description(
      "Example:\n  twofold codec encode vectors.fvecs --codec codec.tf1b -o vectors.codes");
  sub->add_option("data", command->input, "vectors, as for codec fit")->required();
  sub->add_option("--codec", command->codec, "codec file from codec fit")->required();
  sub->add_option("-o,--output", command->output, "file of codes")->required();
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = stoppable([command, &options] { return encode(*command, options); });
  });
}

void add_decode(CLI::App& codec, CommonOptions& options, Action& action) {
  auto command = std::make_shared<StreamCommand>();
  CLI::App* sub = codec.add_subcommand("decode", "codes back to vectors");
  sub->description(
      "Example:\n  twofold codec decode vectors.codes --codec codec.tf1b -o decoded.npy\n\nLeast "
      "mean square error by default. --unbiased is noisier, but not shrunk: for inner products.");
  sub->add_option("codes", command->input, "file from codec encode")->required();
  sub->add_option("--codec", command->codec, "the codec that encoded")->required();
  sub->add_option("-o,--output", command->output, ".npy or .fvecs")->required();
  sub->add_flag("--unbiased", command->unbiased, "for inner products with other vectors");
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = stoppable([command, &options] { return decode(*command, options); });
  });
}

void add_info(CLI::App& codec, CommonOptions& options, Action& action) {
  auto file = std::make_shared<std::string>();
  CLI::App* sub = codec.add_subcommand("info", "what a codec or a file of codes is");
  sub->description("Example:\n  twofold codec info codec.tf1b");
  sub->add_option("file", *file, "codec, or codes")->required();
  add_common_options(*sub, options);
  sub->callback(
      [file, &options, &action] { action = [file, &options] { return info(*file, options); }; });
}

}  // namespace

void add_codec(CLI::App& app, CommonOptions& options, Action& action) {
  CLI::App* sub = app.add_subcommand("codec", "1-bit codes for vectors, with the error beforehand");
  sub->description(
      "Example:\n  twofold codec fit vectors.fvecs --rate 1 -o codec.tf1b\n  twofold codec encode "
      "vectors.fvecs --codec codec.tf1b -o vectors.codes\n  twofold codec decode vectors.codes "
      "--codec codec.tf1b -o decoded.npy");
  sub->require_subcommand(1);
  add_fit(*sub, options, action);
  add_encode(*sub, options, action);
  add_decode(*sub, options, action);
  add_info(*sub, options, action);
}

}  // namespace twofold::app
