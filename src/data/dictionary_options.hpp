// The generative sources with a known dictionary, from the options of a spec.
#pragma once

#include <optional>

#include "twofold/data/dataset.hpp"
#include "twofold/data/dictionary_model.hpp"

namespace twofold::data {

/// The law that `source` names; empty if it is another kind of source.
[[nodiscard]] std::optional<CodeLaw> code_law(std::string_view source);

/// The model the options describe; `weights` that add up to 1 within 1e-5 are divided by their sum.
/// @throws InvalidArgument  naming the key and the remedy; DataError for a dictionary file.
[[nodiscard]] DictionaryModel dictionary_model(const SourceOptions& options, CodeLaw law,
                                               std::uint64_t seed);

/// @throws InvalidArgument  if a key of these sources is set though the source is another one.
void refuse_dictionary_keys(const SourceOptions& options);

}  // namespace twofold::data
