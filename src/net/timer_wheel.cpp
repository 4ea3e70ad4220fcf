#include "net/timer_wheel.hpp"

#include <algorithm>

namespace sluice::net {

TimerWheel::TimerWheel(TimePoint now) : start_(now) {}

std::int64_t TimerWheel::tick_of(TimePoint at) const {
  // Rounded up: never early.
  return (at - start_ + tick - std::chrono::nanoseconds(1)) / tick;
}

void TimerWheel::arm(Timer& timer, TimePoint deadline, Timer::Fire fire, void* context) {
  if (deadline == time_never) {
    timer.disarm();
    return;
  }
  timer.deadline_ = deadline;
  timer.fire_ = fire;
  timer.context_ = context;
  if (timer.next_ != nullptr && timer.slot_tick_ <= tick_of(deadline))
    return;  // looked at early enough
  timer.unlink();
  link(timer);
}

void TimerWheel::link(Timer& timer) {
  timer.slot_tick_ =
      std::clamp(tick_of(timer.deadline_), now_tick_ + 1, now_tick_ + slot_count - 1);
  Timer& head = slots_[static_cast<std::size_t>(timer.slot_tick_ % slot_count)].head;
  timer.next_ = &head;
  timer.previous_ = head.previous_;
  timer.previous_->next_ = &timer;
  head.previous_ = &timer;
}

void TimerWheel::advance(TimePoint now) {
  const std::int64_t target = (now - start_) / tick;
  // After a long pause every slot is looked at once; more turns would find nothing new.
  if (target - now_tick_ > slot_count) now_tick_ = target - slot_count;
  while (now_tick_ < target) {
    ++now_tick_;
    Timer& head = slots_[static_cast<std::size_t>(now_tick_ % slot_count)].head;
    // The slot is taken off first: what is fired may arm timers into this very slot.
    Slot due;
    if (head.next_ == &head) continue;
    due.head.next_ = head.next_;
    due.head.previous_ = head.previous_;
    due.head.next_->previous_ = &due.head;
    due.head.previous_->next_ = &due.head;
    head.next_ = head.previous_ = &head;
    while (due.head.next_ != &due.head) {
      Timer& timer = *due.head.next_;
      timer.unlink();
      if (timer.fire_ == nullptr) continue;
      if (timer.deadline_ > now) {
        link(timer);
        continue;
      }
      const Timer::Fire fire = timer.fire_;
      timer.fire_ = nullptr;
      fire(timer.context_);
    }
  }
}

TimePoint TimerWheel::next_tick() const { return start_ + tick * (now_tick_ + 1); }

}  // namespace sluice::net
