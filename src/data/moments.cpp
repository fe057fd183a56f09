#include "twofold/data/moments.hpp"

#include "data_error.hpp"
#include "stream.hpp"
#include "twofold/linalg/second_moment.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::moments";

// Marks columns in which some row differs from `first`.
template <typename Scalar>
void mark_varying(ThreadPool& pool, const ConstView<Scalar>& rows, const VectorOf<Scalar>& first,
                  std::vector<char>& varies) {
  parallel_for(pool, rows.cols(), 64, [&](Index begin, Index end) {
    for (Index i = 0; i < rows.rows(); ++i) {
      for (Index j = begin; j < end; ++j) {
        if (rows(i, j) != first[j]) varies[static_cast<std::size_t>(j)] = 1;
      }
    }
  });
}

template <typename Scalar>
Moments accumulate(const Source& source, ThreadPool& pool, Observer& observer) {
  const Index d = source.dimension();
  const std::uint64_t total = source.size();
  SecondMoment second(d);
  Vector sum = Vector::Zero(d);
  VectorOf<Scalar> first;
  std::vector<char> varies(static_cast<std::size_t>(d), 0);
  for_each_chunk<Scalar>(source, pool, [&](const ConstView<Scalar>& rows) {
    if (first.size() == 0) first = rows.row(0).transpose();
    second.add(pool, rows);
    sum += column_sums<Scalar>(pool, rows);
    mark_varying<Scalar>(pool, rows, first, varies);
    observer.progress({.stage = "moments",
                       .done = static_cast<std::int64_t>(second.count()),
                       .total = static_cast<std::int64_t>(total)});
  });
  Moments result{second.count(), sum / static_cast<double>(total), second.value(), {}};
  for (Index j = 0; j < d; ++j) {
    if (varies[static_cast<std::size_t>(j)] == 0) result.constant_columns.push_back(j);
  }
  return result;
}

}  // namespace

Moments moments(const Source& source, ThreadPool& pool, Observer& observer) {
  require(source.size() != kUnlimited, kWhere,
          source.description() + " has no end; take some of its rows with row_range");
  if (source.size() < 2) {
    fail(kWhere, source.description(), fmt::format("{} row has no variance", source.size()),
         "give at least 2 samples");
  }
  Moments result = source.exact_in_float() ? accumulate<float>(source, pool, observer)
                                           : accumulate<double>(source, pool, observer);
  if (!result.constant_columns.empty()) {
    observer.message(Severity::Warning,
                     fmt::format("{} of {} columns are constant, the first is column {}; they "
                                 "carry no variance",
                                 result.constant_columns.size(), source.dimension(),
                                 result.constant_columns.front()));
  }
  return result;
}

}  // namespace twofold::data
