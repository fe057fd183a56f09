// Progress on stderr: a bar on a terminal, a plain line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "twofold/core/observer.hpp"

namespace twofold::app {

class ProgressObserver final : public Observer {
 public:
  /// @param style     "bar", "plain", "json", "none"; "" chooses by whether stderr is a terminal.
  /// @param messages  whether information is shown; warnings always are.
  ProgressObserver(std::string style, bool messages);
  ~ProgressObserver() override;

  void progress(const Progress& p) override;
  void message(Severity severity, std::string_view text) override;
  [[nodiscard]] StopRequest stop_requested() const override;

 private:
  using Clock = std::chrono::steady_clock;
  void begin_stage(const Progress& p, Clock::time_point now);
  void show(const Progress& p, double seconds);
  void clear_bar();

  std::string style_;
  bool messages_;
  bool bar_drawn_ = false;
  std::string stage_;
  std::int64_t stage_start_ = 0;  ///< units done when the stage (or its resumed part) began
  Clock::time_point stage_began_;
  Clock::time_point last_shown_;
};

}  // namespace twofold::app
