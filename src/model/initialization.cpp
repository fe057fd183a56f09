#include "twofold/model/initialization.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/haar.hpp"

namespace twofold::model {
namespace {

constexpr std::string_view kWhere = "model::initial_neurons";

constexpr std::array kNames{
    std::pair{Initialization::Iid, std::string_view("iid")},
    std::pair{Initialization::Paired, std::string_view("paired")},
    std::pair{Initialization::Balanced, std::string_view("balanced")},
};

void fill_iid(Eigen::Ref<Matrix> rows, double scale, const RandomStream& stream) {
  for (Index i = 0; i < rows.rows(); ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span(rows.row(i).data(), static_cast<std::size_t>(rows.cols())));
  }
  rows *= scale;
}

// Each frame is d rows r0√d q_j; with its mirror it adds 2d r0² I to Σ w wᵀ.
void fill_frames(Eigen::Ref<Matrix> rows, double scale, const RandomStream& stream) {
  const Index d = rows.cols();
  const double length = scale * std::sqrt(static_cast<double>(d));
  for (Index frame = 0; frame < rows.rows() / d; ++frame) {
    rows.middleRows(frame * d, d) =
        length * haar_orthogonal(d, stream, static_cast<std::uint64_t>(frame));
  }
}

}  // namespace

std::string_view initialization_name(Initialization kind) {
  return kNames[static_cast<std::size_t>(kind)].second;
}

Initialization parse_initialization(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (name == known) return kind;
  }
  throw InvalidArgument(
      "model::parse_initialization",
      fmt::format("unknown initialization '{}'; there are: iid, paired, balanced", name));
}

Matrix initial_neurons(Initialization kind, Index neurons, Index d, double scale,
                       std::uint64_t seed) {
  require(neurons >= 1 && d >= 1, kWhere,
          fmt::format("need at least one neuron and one dimension, got {} and {}", neurons, d));
  require(std::isfinite(scale) && scale > 0.0, kWhere,
          fmt::format("scale must be finite and > 0 (0 is a fixed point), got {}", scale));
  require(kind != Initialization::Paired || neurons % 2 == 0, kWhere,
          fmt::format("paired needs an even number of neurons, got {}", neurons));
  require(kind != Initialization::Balanced || neurons % (2 * d) == 0, kWhere,
          fmt::format("balanced needs a multiple of 2d = {} neurons, got {}", 2 * d, neurons));

  const RandomStream stream(seed, "neurons");
  Matrix w(neurons, d);
  if (kind == Initialization::Iid) {
    fill_iid(w, scale, stream);
    return w;
  }
  const Index half = neurons / 2;
  if (kind == Initialization::Paired) fill_iid(w.topRows(half), scale, stream);
  if (kind == Initialization::Balanced) fill_frames(w.topRows(half), scale, stream);
  w.bottomRows(half) = -w.topRows(half);
  return w;
}

}  // namespace twofold::model
