// Codes and samples of a DictionaryModel; every random number is one of (seed, split, sample).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "twofold/core/error.hpp"
#include "twofold/data/dictionary_model.hpp"

namespace twofold::data {
namespace {

RandomStream stream(std::uint64_t seed, std::string_view what, std::string_view split) {
  return {seed, fmt::format("dictionary_source/{}/{}", what, split)};
}

std::string_view to_string(CodeLaw law) {
  switch (law) {
    case CodeLaw::Mixture:
      return "mixture of Gaussians";
    case CodeLaw::Sparse:
      return "sparse coding";
    case CodeLaw::Nonnegative:
      return "non-negative sparse coding";
  }
  return "";
}

// A uniform k-subset of [0, m) in increasing order (R. Floyd, CACM 30 (1987) 754). u < 1 by at
// least 2^-53, so that u·n rounds to a number below n.
void draw_subset(Index m, std::span<const double> uniforms, std::vector<Index>& subset) {
  subset.clear();
  Index last = m - static_cast<Index>(uniforms.size());
  for (const double u : uniforms) {
    const auto drawn = static_cast<Index>(u * static_cast<double>(last + 1));
    const auto place = std::ranges::lower_bound(subset, drawn);
    if (place != subset.end() && *place == drawn) {
      subset.push_back(last);  // larger than all before
    } else {
      subset.insert(place, drawn);
    }
    ++last;
  }
}

}  // namespace

DictionarySource::DictionarySource(DictionaryModel model, std::uint64_t seed,
                                   std::string_view split)
    : model_(std::move(model)),
      support_(stream(seed, "support", split)),
      amplitude_(stream(seed, "amplitude", split)),
      noise_(stream(seed, "noise", split)) {
  check_model(model_, "data::DictionarySource");
  cumulative_ = model_.weights;
  for (Index j = 1; j < cumulative_.size(); ++j) cumulative_[j] += cumulative_[j - 1];
  if (cumulative_.size() > 0) cumulative_[cumulative_.size() - 1] = 1.0;
}

std::string DictionarySource::description() const {
  return fmt::format("{}: {} atoms in dimension {}, k = {}, noise {:.4g}", to_string(model_.law),
                     model_.size(), model_.dimension(), model_.sparsity, model_.noise);
}

void DictionarySource::code(std::uint64_t i, SparseCode& out) const {
  if (model_.law == CodeLaw::Mixture) {
    const auto above = std::ranges::upper_bound(cumulative_, support_.uniform(i));
    out.support.assign(1, above - cumulative_.begin());
    out.values.assign(1, 1.0);
    return;
  }
  out.values.resize(static_cast<std::size_t>(model_.sparsity));
  const std::span<double> draws = out.values;
  support_.fill_uniform(i, draws);
  draw_subset(model_.size(), draws, out.support);
  // One number for sign and size: v = 2u − 1 is uniform on (−1, 1), and |v| does not tell its sign.
  amplitude_.fill_uniform(i, draws);
  const bool with_sign = model_.law == CodeLaw::Sparse;
  for (double& u : draws) {
    const double v = with_sign ? 2.0 * u - 1.0 : u;
    const double size = model_.low + (model_.high - model_.low) * std::abs(v);
    u = v < 0.0 ? -size : size;
  }
}

template <typename Scalar>
void DictionarySource::fill_row(std::uint64_t i, std::span<Scalar> out) const {
  SparseCode sample;
  code(i, sample);
  Vector row = Vector::Zero(dimension());
  if (model_.noise > 0.0) {
    noise_.fill_normal(i, std::span<double>(row.data(), out.size()));
    row *= model_.noise;
  }
  for (std::size_t r = 0; r < sample.support.size(); ++r) {
    row += sample.values[r] * model_.atoms.row(sample.support[r]).transpose();
  }
  Eigen::Map<VectorOf<Scalar>>(out.data(), dimension()) = row.cast<Scalar>();
}

template void DictionarySource::fill_row(std::uint64_t, std::span<float>) const;
template void DictionarySource::fill_row(std::uint64_t, std::span<double>) const;

}  // namespace twofold::data
