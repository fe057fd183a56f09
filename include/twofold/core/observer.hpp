// What a long computation tells, and how it is asked to stop.
//
// Algorithms print nothing. They call an observer; the default one says nothing and
// never stops anything.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace twofold {

enum class Severity { Info, Warning };

/// Why a computation should end at the next step boundary.
enum class StopRequest { None, Interrupt, Terminate };

/// A number that is shown beside the loss, e.g. {"explained_variance", 0.71}.
struct ProgressNumber {
  std::string_view name;  ///< snake_case: the key in JSON; people see blanks
  double value = 0.0;
};

/// One progress report; a field that does not apply is left at its default.
struct Progress {
  std::string_view stage;        ///< what is running, e.g. "train seed 2/5"
  std::int64_t done = 0;         ///< units finished
  std::int64_t total = 0;        ///< units in all; 0 if unknown
  double loss = -1.0;            ///< current loss; negative if none
  std::int64_t next_record = 0;  ///< unit at which the next record is taken; 0 if none
  std::span<const ProgressNumber> numbers = {};
};

/// Receives progress and messages; override what is of interest.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void progress(const Progress&) {}
  virtual void message(Severity, std::string_view) {}
  [[nodiscard]] virtual StopRequest stop_requested() const { return StopRequest::None; }
};

/// The observer that does nothing; shared, stateless.
[[nodiscard]] inline Observer& no_observer() {
  static Observer observer;
  return observer;
}

}  // namespace twofold
