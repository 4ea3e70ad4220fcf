#pragma once
/// Deadlines of one thread: a wheel of 100 ms slots. A deadline that moves later costs one store; only when its slot
/// comes round is it put where it belongs now. A stream that is alive relinks its timer once per idle timeout.

#include <array>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice::net {

class TimerWheel;

/// One deadline. `fire` is called once, at most a tick late, and may destroy the timer. Lives on one thread.
class Timer {
 public:
  using Fire = void (*)(void* context);
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { unlink(); }

  void disarm() { fire_ = nullptr; }
  [[nodiscard]] bool armed() const { return fire_ != nullptr; }

 private:
  friend class TimerWheel;
  void unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }
  Timer* next_ = nullptr;  // null: in no slot
  Timer* previous_ = nullptr;
  TimePoint deadline_ = time_never;
  std::int64_t slot_tick_ = 0;  // when the slot it is in comes round
  Fire fire_ = nullptr;
  void* context_ = nullptr;
};

class TimerWheel {
 public:
  static constexpr Milliseconds tick{100};

  explicit TimerWheel(TimePoint now);
  /// Fires at `deadline` or up to a tick later; replaces what the timer was armed with. `time_never` disarms.
  void arm(Timer& timer, TimePoint deadline, Timer::Fire fire, void* context);
  /// Fires all that is due.
  void advance(TimePoint now);
  /// When `advance` is worth calling next: the next tick.
  [[nodiscard]] TimePoint next_tick() const;

 private:
  static constexpr std::int64_t slot_count =
      1024;  // about 102 s; what is later is looked at once a turn
  struct Slot {
    Timer head;
    Slot() { head.next_ = head.previous_ = &head; }
    ~Slot() { head.next_ = nullptr; }
  };
  void link(Timer& timer);
  [[nodiscard]] std::int64_t tick_of(TimePoint at) const;

  TimePoint start_;
  std::int64_t now_tick_ = 0;
  std::array<Slot, slot_count> slots_;
};

}  // namespace sluice::net
