#include "twofold/data/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

// Rows handled at once; bounds the scratch memory, and is of no influence on the result.
constexpr Index kPiece = 256;

template <typename Scalar>
void read_in_pieces(const Source& source, std::uint64_t first, View<Scalar>& rows) {
  std::array<std::uint64_t, kPiece> index;
  for (Index begin = 0; begin < rows.rows(); begin += kPiece) {
    const Index count = std::min(kPiece, rows.rows() - begin);
    const std::span<std::uint64_t> piece(index.data(), static_cast<std::size_t>(count));
    std::iota(piece.begin(), piece.end(), first + static_cast<std::uint64_t>(begin));
    source.gather(piece, View<Scalar>(rows.middleRows(begin, count)));
  }
}

}  // namespace

void Source::gather(std::span<const std::uint64_t> index, View<float> rows) const {
  check_request(index, rows.rows(), rows.cols());
  Matrix wide(std::min(kPiece, rows.rows()), rows.cols());
  for (Index begin = 0; begin < rows.rows(); begin += kPiece) {
    const Index count = std::min(kPiece, rows.rows() - begin);
    const auto piece =
        index.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    gather(piece, View<double>(wide.topRows(count)));
    rows.middleRows(begin, count) = wide.topRows(count).cast<float>();
  }
}

void Source::read(std::uint64_t first, View<double> rows) const {
  read_in_pieces(*this, first, rows);
}

void Source::read(std::uint64_t first, View<float> rows) const {
  read_in_pieces(*this, first, rows);
}

void Source::check_request(std::span<const std::uint64_t> index, Index rows, Index cols) const {
  if (static_cast<std::size_t>(rows) != index.size() || cols != dimension()) {
    throw InvalidArgument(
        "data::Source",
        fmt::format("{} rows of dimension {} are asked for, but the matrix is {} x {}",
                    index.size(), dimension(), rows, cols));
  }
  const std::uint64_t end = size();
  for (const std::uint64_t i : index) {
    if (i >= end) {
      throw InvalidArgument("data::Source",
                            fmt::format("row {} is asked for, but there are only {}", i, end));
    }
  }
}

}  // namespace twofold::data
