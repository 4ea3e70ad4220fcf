#pragma once
/// Waits of a millisecond, for the many streams of one thread. The loop's own deadlines come in steps of 100 ms: right
/// for timeouts, too coarse for a stream of 50 events a second.

#include <map>

#include "net/loop.hpp"
#include "net/task.hpp"

namespace sluice::sim {

class Pacer {
 public:
  explicit Pacer(net::Loop& loop) : loop_(loop) {}
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  [[nodiscard]] Status open();
  void close();

  /// Always lets others run, even when `at` has passed. False: `gone` left first (null: not watched).
  [[nodiscard]] net::Task<bool> sleep_until(TimePoint at, net::Timer& timer, net::Descriptor* gone);
  [[nodiscard]] static TimePoint now() { return std::chrono::steady_clock::now(); }

 private:
  using Sleepers = std::multimap<TimePoint, net::Signal*>;
  struct Sleeper;
  net::Task<void> run();
  void set_alarm(TimePoint at);

  net::Loop& loop_;
  net::Descriptor alarm_;
  net::Timer timer_;
  TimePoint alarm_at_ = time_never;
  Sleepers sleepers_;
  net::TaskSet running_;
};

}  // namespace sluice::sim
