// Dictionaries for the tests of dictionary recovery, and an independent sampler.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

inline data::DictionaryModel codes(data::CodeLaw law, const char* dictionary, Index m, Index d,
                                   Index k, double noise = 0.0, double high = 1.0,
                                   std::uint64_t seed = 1) {
  data::DictionaryModel model;
  model.law = law;
  model.atoms = data::make_dictionary(dictionary, m, d, seed);
  model.sparsity = k;
  model.high = high;
  model.noise = noise;
  return model;
}

inline data::DictionaryModel mixture(const char* dictionary, Index m, Index d, double noise,
                                     std::uint64_t seed = 1) {
  data::DictionaryModel model;
  model.law = data::CodeLaw::Mixture;
  model.atoms = data::make_dictionary(dictionary, m, d, seed);
  model.weights = Vector::Constant(m, 1.0 / static_cast<double>(m));
  model.noise = noise;
  return model;
}

/// Samples (rows) and their codes drawn without the library's source of the model.
struct Drawn {
  Matrix X, C;
};
inline Drawn draw(const data::DictionaryModel& model, Index count, std::uint64_t seed) {
  const Index m = model.size(), d = model.dimension();
  const RandomStream places(seed, "test places"), sizes(seed, "test sizes"),
      signs(seed, "test signs"), noise(seed, "test noise");
  Drawn out{Matrix::Zero(count, d), Matrix::Zero(count, m)};
  std::vector<Index> order(static_cast<std::size_t>(m));
  for (Index j = 0; j < m; ++j) order[static_cast<std::size_t>(j)] = j;
  std::uint64_t at = 0;
  for (Index s = 0; s < count; ++s) {
    if (model.sparsity == 1 && model.law == data::CodeLaw::Mixture) {
      double u = places.uniform(at++);
      Index j = 0;
      while (j + 1 < m && u > model.weights[j]) u -= model.weights[j++];
      out.C(s, j) = 1.0;
    } else {
      for (Index r = 0; r < model.sparsity; ++r, ++at) {  // partial Fisher-Yates
        const auto pick =
            static_cast<std::size_t>(r) + places.below(static_cast<std::uint64_t>(m - r), at);
        std::swap(order[static_cast<std::size_t>(r)], order[pick]);
        const double size = model.low + (model.high - model.low) * sizes.uniform(at);
        out.C(s, order[static_cast<std::size_t>(r)]) =
            model.law == data::CodeLaw::Sparse ? size * signs.sign(at) : size;
      }
    }
    if (model.noise > 0.0) {
      noise.fill_normal(static_cast<std::uint64_t>(s),
                        {out.X.row(s).data(), static_cast<std::size_t>(d)});
    }
  }
  out.X = model.noise * out.X + out.C * model.atoms;
  return out;
}

/// Σ over samples, by weight, of the gradient −[z r + (w·r) x] on the true support.
inline Matrix gradient_by_definition(const Matrix& X, const Matrix& C, const Vector& weight,
                                     const Matrix& W, double bias, bool encoder) {
  Matrix G = Matrix::Zero(W.rows(), W.cols());
  for (Index s = 0; s < X.rows(); ++s) {
    Vector r = X.row(s).transpose();
    std::vector<Index> on;
    std::vector<double> z;
    for (Index i = 0; i < W.rows(); ++i) {
      if (C(s, i) == 0.0) continue;
      on.push_back(i);
      z.push_back(W.row(i).dot(X.row(s)) + bias);
      r -= z.back() * W.row(i).transpose();
    }
    for (std::size_t a = 0; a < on.size(); ++a) {
      G.row(on[a]) -= weight[s] * z[a] * r.transpose();
      if (encoder) G.row(on[a]) -= weight[s] * W.row(on[a]).dot(r) * X.row(s);
    }
  }
  return G;
}

}  // namespace twofold::theory
