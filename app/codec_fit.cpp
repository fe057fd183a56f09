// twofold codec fit: what a codec will lose, before it encodes, and what it lost.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "codec_command.hpp"
#include "codec_table.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/estimators/one_bit_fit.hpp"

namespace twofold::app {
namespace {

using estimators::OneBitCodec;

constexpr std::uint64_t kMeasuredRows = 2000;
constexpr int kDefaultLayers = 3;

struct FitCommand {
  std::string data, output, layers = "auto";
  double holdout = 0.2;
  estimators::OneBitFitOptions fit;
};

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

void measure_layers(const OneBitCodec& codec, int layers, const Rows& rows, ThreadPool& pool,
                    Observer& observer, FitReport& report) {
  const auto tabulated = estimators::tabulated_layers();
  std::vector<int> counts(tabulated.begin(), tabulated.end());
  if (std::ranges::find(counts, layers) == counts.end()) counts.push_back(layers);
  const auto errors = estimators::measure(codec, *rows, counts, kMeasuredRows, pool, observer);
  report.held_out_rows = std::min(rows->size(), kMeasuredRows);
  const double drift = estimators::drift(codec, *rows, pool, observer);
  if (std::abs(drift) > 0.5 * estimators::agreement_tolerance(layers)) {
    report.prediction.obstacles.push_back(
        fmt::format("held-out rows are of another kind: their variances alone change the error by "
                    "{:+.1f} %; shuffle the rows of the file",
                    100.0 * drift));
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    report.held_out.push_back(
        {counts[i], estimators::fitted_mse(report.prediction, counts[i]), errors[i]});
  }
}

// The codec with its number of layers and what is known about it; sets the verdict.
OneBitCodec judged_codec(const OneBitCodec& codec, int layers, FitReport& report) {
  estimators::OneBitCodecParameters p = codec.parameters();
  p.layers = layers;
  p.predicted = estimators::fitted_mse(report.prediction, layers);
  auto verdict = Verdict::NotApplicable;
  report.reason = "no held-out vectors";
  for (const MeasuredLayer& m : report.held_out) {
    if (m.layers != layers) continue;
    p.measured = m.measured.mean;
    verdict = estimators::judge(report.prediction, p.predicted, m.measured, layers);
    report.reason.clear();
  }
  if (verdict == Verdict::Fails) {
    report.reason = fmt::format("measured and predicted differ by more than {:.0f} %",
                                100.0 * estimators::agreement_tolerance(layers));
  }
  if (!report.prediction.obstacles.empty()) report.reason = report.prediction.obstacles.front();
  report.verdict = to_string(verdict);
  return OneBitCodec(std::move(p));
}

int fit(FitCommand command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  const int wanted = parse_layers(command.layers);
  require_other_file(command.data, command.output);
  check_place(command.output);
  if (options.seed) command.fit.seed = static_cast<std::uint64_t>(*options.seed);
  command.fit.layers = wanted > 0 ? wanted : kDefaultLayers;
  const Rows rows = open_vectors(command.data);
  const Split parts = split(rows, command.holdout);
  FitReport report{.data = rows->description(), .codec = command.output};

  auto begin = std::chrono::steady_clock::now();
  estimators::OneBitFit fitted =
      estimators::fit_one_bit_codec(*parts.fit, command.fit, pool, *observer);
  const OneBitCodec& codec = fitted.codec;
  report.prediction = std::move(fitted.prediction);
  report.fit_s = seconds_since(begin);
  if (!options.json) {
    print_prediction(codec, report);
    std::fflush(stdout);
  }
  begin = std::chrono::steady_clock::now();
  int layers = command.fit.layers;
  if (wanted == 0 && parts.choose != nullptr) {
    layers = best_layers(codec, parts.choose, pool, *observer);
  }
  if (parts.test != nullptr) measure_layers(codec, layers, parts.test, pool, *observer, report);
  const OneBitCodec final_codec = judged_codec(codec, layers, report);
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

template <std::size_t N>
CLI::IsMember one_of(const std::array<std::string_view, N>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

}  // namespace

void add_codec_fit(CLI::App& codec, CommonOptions& options, Action& action) {
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

}  // namespace twofold::app
