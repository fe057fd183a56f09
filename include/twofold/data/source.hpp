// A source of samples: rows of equal length, addressed by number.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "twofold/linalg/matrix.hpp"

namespace twofold::data {

/// Size of a source that never ends (a generative model).
inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// How a sample is an image: pixel (row i, column j) of channel c is its element
/// (c·rows + i)·cols + j. All zero if it is none.
struct ImageShape {
  Index rows = 0;
  Index cols = 0;
  Index channels = 0;

  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] Index size() const noexcept { return rows * cols * channels; }
  bool operator==(const ImageShape&) const = default;
};

/// Samples x_i in R^d, i = 0, 1, ...; the same i always gives the same bits.
///
/// `gather` is const and thread-safe. A file source has a finite size; a generative
/// one is unlimited and its sample i is a function of (seed, i).
class Source {
 public:
  virtual ~Source() = default;

  [[nodiscard]] virtual Index dimension() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// One line for people: what it is, from where, how many.
  [[nodiscard]] virtual std::string description() const = 0;

  /// How a row is an image, where that is known.
  [[nodiscard]] virtual ImageShape image_shape() const { return {}; }

  /// Whether every element is a float exactly, so that single precision loses nothing.
  [[nodiscard]] virtual bool exact_in_float() const { return false; }

  /// rows.row(k) = x_{index[k]}.
  /// @param index  each < size(); rows has index.size() rows and dimension() columns.
  /// @throws DataError        if a file cannot deliver the row or the row is not finite.
  /// @throws InvalidArgument  if a number or the shape of `rows` is wrong.
  virtual void gather(std::span<const std::uint64_t> index, View<double> rows) const = 0;

  /// The same in single precision; by default rounds the double version.
  virtual void gather(std::span<const std::uint64_t> index, View<float> rows) const;

  /// Rows [first, first + rows.rows()) in order; by default through `gather`.
  virtual void read(std::uint64_t first, View<double> rows) const;
  virtual void read(std::uint64_t first, View<float> rows) const;

 protected:
  /// Throws InvalidArgument unless the request fits this source.
  void check_request(std::span<const std::uint64_t> index, Index rows, Index cols) const;
};

}  // namespace twofold::data
