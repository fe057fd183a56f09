#include <numeric>

#include "check_codes.hpp"
#include "gate_rule.hpp"
#include "topk_rule.hpp"

namespace twofold::ops::reference {
namespace {

using Units = std::vector<Index>;

// Pre-activations of the given units on one sample, rounded to Scalar once.
template <typename Scalar>
VectorOf<Scalar> inputs(const model::TopKAutoencoder<Scalar>& w, const Vector& x) {
  VectorOf<Scalar> u(w.units());
  for (Index j = 0; j < w.units(); ++j) {
    double sum = w.encoder_bias.size() > 0 ? static_cast<double>(w.encoder_bias[j]) : 0.0;
    for (Index i = 0; i < w.dimension(); ++i) sum += static_cast<double>(w.encoder(j, i)) * x[i];
    u[j] = static_cast<Scalar>(sum);
  }
  return u;
}

// The k best of `units`, ascending; ties to the lowest index.
template <typename Scalar>
Units k_best(Units units, const VectorOf<Scalar>& u, Index k) {
  const GateRule<Scalar> rule{.kind = GateRule<Scalar>::Kind::Largest, .k = k, .positive = true};
  std::erase_if(units, [&](Index j) { return rule.rank(u[j]) < 0; });
  std::stable_sort(units.begin(), units.end(),
                   [&](Index a, Index b) { return rule.rank(u[a]) > rule.rank(u[b]); });
  units.resize(static_cast<std::size_t>(std::min<Index>(k, std::ssize(units))));
  std::sort(units.begin(), units.end());
  return units;
}

// x − c in double.
template <typename Scalar>
Matrix centred(const ConstView<Scalar>& X, const model::TopKAutoencoder<Scalar>& w) {
  Matrix centred = X.template cast<double>();
  if (w.decoder_bias.size() > 0) {
    centred.rowwise() -= w.decoder_bias.transpose().template cast<double>();
  }
  return centred;
}

double scatter_of(const Matrix& rows) {
  return scatter(rows.squaredNorm(), rows.colwise().sum().squaredNorm(), rows.rows());
}

// Sums of a gradient, in double; tied weights have one matrix for both roles.
template <typename Scalar>
struct Sums {
  const model::TopKAutoencoder<Scalar>& w;
  Matrix encoder, decoder;
  Vector encoder_bias;

  explicit Sums(const model::TopKAutoencoder<Scalar>& weights)
      : w(weights),
        encoder(Matrix::Zero(w.units(), w.dimension())),
        decoder(Matrix::Zero(w.units(), w.dimension())),
        encoder_bias(Vector::Zero(w.units())) {}

  // Unit j fires on x with value z; r is the derivative of the loss by x̂.
  void add(Index j, double z, const Vector& x, const Vector& r) {
    const double g = w.decoder_rows().row(j).transpose().template cast<double>().dot(r);
    decoder.row(j) += z * r.transpose();
    encoder.row(j) += g * x.transpose();
    encoder_bias[j] += g;
  }
};

// A batch at the weights of a state.
template <typename Scalar>
struct Pass {
  const TopKState<Scalar>& state;
  const TopKStepOptions& options;
  const model::TopKAutoencoder<Scalar>& w = state.weights;
  Matrix X, E;  // x − c, e = x − x̂
  Matrix D = w.decoder_rows().template cast<double>();
  std::vector<VectorOf<Scalar>> u = {};
  std::vector<Units> active = {};
  Units dead = {};

  Pass(const TopKState<Scalar>& s, const TopKStepOptions& o, const ConstView<Scalar>& samples)
      : state(s), options(o), X(centred<Scalar>(samples, s.weights)), E(X) {
    Units all(static_cast<std::size_t>(w.units()));
    std::iota(all.begin(), all.end(), Index{0});
    std::vector<bool> fired(all.size());
    for (Index row = 0; row < X.rows(); ++row) {
      u.push_back(inputs(w, X.row(row).transpose()));
      active.push_back(k_best<Scalar>(all, u.back(), o.k));
      for (const Index j : active.back()) {
        E.row(row) -= value(row, j) * D.row(j);
        fired[static_cast<std::size_t>(j)] = true;
      }
    }
    for (const Index j : all) {
      const auto unit = static_cast<std::size_t>(j);
      if (!fired[unit] && s.silent[unit] + X.rows() > o.dead_after) dead.push_back(j);
    }
  }

  [[nodiscard]] double value(Index row, Index j) const {
    return static_cast<double>(u[static_cast<std::size_t>(row)][j]);
  }

  [[nodiscard]] SparseCodes<Scalar> codes() const {
    SparseCodes<Scalar> codes{.offset = {0}, .atoms = w.units()};
    for (std::size_t row = 0; row < active.size(); ++row) {
      for (const Index j : active[row]) {
        codes.index.push_back(static_cast<std::int32_t>(j));
        codes.value.push_back(u[row][j]);
      }
      codes.offset.push_back(codes.size());
    }
    return codes;
  }

  // Adds the gradient of α L_aux and returns L_aux; `ratio` = S_x/S_e.
  double add_aux(double ratio, Sums<Scalar>& sums) const {
    const auto n = static_cast<double>(X.rows());
    double loss = 0.0;
    for (Index row = 0; row < X.rows(); ++row) {
      const Units chosen =
          k_best<Scalar>(dead, u[static_cast<std::size_t>(row)], aux_units(options, w.dimension()));
      Vector left = E.row(row);  // e − ê
      for (const Index j : chosen) left -= value(row, j) * D.row(j).transpose();
      loss += ratio * left.squaredNorm() / (2 * n);
      const Vector r = -options.aux_weight * ratio / n * left;
      for (const Index j : chosen) sums.add(j, value(row, j), X.row(row), r);
    }
    return loss;
  }

