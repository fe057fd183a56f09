#include "twofold/estimators/dictionary_stream.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>

#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/write_rows.hpp"
#include "twofold/data/write_sparse.hpp"

namespace twofold::estimators {
namespace {

using Clock = std::chrono::steady_clock;
using Codes = ops::SparseCodes<double>;
using Visit = std::function<void(const Codes& codes, const Matrix& Xhat)>;

SpacedRows every(const data::Source& rows) {
  return {rows.size(), rows.size()};
}

// Codes and reconstructions block by block; the time that `visit` takes is not counted.
DictionaryPass pass(const LearnedDictionary& dictionary, const data::Source& rows,
                    const SpacedRows& chosen, ThreadPool& pool, Observer& observer,
                    const Visit& visit) {
  const DictionaryCoder coder(dictionary);
  DictionaryPass result;
  result.use.assign(static_cast<std::size_t>(dictionary.size()), 0);
  Codes codes;
  Matrix Xhat;
  auto begin = Clock::now();
  const auto lap = [&] {
    result.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  };
  for_each_chunk<double>(rows, chosen, pool, "encode", observer,
                         [&](std::uint64_t, const ConstView<double>& X) {
                           coder.encode(X, codes, pool);
                           Xhat.resize(X.rows(), X.cols());
                           coder.decode(codes, Xhat, pool);
                           result.explained.add(X, Xhat);
                           for (Index s = 0; s < codes.rows(); ++s) {
                             const auto i = static_cast<std::size_t>(s);
                             if (codes.offset[i] == codes.offset[i + 1]) ++result.empty;
                           }
                           for (const std::int32_t j : codes.index) {
                             ++result.use[static_cast<std::size_t>(j)];
                           }
                           result.entries += static_cast<std::uint64_t>(codes.size());
                           lap();
                           visit(codes, Xhat);
                           begin = Clock::now();
                         });
  result.rows = chosen.count();
  return result;
}

}  // namespace

std::shared_ptr<const data::Source> transformed_rows(const LearnedDictionary& dictionary,
                                                     std::shared_ptr<const data::Source> rows) {
  constexpr auto where = "estimators::transformed_rows";
  if (dictionary.status != "ok") {
    throw DataError(where, fmt::format("the dictionary {} in training: its codes mean nothing; "
                                       "learn it again with other options",
                                       dictionary.status));
  }
  if (rows->dimension() != dictionary.input_dimension) {
    throw DataError(
        where, fmt::format("{} has dimension {}, but the dictionary was learned on "
                           "rows of dimension {}",
                           rows->description(), rows->dimension(), dictionary.input_dimension));
  }
  try {
    for (const data::KeptTransform& kept : dictionary.transforms) {
      rows = data::restore_transform(kept)(std::move(rows), "test");
    }
  } catch (const InvalidArgument& e) {
    throw DataError(where, fmt::format("the dictionary's transforms do not fit: {}", e.what()));
  }
  return rows;
}

DictionaryPass measure_dictionary(const LearnedDictionary& dictionary,
                                  const data::Source& transformed, ThreadPool& pool,
                                  Observer& observer, std::uint64_t most) {
  return pass(dictionary, transformed, SpacedRows(transformed.size(), most), pool, observer,
              [](const Codes&, const Matrix&) {});
}

DictionaryPass write_codes(const LearnedDictionary& dictionary, const data::Source& transformed,
                           const std::filesystem::path& file, ThreadPool& pool,
                           Observer& observer) {
  DictionaryPass result;
  std::vector<std::int64_t> lengths;
  std::vector<float> values;
  const auto produce = [&](const data::AppendSparseRows& append) {
    result = pass(dictionary, transformed, every(transformed), pool, observer,
                  [&](const Codes& codes, const Matrix&) {
                    lengths.clear();
                    for (std::size_t i = 1; i < codes.offset.size(); ++i) {
                      lengths.push_back(codes.offset[i] - codes.offset[i - 1]);
                    }
                    values.assign(codes.value.begin(), codes.value.end());
                    append(lengths, codes.index, values);
                  });
  };
  data::write_csr(file, transformed.size(), dictionary.size(), produce);
  return result;
}

DictionaryPass write_reconstructions(const LearnedDictionary& dictionary,
                                     const data::Source& transformed,
                                     const std::filesystem::path& file, ThreadPool& pool,
                                     Observer& observer) {
  DictionaryPass result;
  const auto produce = [&](const data::AppendRows& append) {
    result = pass(dictionary, transformed, every(transformed), pool, observer,
                  [&](const Codes&, const Matrix& Xhat) { append(Xhat.cast<float>()); });
  };
  data::write_rows(file, transformed.size(), dictionary.dimension(), produce);
  return result;
}

}  // namespace twofold::estimators
