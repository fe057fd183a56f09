// A user's first program: random numbers, neurons (which needs LAPACK), and a prediction.
#include <cmath>
#include <cstdio>

#include "twofold/core/random.hpp"
#include "twofold/model/initialization.hpp"
#include "twofold/theory/mean_field_flow.hpp"

int main() {
  const double number = twofold::RandomStream(1, "consumer").uniform(0);

  // A balanced frame of scale r0 has second moment r0² I.
  const twofold::Matrix neurons =
      twofold::model::initial_neurons(twofold::model::Initialization::Balanced, 8, 4, 0.5, 1);
  const twofold::Matrix moment = neurons.transpose() * neurons / 8.0;

  // ReLU keeps 1 - λ/s of a direction of variance s > λ.
  const twofold::Vector gains =
      twofold::theory::gain_limit({.spectrum = twofold::Vector{{1.0, 0.05}}, .penalty = 0.1});

  const bool right = number > 0.0 && number < 1.0 && std::abs(moment(0, 0) - 0.25) < 1e-12 &&
                     std::abs(gains(0) - 0.9) < 1e-12 && gains(1) == 0.0;
  std::printf("consumer: %s\n", right ? "right" : "wrong");
  return right ? 0 : 1;
}
