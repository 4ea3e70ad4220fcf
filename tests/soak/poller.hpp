#pragma once
/// One thread's events: sockets that are ready, and timers that are due.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace sluice::soak {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_events(std::uint32_t events) = 0;
};

class Poller {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  /// Level-triggered. The handler takes itself out before it goes.
  void add(int fd, std::uint32_t events, Handler& handler);
  void change(int fd, std::uint32_t events);
  void remove(int fd);

  /// Destroys `handler` when no event of this turn can reach it any more.
  void bury(std::unique_ptr<Handler> handler) { graves_.push_back(std::move(handler)); }

  /// Turns until `done()`; false when `limit` passed before.
  bool run(const std::function<bool()>& done, Milliseconds limit);

 private:
  friend class Timer;
  using Timers = std::multimap<Time, std::function<void()>>;
  struct Entry {
    Handler* handler = nullptr;
    std::uint32_t generation = 0;
  };
  void turn(Milliseconds patience);

  int epoll_;
  std::vector<Entry> entries_;
  Timers timers_;
  std::vector<std::unique_ptr<Handler>> graves_;
};

/// At most one thing to do later; forgotten when destroyed.
class Timer {
 public:
  explicit Timer(Poller& poller) : poller_(poller) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { stop(); }

  /// 0 ms: in the next turn.
  void start(Milliseconds delay, std::function<void()> work);
  void stop();
  [[nodiscard]] bool running() const { return running_; }

 private:
  Poller& poller_;
  Poller::Timers::iterator place_;
  bool running_ = false;
};

}  // namespace sluice::soak
