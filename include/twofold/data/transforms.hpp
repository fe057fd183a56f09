// Transforms of samples: a list of names, fitted on the training rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// A map of rows to rows, applied to each row by itself.
class RowMap {
 public:
  virtual ~RowMap() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Index output_dimension(Index input) const { return input; }
  [[nodiscard]] virtual ImageShape output_shape(ImageShape input) const { return input; }
  /// out.row(k) = f(in.row(k)); the matrices do not overlap.
  virtual void apply(const ConstView<double>& in, View<double> out) const = 0;
};

/// The rows of another source, mapped when they are gathered, in double.
class TransformedSource final : public Source {
 public:
  TransformedSource(std::shared_ptr<const Source> base, std::shared_ptr<const RowMap> map);

  [[nodiscard]] Index dimension() const override;
  [[nodiscard]] std::uint64_t size() const override { return base_->size(); }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] ImageShape image_shape() const override;
  using Source::gather;
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override;

 private:
  std::shared_ptr<const Source> base_;
  std::shared_ptr<const RowMap> map_;
};

/// A list of transforms with what was estimated from the training rows.
struct FittedTransforms {
  std::shared_ptr<const Source> train;  ///< the training rows, transformed
  std::vector<std::shared_ptr<const RowMap>> maps;
  bool random_signs = false;  ///< for the sampler: each drawn row times ±1
  bool mirrored = false;      ///< for the sampler: batches of pairs x, −x

  /// The same maps for other rows (a test split); `subset` leaves those alone.
  [[nodiscard]] std::shared_ptr<const Source> apply(std::shared_ptr<const Source> other) const;
};

/// Fits the transforms, each on the rows that those before it deliver:
///
///   center        x − mean
///   unit_trace    x / √(E‖x‖²): trace of the (uncentred) second moment becomes 1
///   whiten[:f]    C^{-1/2} (x − mean), C the covariance, its eigenvalues raised to at least
///                 f times their mean (default 1e-3)
///   unit_norm     x / ‖x‖; a zero row stays
///   scale:c       c x
///   pool2         mean over 2×2 pixels, per channel; needs images with even sides
///   gray          mean over channels; needs images
///   subset:n      the first n training rows
///   random_signs  (a mark for the sampler)
///   mirrored      (a mark for the sampler)
///
/// Streams over the rows in parallel; memory does not grow with their number.
/// @throws InvalidArgument  if a name is unknown or its argument is; if an image or a finite
///         number of rows is needed and absent.
/// @throws DataError        if nothing varies (unit_trace of zeros, whiten of a constant).
[[nodiscard]] FittedTransforms fit_transforms(const std::vector<std::string>& names,
                                              std::shared_ptr<const Source> train,
                                              ThreadPool& pool);

/// The names that fit_transforms knows, without arguments.
[[nodiscard]] std::vector<std::string> transform_names();

}  // namespace twofold::data
