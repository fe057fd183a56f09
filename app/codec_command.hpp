// What the subcommands of `twofold codec` share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "command.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::app {

using Rows = std::shared_ptr<const data::Source>;

/// A file in any format, or a known image set by its name if no such file exists.
[[nodiscard]] Rows open_vectors(const std::string& name);

/// Whether that is what a name stands for.
[[nodiscard]] bool is_image_set(const std::string& name);

/// Throws InvalidArgument if both are the same file.
void require_other_file(const std::string& input, const std::string& output);

/// Catches stop signals and ends with kInterrupted where one came: a stop leaves nothing behind
/// that could be resumed.
[[nodiscard]] Action stoppable(std::function<int()> perform);

void add_codec_fit(CLI::App& codec, CommonOptions& options, Action& action);

}  // namespace twofold::app
