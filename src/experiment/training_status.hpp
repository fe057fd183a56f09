// How a training run ended, as a run of an experiment.
#pragma once

#include "twofold/core/observer.hpp"
#include "twofold/experiment/system.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::experiment {

/// @param stop  what the observer asked for, if Interrupted.
[[nodiscard]] inline RunStatus run_status(train::SgdStatus status, StopRequest stop) {
  switch (status) {
    case train::SgdStatus::Finished:
      return RunStatus::Finished;
    case train::SgdStatus::Interrupted:
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    case train::SgdStatus::Diverged:
    case train::SgdStatus::NonFinite:
      return RunStatus::Diverged;
  }
  return RunStatus::Diverged;
}

}  // namespace twofold::experiment
