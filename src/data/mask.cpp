#include "mask.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

namespace twofold::data {
namespace {

class MaskedRows final : public Source {
 public:
  MaskedRows(std::shared_ptr<const Source> base, double p, RandomStream stream)
      : base_(std::move(base)), p_(p), stream_(stream) {}

  [[nodiscard]] Index dimension() const override { return base_->dimension(); }
  [[nodiscard]] std::uint64_t size() const override { return base_->size(); }
  [[nodiscard]] std::string description() const override {
    return fmt::format("{}, masked to {:g}", base_->description(), p_);
  }
  [[nodiscard]] ImageShape image_shape() const override { return base_->image_shape(); }
  using Source::gather;
  void gather(std::span<const std::uint64_t> index, View<double> rows) const override {
    base_->gather(index, rows);
    const double factor = 1.0 / std::sqrt(p_);
    std::vector<double> uniform(static_cast<std::size_t>(rows.cols()));
    for (std::size_t k = 0; k < index.size(); ++k) {
      stream_.fill_uniform(index[k], uniform);
      auto row = rows.row(static_cast<Index>(k));
      for (Index j = 0; j < rows.cols(); ++j) {
        row[j] = uniform[static_cast<std::size_t>(j)] < p_ ? factor * row[j] : 0.0;
      }
    }
  }

 private:
  std::shared_ptr<const Source> base_;
  double p_;
  RandomStream stream_;
};

}  // namespace

std::shared_ptr<const Source> mask_rows(std::shared_ptr<const Source> base, double p,
                                        RandomStream stream) {
  return std::make_shared<MaskedRows>(std::move(base), p, stream);
}

}  // namespace twofold::data
