#include "twofold/data/sparse_source.hpp"

#include <fmt/format.h>

#include "twofold/core/error.hpp"

namespace twofold::data {

SparseSource::SparseSource(ScalarPrior prior, Index dimension, std::uint64_t seed,
                           std::string_view split)
    : prior_(std::move(prior)),
      dimension_(dimension),
      stream_(seed, "sparse_source/" + std::string(split)) {
  require(dimension >= 1, "data::SparseSource",
          fmt::format("the dimension must be >= 1, got {}", dimension));
}

std::string SparseSource::description() const {
  return fmt::format("{}, dimension {}", prior_.name(), dimension_);
}

template <typename Scalar>
void SparseSource::fill_row(std::uint64_t i, std::span<Scalar> out) const {
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = static_cast<Scalar>(prior_.sample(stream_.bits(i, j)));
  }
}

template void SparseSource::fill_row(std::uint64_t, std::span<float>) const;
template void SparseSource::fill_row(std::uint64_t, std::span<double>) const;

}  // namespace twofold::data
