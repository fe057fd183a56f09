#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace twofold::app {
namespace {

std::string clock_text(double seconds) {
  const auto s = std::llround(seconds);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02} h", s / 3600, s / 60 % 60, s % 60);
  return s >= 60 ? fmt::format("{}:{:02} min", s / 60, s % 60) : fmt::format("{} s", s);
}

struct Estimate {
  double rate = 0.0;   // units per second
  double left = -1.0;  // seconds; negative if unknown
  double to_record = -1.0;
};

Estimate estimate(const Progress& p, std::int64_t start, double seconds) {
  Estimate e;
  if (seconds <= 0.0 || p.done <= start) return e;
  e.rate = static_cast<double>(p.done - start) / seconds;
  if (p.total > 0) e.left = static_cast<double>(p.total - p.done) / e.rate;
  if (p.next_record > p.done) e.to_record = static_cast<double>(p.next_record - p.done) / e.rate;
  return e;
}

std::string details(const Progress& p, const Estimate& e) {
  std::string text = fmt::format("{}/{}  {:.0f}/s", p.done, p.total, e.rate);
  if (p.loss >= 0.0) text += fmt::format("  loss {:.4g}", p.loss);
  for (const ProgressNumber& number : p.numbers) {
    std::string name(number.name);
    std::ranges::replace(name, '_', ' ');
    text += fmt::format("  {} {:.4g}", name, number.value);
  }
  if (e.left >= 0.0) text += fmt::format("  {} left", clock_text(e.left));
  if (e.to_record >= 0.0) text += fmt::format("  next record in {}", clock_text(e.to_record));
  return text;
}

std::string bar(double fraction) {
  constexpr int width = 24;
  const int full = std::clamp(static_cast<int>(fraction * width), 0, width);
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(width - full), '.');
}

}  // namespace

ProgressObserver::ProgressObserver(std::string style, bool messages)
    : style_(std::move(style)), messages_(messages) {
  if (style_.empty()) style_ = ::isatty(STDERR_FILENO) != 0 ? "bar" : "plain";
}

ProgressObserver::~ProgressObserver() {
  clear_bar();
}

void ProgressObserver::clear_bar() {
  if (bar_drawn_) fmt::print(stderr, "\r\033[K");
  bar_drawn_ = false;
}

void ProgressObserver::begin_stage(const Progress& p, Clock::time_point now) {
  stage_ = p.stage;
  stage_start_ = p.done;
  stage_began_ = now;
  last_shown_ = now;
}

void ProgressObserver::progress(const Progress& p) {
  if (style_ == "none") return;
  const auto now = Clock::now();
  if (p.stage != stage_) begin_stage(p, now);
  const double interval = style_ == "bar" ? 0.1 : style_ == "json" ? 1.0 : 5.0;
  if (std::chrono::duration<double>(now - last_shown_).count() < interval) return;
  last_shown_ = now;
  show(p, std::chrono::duration<double>(now - stage_began_).count());
}

void ProgressObserver::show(const Progress& p, double seconds) {
  const Estimate e = estimate(p, stage_start_, seconds);
  if (style_ == "json") {
    nlohmann::ordered_json line = {
        {"stage", p.stage}, {"done", p.done}, {"total", p.total}, {"rate", e.rate}};
    if (p.loss >= 0.0) line["loss"] = p.loss;
    for (const ProgressNumber& number : p.numbers) line[std::string(number.name)] = number.value;
    if (e.left >= 0.0) line["seconds_left"] = e.left;
    if (e.to_record >= 0.0) line["seconds_to_record"] = e.to_record;
    fmt::print(stderr, "{}\n", line.dump());
  } else if (style_ == "bar") {
    const double fraction =
        p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 0.0;
    fmt::print(stderr, "\r\033[K{}  [{}] {}", p.stage, bar(fraction), details(p, e));
    bar_drawn_ = true;
  } else {
    fmt::print(stderr, "{}  {}\n", p.stage, details(p, e));
  }
  std::fflush(stderr);
}

void ProgressObserver::message(Severity severity, std::string_view text) {
  if (severity == Severity::Info && !messages_) return;
  if (style_ == "json") {
    const nlohmann::ordered_json line = {
        {"severity", severity == Severity::Warning ? "warning" : "info"}, {"message", text}};
    fmt::print(stderr, "{}\n", line.dump());
    return;
  }
  std::fflush(stdout);  // in a log of both, what was printed before stands before
  clear_bar();
  fmt::print(stderr, "{}{}\n", severity == Severity::Warning ? "warning: " : "", text);
}

StopRequest ProgressObserver::stop_requested() const {
  return app::stop_requested();
}

}  // namespace twofold::app
