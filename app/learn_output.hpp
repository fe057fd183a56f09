// What the models of `twofold learn` leave behind alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "twofold/estimators/dictionary_learner.hpp"
#include "twofold/estimators/dictionary_stream.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::app {

/// Atoms by how many of the rows they are in, the most first.
[[nodiscard]] std::vector<Index> atoms_by_use(const estimators::DictionaryPass& pass);

/// Share of the rows an atom is in, over its rank, and k/m as the line.
/// @param words  with title, sentence and label of the x axis
[[nodiscard]] experiment::Figure usage_figure(const estimators::DictionaryPass& pass,
                                              Index sparsity, experiment::Figure words);

[[nodiscard]] experiment::Json choices_json(
    const std::vector<estimators::DictionaryChoice>& choices);

/// Dictionary, picture of its atoms (for images), record and report, complete or not at all.
/// @param trained  use of the atoms, by which the picture is sorted
/// @param record   of the name of the picture, empty if there is none
void write_dictionary(const std::string& output, const estimators::LearnedDictionary& dictionary,
                      const estimators::DictionaryPass& trained, const std::string& title,
                      int threads,
                      const std::function<experiment::Record(const std::string& sheet)>& record);

}  // namespace twofold::app
