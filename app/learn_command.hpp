// What `twofold learn` was asked for, and what its models share.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "codec_command.hpp"
#include "twofold/data/transforms.hpp"
#include "twofold/estimators/dictionary_learner.hpp"
#include "twofold/estimators/topk_learner.hpp"

namespace twofold::app {

struct LearnCommand {
  std::string data, output, model = "sparse", sparsity = "auto", center = "auto", truth;
  std::vector<std::string> transforms;
  double holdout = 0.1;
  bool force = false, resume = false;
  estimators::DictionaryOptions options;
  estimators::TopKOptions topk;
  std::string tied = "no";
};

/// Rows to learn from and rows to judge by, transformed; and the transforms.
struct LearnRows {
  Rows train, held_out;  ///< held_out: null if none
  std::vector<data::KeptTransform> kept;
  Index input_dimension = 0;
};

[[nodiscard]] LearnRows learn_rows(const LearnCommand& command, std::uint64_t seed,
                                   ThreadPool& pool);

/// True atoms; empty if no file was named. @throws DataError  if their dimension is another one.
[[nodiscard]] Matrix read_truth(const std::string& file, Index dimension);

/// Throws InvalidArgument if the output is there and may not be replaced, OutputError if it
/// cannot be made.
void check_output(const LearnCommand& command);

/// Lets `produce` write into a folder beside the output and puts it in its place: the output is
/// the old one or the new one, complete, at any time. @throws OutputError.
void write_learned(const std::string& output,
                   const std::function<void(const std::filesystem::path& folder)>& produce);

/// A whole number >= 1, or 0 for "auto". @throws InvalidArgument.
[[nodiscard]] Index parse_sparsity(const std::string& text);

[[nodiscard]] int learn_topk(LearnCommand command, const CommonOptions& options);

}  // namespace twofold::app
