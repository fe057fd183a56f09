// Sources that change the rows of another one by a map of rows.
#pragma once

#include <memory>
#include <string>

#include "twofold/data/transforms.hpp"

namespace twofold::data {

/// A map of rows to rows, applied to each row by itself.
class RowMap {
 public:
  virtual ~RowMap() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Index output_dimension(Index input) const { return input; }
  [[nodiscard]] virtual ImageShape output_shape(ImageShape input) const { return input; }
  /// The numbers that make it, all but the name.
  [[nodiscard]] virtual KeptTransform kept() const { return {}; }
  /// Rows it can be applied to; 0: any.
  [[nodiscard]] virtual Index input_dimension() const { return 0; }
  /// out.row(k) = f(in.row(k)); the matrices do not overlap.
  virtual void apply(const ConstView<double>& in, View<double> out) const = 0;
};

/// The rows of `base`, mapped when they are gathered, in double.
[[nodiscard]] std::shared_ptr<const Source> map_rows(std::shared_ptr<const Source> base,
                                                     std::shared_ptr<const RowMap> map);

}  // namespace twofold::data
