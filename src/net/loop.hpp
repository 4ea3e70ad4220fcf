#pragma once
/// The event loop of one thread: edge-triggered epoll, deadlines, and work posted from other threads.
///
/// A connection is registered once, when it opens, and never again: waiting for it costs no system call. Whoever waits
/// is resumed straight from the loop. Everything here but `post` and `stop` belongs to the loop's own thread.

#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/timer_wheel.hpp"

namespace sluice::net {

class Loop;

/// What ended a wait.
enum class Wake : std::uint8_t { none, readable, writable, gone, signalled, timeout };

/// A coroutine that waits; it sits in its own frame. The first source that fires resumes it.
struct Waiter {
  std::coroutine_handle<> frame;
  Wake reason = Wake::none;
};

/// A non-blocking file descriptor in a loop, and what is known of its readiness. Closes what it holds.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  /// Takes `fd` (non-blocking) and registers it. Errc::io when the kernel refuses.
  [[nodiscard]] Status open(Loop& loop, int fd);
  void close();
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }

  /// May a read find something? True until a read came back short. Cleared by the reader, set by the loop.
  bool readable = true;
  bool writable = true;
  /// The peer closed its side (FIN), reset, or the socket failed.
  bool gone = false;

 private:
  friend class Loop;
  friend class Wait;
  friend class WaitAnyWritable;
  void on_events(std::uint32_t events);
  Loop* loop_ = nullptr;
  int fd_ = -1;
  Waiter* reader_ = nullptr;
  Waiter* writer_ = nullptr;
  Waiter* watcher_ = nullptr;  // waits for `gone` alone
};

/// Something that happens once and is not a descriptor: an answer from another thread, a slot that became free.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  /// Resumes the waiter, or lets the next wait end at once.
  void fire();
  [[nodiscard]] bool fired() const { return fired_; }
  void reset() { fired_ = false; }

 private:
  friend class Wait;
  Waiter* waiter_ = nullptr;
  bool fired_ = false;
};

class Breathe;

class Loop {
 public:
  static constexpr std::size_t scratch_bytes = 64 * 1024;

  explicit Loop(const Clock& clock);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Runs until `stop`. `on_tick` is called about every 100 ms, after the events.
  void run();
  /// One turn of `run`: waits until something happens, the next tick or `max_wait`, and resumes whom it concerns.
  void turn(Milliseconds max_wait);
  /// From any thread.
  void stop();
  void post(std::function<void()> work);

  /// The time at the start of this batch of events.
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] WallTime wall_now() const { return clock_.wall_now(); }
  /// 64 KiB for any read or gather; what is in it is valid until the next `co_await`.
  [[nodiscard]] std::span<char> scratch() { return {scratch_.get(), scratch_bytes}; }

  void arm(Timer& timer, TimePoint deadline, Timer::Fire fire, void* context) {
    wheel_.arm(timer, deadline, fire, context);
  }

  std::function<void()> on_tick;

 private:
  friend class Descriptor;
  friend class Breathe;
  struct Entry {
    Descriptor* descriptor = nullptr;
    std::uint32_t generation = 0;
  };
  void run_posted();
  void run_breathing();

  const Clock& clock_;
  TimePoint now_;
  TimerWheel wheel_;
  int epoll_ = -1;
  int wakeup_ = -1;
  bool stopping_ = false;       // own thread only; set by posted work
  std::vector<Entry> entries_;  // by fd
  std::unique_ptr<char[]> scratch_;
  std::deque<Breathe*> breathing_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

/// What one wait waits for: any of these, whichever is first. A null is not waited for.
struct WaitFor {
  Descriptor* read = nullptr;
  Descriptor* write = nullptr;
  Descriptor* gone = nullptr;  // e.g. the client, while we wait for the provider
  Signal* signal = nullptr;
  TimePoint deadline = time_never;
};

/// co_await Wait(loop, timer, {...}) gives the Wake. Already true conditions end it at once, in the order signalled,
/// readable, writable, gone, timeout. The timer is any that nobody else uses meanwhile; it may be reused for the next wait.
class [[nodiscard]] Wait {
 public:
  Wait(Loop& loop, Timer& timer, const WaitFor& what) : loop_(loop), timer_(timer), what_(what) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait() { detach(); }

  [[nodiscard]] bool await_ready();
  void await_suspend(std::coroutine_handle<> frame);
  Wake await_resume() {
    detach();
    return waiter_.reason;
  }

 private:
  void detach();
  Loop& loop_;
  Timer& timer_;
  WaitFor what_;
  Waiter waiter_;
  bool attached_ = false;
};

/// co_await Breathe(loop) lets everybody else of this thread have a turn first: for whoever could go on for long without
/// ever having to wait.
class [[nodiscard]] Breathe {
 public:
  explicit Breathe(Loop& loop) : loop_(loop) {}
  Breathe(const Breathe&) = delete;
  Breathe& operator=(const Breathe&) = delete;
  ~Breathe();
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> frame);
  void await_resume() const {}

 private:
  friend class Loop;
  Loop& loop_;
  std::coroutine_handle<> frame_;  // set while it waits
};

}  // namespace sluice::net
