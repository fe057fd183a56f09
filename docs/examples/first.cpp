// Which directions of data with these variances does a tied ReLU autoencoder learn, and when?
#include <cstdio>

#include "twofold/theory/mean_field_prediction.hpp"

int main() {
  const twofold::theory::MeanFieldProblem problem{
      .spectrum = twofold::Vector{{1.0, 0.4, 0.1, 0.03}}, .penalty = 0.05};
  const auto summary = twofold::theory::summarize(problem, /*stop_time=*/100.0);
  for (twofold::Index j = 0; j < problem.spectrum.size(); ++j) {
    std::printf("s = %.2f: gain %.4f", problem.spectrum(j), summary.gain_at_stop(j));
    if (const auto time = summary.half_time[j])
      std::printf(", half of its limit at t = %.1f", *time);
    std::printf("\n");
  }
}
