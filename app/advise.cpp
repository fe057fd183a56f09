// twofold advise: what theory says about a file of rows, before anything is trained.

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "advise_table.hpp"
#include "codec_command.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/version.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/data/transforms.hpp"

namespace twofold::app {
namespace {

constexpr auto kWhere = "app::advise";
constexpr std::uint64_t kDefaultRows = 2000;

struct AdviseCommand {
  std::string data, rows, gram, precision = "float";
  std::vector<std::string> transforms;
  std::uint64_t memory_limit = 2'000'000'000;
  bool force = false;
  estimators::TangentAdviceOptions tangent;
};

// 0: all there are.
std::uint64_t parse_rows(const std::string& text) {
  if (text.empty()) return kDefaultRows;
  if (text == "all") return 0;
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  require(error == std::errc() && end == text.data() + text.size() && n >= 1, kWhere,
          fmt::format("--rows must be all or a whole number >= 1, got '{}'", text));
  return n;
}

struct Advised {
  Rows rows;
  AdvisedRows about;
};

Advised open_rows(const AdviseCommand& command, std::uint64_t seed, ThreadPool& pool) {
  const Rows all = open_vectors(command.data);
  const std::uint64_t wanted = parse_rows(command.rows), size = all->size();
  require(command.rows.empty() || wanted <= size, kWhere,
          fmt::format("--rows {}: {} has {} rows", wanted, command.data, size));
  const std::uint64_t used = wanted == 0 ? size : std::min(wanted, size);
  data::FittedTransforms fitted = data::fit_transforms(
      command.transforms, used < size ? data::row_range(all, 0, used) : all, seed, pool);
  require(!fitted.random_signs && !fitted.mirrored, kWhere,
          "random_signs and mirrored change batches, not rows; leave them out");
  std::error_code ignored;
  return {fitted.train,
          {command.data, !std::filesystem::exists(command.data, ignored),
           fitted.train->description(), command.transforms, used, size}};
}

void check_gram(const std::string& path, bool force) {
  if (path.empty()) return;
  require(path.ends_with(".npy"), kWhere, fmt::format("--gram {}: name a .npy file", path));
  std::error_code ignored;
  require(
      !std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored),
      kWhere, fmt::format("--gram {}: is no file that can be replaced; name another", path));
  require(force || !std::filesystem::exists(path, ignored), kWhere,
          fmt::format("--gram {}: exists; name another file, or --force to replace it", path));
}

int advise(AdviseCommand command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  check_gram(command.gram, command.force);
  estimators::TangentAdviceOptions& wanted = command.tangent;
  if (options.seed) wanted.seed = static_cast<std::uint64_t>(*options.seed);
  wanted.memory_limit = static_cast<double>(command.memory_limit);
  wanted.gram = command.gram;
  if (command.precision == "split_bf16") wanted.float_products = FloatProducts::SplitBf16;
  const auto [rows, about] = open_rows(command, wanted.seed, pool);
  if (about.used < about.available) {
    observer->message(Severity::Info,
                      fmt::format("looking at the first {} of {} rows; --rows all for all of them",
                                  about.used, about.available));
  }
  const auto advice = estimators::tangent_advice(*rows, wanted, pool, *observer);
  if (options.json) {
    experiment::Json document = {{"twofold", kVersion},
                                 {"command", "advise"},
                                 {"data", about.description},
                                 {"rows", about.used},
                                 {"available_rows", about.available}};
    document["tangent_kernel"] = tangent_document(advice, wanted);
    fmt::print("{}\n", document.dump(1));
  } else {
    fmt::print("{}\n{} of {} rows looked at\n\n{}", about.description, about.used, about.available,
               tangent_text(advice, wanted, about));
  }
  return kOk;
}

void add_size_options(CLI::App& sub, AdviseCommand& command) {
  sub.add_option("--rows", command.rows, "look at the first so many rows, or all (default 2000)");
  sub.add_option("--memory-limit", command.memory_limit, "bytes to take: 2GB, 500MB, a number")
      ->transform(CLI::AsSizeValue(true))
      ->default_str("2GB");
  sub.add_option("--gram", command.gram,
                 "write the kernel K + Gamma of the rows to this .npy file (4 n^2 bytes)");
  sub.add_option("--precision", command.precision,
                 "products behind the kernel of more than 2500 rows and of --gram: float, or "
                 "split_bf16, to 1e-5 and faster where the processor has tiles of bfloat16")
      ->check(CLI::IsMember({"float", "split_bf16"}))
      ->capture_default_str();
  sub.add_flag("--force", command.force, "replace the file of --gram if it exists");
}

}  // namespace

void add_advise(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<AdviseCommand>();
  CLI::App* sub = app.add_subcommand("advise",
                                     "what theory says about your rows: width, step, "
                                     "number of steps");
  sub->description(
      "Examples:\n  twofold advise vectors.npy --transform center --transform unit_norm\n  twofold "
      "advise fashion-mnist --rows all --gram kernel.npy --memory-limit 2GB\n\nNothing is trained. "
      "Prints near and equal rows, safe steps, the steps to a target loss, the width\nfor a wanted "
      "accuracy, when to stop, whether to tie weights, and a spec to begin with.");
  sub->add_option("data", command->data,
                  ".npy .npz .fvecs .bvecs .ivecs .csv IDX file, or mnist, fashion-mnist, cifar10")
      ->required();
  sub->add_option("--transform", command->transforms,
                  "of the rows, in order: center, unit_norm, unit_trace, ... as for learn")
      ->take_all()
      ->expected(1);
  sub->add_option("--target", command->tangent.target, "wanted loss over the loss at the start")
      ->capture_default_str();
  sub->add_option("--tolerance", command->tangent.tolerance,
                  "wanted error of the predicted trajectory, which sets the width")
      ->capture_default_str();
  add_size_options(*sub, *command);
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = stoppable([command, &options] { return advise(*command, options); });
  });
}

}  // namespace twofold::app
