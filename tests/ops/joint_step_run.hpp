// Joint steps from the weights of a problem.
#pragma once

#include <vector>

#include "ops/problem.hpp"
#include "twofold/ops/joint_step.hpp"

namespace twofold::ops {

struct Mode {
  TrainedFactors trained;
  bool tied;
};
inline const std::vector<Mode> kModes = {{TrainedFactors::Encoder, false},
                                         {TrainedFactors::Decoder, false},
                                         {TrainedFactors::Both, false},
                                         {TrainedFactors::Both, true}};

template <typename Scalar>
struct Run {
  model::Weights<Scalar> weights;
  std::vector<double> losses;  // at the start and after each step
  MatrixOf<Scalar> residual;

  bool operator==(const Run& other) const {
    return weights.encoder == other.weights.encoder && weights.decoder == other.weights.decoder &&
           losses == other.losses && residual == other.residual;
  }
};

template <typename Scalar>
Run<Scalar> advance(const Problem<Scalar>& p, TrainedFactors trained, FloatProducts products,
                    FactorSteps<Scalar> steps, int threads, int count) {
  ThreadPool pool(threads);
  JointStep<Scalar> step(p.X, p.weights.neurons(), trained, products);
  Run<Scalar> run{p.weights, {}, {}};
  run.losses.push_back(step.start(run.weights, pool));
  for (int k = 0; k < count; ++k) run.losses.push_back(step.advance(run.weights, steps, pool));
  run.residual = step.residual();
  return run;
}

}  // namespace twofold::ops
