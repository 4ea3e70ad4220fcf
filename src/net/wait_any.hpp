#pragma once
/// A wait for whichever of several descriptors moves first. What waits for one or two named ones is `Wait`.

#include <span>

#include "net/loop.hpp"

namespace sluice::net {

/// co_await WaitAnyWritable(loop, timer, descriptors, gone, deadline) gives writable, gone or timeout. Nobody else waits to
/// write to any of them meanwhile.
class [[nodiscard]] WaitAnyWritable {
 public:
  WaitAnyWritable(Loop& loop, Timer& timer, std::span<Descriptor* const> descriptors,
                  Descriptor* gone, TimePoint deadline)
      : loop_(loop), timer_(timer), descriptors_(descriptors), gone_(gone), deadline_(deadline) {}
  WaitAnyWritable(const WaitAnyWritable&) = delete;
  WaitAnyWritable& operator=(const WaitAnyWritable&) = delete;
  ~WaitAnyWritable() { detach(); }

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
  std::span<Descriptor* const> descriptors_;
  Descriptor* gone_;
  TimePoint deadline_;
  Waiter waiter_;
  bool attached_ = false;
};

}  // namespace sluice::net