  [[nodiscard]] model::TopKAutoencoder<Scalar> gradient(const Sums<Scalar>& sums) const {
    model::TopKAutoencoder<Scalar> g = zeros_like(w);
    g.encoder =
        (w.tied() ? Matrix(sums.encoder + sums.decoder) : sums.encoder).template cast<Scalar>();
    if (!w.tied()) g.decoder = sums.decoder.template cast<Scalar>();
    if (w.encoder_bias.size() > 0) g.encoder_bias = sums.encoder_bias.template cast<Scalar>();
    if (w.decoder_bias.size() > 0) {
      const Vector through_encoder =
          w.encoder.template cast<double>().transpose() * sums.encoder_bias;
      const Vector direct = -E.colwise().sum().transpose() / static_cast<double>(X.rows());
      g.decoder_bias = (direct - through_encoder).template cast<Scalar>();
    }
    return g;
  }
};

}  // namespace

template <std::floating_point Scalar>
TopKBatch topk_gradient(const TopKState<Scalar>& state, const TopKStepOptions& options,
                        std::type_identity_t<ConstView<Scalar>> X, SparseCodes<Scalar>& codes,
                        model::TopKAutoencoder<Scalar>& gradient) {
  constexpr std::string_view where = "ops::reference::topk_gradient";
  check_options(options, where);
  check_state(state, options, where);
  check_samples<Scalar>(X, state.weights, where);
  require(X.rows() >= 1, where, "the batch is empty");
  const Pass<Scalar> pass(state, options, X);
  codes = pass.codes();
  const auto n = static_cast<double>(X.rows());
  Sums<Scalar> sums(state.weights);
  for (Index row = 0; row < X.rows(); ++row) {
    for (const Index j : pass.active[static_cast<std::size_t>(row)]) {
      sums.add(j, pass.value(row, j), pass.X.row(row), -pass.E.row(row) / n);
    }
  }
  const double S_x = scatter_of(pass.X), S_e = scatter_of(pass.E), squares = pass.E.squaredNorm();
  TopKBatch batch{.loss = squares / (2 * n),
                  .explained_variance = S_x > 0 ? 1 - squares / S_x : 0,
                  .active = static_cast<double>(codes.size()) / n,
                  .dead = std::ssize(pass.dead)};
  if (options.aux_weight > 0 && !pass.dead.empty() && S_e > 0) {
    batch.aux_loss = pass.add_aux(S_x / S_e, sums);
  }
  gradient = pass.gradient(sums);
  return batch;
}

template <std::floating_point Scalar>
void topk_update(TopKState<Scalar>& state, const TopKStepOptions& options,
                 const SparseCodes<Scalar>& codes, const model::TopKAutoencoder<Scalar>& gradient,
                 double step) {
  constexpr std::string_view where = "ops::reference::topk_update";
  check_options(options, where);
  check_state(state, options, where);
  model::TopKAutoencoder<Scalar> g = gradient;
  auto& w = state.weights;
  auto& D = w.tied() ? w.encoder : w.decoder;
  auto& dD = w.tied() ? g.encoder : g.decoder;
  for (Index j = 0; options.unit_decoder && j < w.units(); ++j) {
    const Vector row = D.row(j).transpose().template cast<double>();
    const double along = row.dot(dD.row(j).transpose().template cast<double>());
    dD.row(j) -= (along * row).transpose().template cast<Scalar>();
  }
  ++state.steps;
  const auto t = static_cast<double>(state.steps);
  const auto move = [&](const auto& gradient_of, auto& p, auto& q, auto& weights) {
    for (Index i = 0; i < weights.size(); ++i) {
      const auto G = static_cast<double>(gradient_of.data()[i]);
      double by = G;
      if (options.optimizer == TopKOptimizer::Adam) {
        const double first =
            options.beta1 * static_cast<double>(p.data()[i]) + (1 - options.beta1) * G;
        const double second =
            options.beta2 * static_cast<double>(q.data()[i]) + (1 - options.beta2) * G * G;
        p.data()[i] = static_cast<Scalar>(first);
        q.data()[i] = static_cast<Scalar>(second);
        by = first / (1 - std::pow(options.beta1, t)) /
             (std::sqrt(second / (1 - std::pow(options.beta2, t))) + options.epsilon);
      }
      weights.data()[i] -= static_cast<Scalar>(step * by);
    }
  };
  move(g.encoder, state.first.encoder, state.second.encoder, w.encoder);
  move(g.decoder, state.first.decoder, state.second.decoder, w.decoder);
  move(g.encoder_bias, state.first.encoder_bias, state.second.encoder_bias, w.encoder_bias);
  move(g.decoder_bias, state.first.decoder_bias, state.second.decoder_bias, w.decoder_bias);
  for (Index j = 0; options.unit_decoder && j < w.units(); ++j) {
    const double norm = D.row(j).template cast<double>().norm();
    if (norm > 0 && std::isfinite(norm)) D.row(j) *= static_cast<Scalar>(1 / norm);
  }
  for (auto& count : state.silent) count += codes.rows();
  for (const std::int32_t j : codes.index) state.silent[static_cast<std::size_t>(j)] = 0;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                            \
  template TopKBatch topk_gradient(const TopKState<Scalar>&, const TopKStepOptions&,           \
                                   ConstView<Scalar>, SparseCodes<Scalar>&,                    \
                                   model::TopKAutoencoder<Scalar>&);                           \
  template void topk_update(TopKState<Scalar>&, const TopKStepOptions&,                        \
                            const SparseCodes<Scalar>&, const model::TopKAutoencoder<Scalar>&, \
                            double);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops::reference
