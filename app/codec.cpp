// twofold codec: a 1-bit codec for vectors that says its error before it encodes.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "codec_command.hpp"
#include "codec_table.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/locate.hpp"
#include "twofold/estimators/one_bit_stream.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;
using estimators::OneBitCodec;
using experiment::Json;

struct StreamCommand {
  std::string input, codec, output;
  bool unbiased = false;
};

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

bool is_image_set(const std::string& name) {
  std::error_code ignored;
  if (fs::exists(name, ignored)) return false;
  return std::ranges::any_of(data::known_datasets(),
                             [&](const data::DataSet& set) { return set.name == name; });
}

Rows open_vectors(const std::string& name) {
  return is_image_set(name) ? data::open_dataset_images(name) : data::open_file(name);
}

void require_other_file(const std::string& input, const std::string& output) {
  std::error_code ignored;
  require(!fs::equivalent(input, output, ignored), "app::codec",
          fmt::format("the output {} is the input; name another file", output));
}

Action stoppable(std::function<int()> perform) {
  return [perform = std::move(perform)] {
    catch_stop_signals();
    try {
      return perform();
    } catch (const estimators::Stopped&) {
      fmt::print(stderr, "stopped; nothing was written\n");
      return static_cast<int>(kInterrupted);
    }
  };
}

void add_codec(CLI::App& app, CommonOptions& options, Action& action) {
  CLI::App* sub = app.add_subcommand("codec", "1-bit codes for vectors, with the error beforehand");
  sub->description(
      "Example:\n  twofold codec fit vectors.fvecs --rate 1 -o codec.tf1b\n  twofold codec encode "
      "vectors.fvecs --codec codec.tf1b -o vectors.codes\n  twofold codec decode vectors.codes "
      "--codec codec.tf1b -o decoded.npy");
  sub->require_subcommand(1);
  add_codec_fit(*sub, options, action);
  add_encode(*sub, options, action);
  add_decode(*sub, options, action);
  add_info(*sub, options, action);
}

}  // namespace twofold::app
