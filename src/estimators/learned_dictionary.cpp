#include "twofold/estimators/learned_dictionary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "twofold/core/error.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/ops/topk_step.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::DictionaryCoder";
constexpr Index kRows = 256;  // per block

}  // namespace

std::string_view to_string(DictionaryKind kind) noexcept {
  return kDictionaryKinds[static_cast<std::size_t>(kind)];
}

DictionaryKind parse_dictionary_kind(std::string_view name) {
  const auto found = std::ranges::find(kDictionaryKinds, name);
  if (found == kDictionaryKinds.end()) {
    const std::string near = nearest_name(name, kDictionaryKinds);
    throw InvalidArgument(
        "estimators::parse_dictionary_kind",
        fmt::format("unknown model '{}'{}; known: {}", name,
                    near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                    fmt::join(kDictionaryKinds, ", ")));
  }
  return static_cast<DictionaryKind>(found - kDictionaryKinds.begin());
}

std::string describe_gate(const ops::Gate& gate) {
  if (const auto* top = std::get_if<model::TopK>(&gate.activation)) {
    const std::string_view what = gate.positive ? "z > 0" : "|z|";
    return top->k == 1 ? fmt::format("the largest {}", what)
                       : fmt::format("the {} largest {}", top->k, what);
  }
  if (const auto* hard = std::get_if<model::HardThreshold>(&gate.activation)) {
    return hard->lambda == 0.0 ? "all z" : fmt::format("z with |z| >= {:.4g}", hard->lambda);
  }
  if (const auto* jump = std::get_if<model::JumpRelu>(&gate.activation)) {
    return fmt::format("z > {:.4g}", jump->threshold);
  }
  return fmt::format("{} of z {:+.4g}", model::activation_name(gate.activation), gate.bias);
}

DictionaryCoder::DictionaryCoder(const LearnedDictionary& dictionary)
    : atoms_(dictionary.atoms),
      inverse_norm_(dictionary.atoms.rows()),
      mean_(dictionary.mean),
      gate_(dictionary.gate) {
  require(atoms_.size() > 0 && mean_.size() == atoms_.cols() && mean_.allFinite(), kWhere,
          fmt::format("{} x {} atoms do not fit a mean of {} finite numbers", atoms_.rows(),
                      atoms_.cols(), mean_.size()));
  for (Index j = 0; j < atoms_.rows(); ++j) {
    const double norm = atoms_.row(j).norm();
    require(norm > 0.0 && std::isfinite(norm), kWhere, fmt::format("atom {} has norm {}", j, norm));
    inverse_norm_[j] = 1.0 / norm;
  }
  if (dictionary.kind == DictionaryKind::TopK) {
    take_encoder(dictionary);
  } else {
    unit_ = atoms_;
    for (Index j = 0; j < unit_.rows(); ++j) unit_.row(j) /= atoms_.row(j).norm();
  }
}

void DictionaryCoder::take_encoder(const LearnedDictionary& d) {
  const Matrix& encoder = d.encoder.size() == 0 ? d.atoms : d.encoder;
  require(
      encoder.rows() == d.size() && encoder.cols() == d.dimension() && encoder.allFinite() &&
          d.encoder_bias.size() == d.size() && d.encoder_bias.allFinite(),
      kWhere,
      fmt::format("an encoder of {} x {} with {} biases does not fit {} x {} atoms, or is not "
                  "finite",
                  encoder.rows(), encoder.cols(), d.encoder_bias.size(), d.size(), d.dimension()));
  const auto* top = std::get_if<model::TopK>(&gate_.activation);
  require(top != nullptr && gate_.positive && top->k <= d.size(), kWhere,
          fmt::format("the codes of a k-sparse autoencoder of {} units cannot be {}", d.size(),
                      describe_gate(gate_)));
  topk_.encoder = encoder.cast<float>();
  topk_.encoder_bias = d.encoder_bias.cast<float>();
}

void DictionaryCoder::encode(const ConstView<double>& X, ops::SparseCodes<double>& codes,
                             ThreadPool& pool) const {
  require(X.cols() == atoms_.cols(), kWhere,
          fmt::format("rows of dimension {} cannot be coded with atoms of dimension {}", X.cols(),
                      atoms_.cols()));
  const Matrix centred = X.rowwise() - mean_.transpose();
  if (topk_.encoder.size() > 0) {
    const MatrixF rounded = centred.cast<float>();
    ops::SparseCodes<float> found;
    ops::topk_encode<float>(topk_, std::get<model::TopK>(gate_.activation).k, rounded, found, pool);
    codes.offset = std::move(found.offset);
    codes.index = std::move(found.index);
    codes.value.assign(found.value.begin(), found.value.end());
    codes.atoms = found.atoms;
    return;
  }
  ops::encode<double>(centred, unit_, gate_, codes, pool);
  for (std::size_t e = 0; e < codes.value.size(); ++e) {
    codes.value[e] *= inverse_norm_[codes.index[e]];
  }
}

void DictionaryCoder::decode(const ops::SparseCodes<double>& codes, View<double> Xhat,
                             ThreadPool& pool) const {
  ops::decode<double>(codes, atoms_, Xhat, pool);
  parallel_for(pool, Xhat.rows(), kRows, [&](Index begin, Index end) {
    Xhat.middleRows(begin, end - begin).rowwise() += mean_.transpose();
  });
}

}  // namespace twofold::estimators
