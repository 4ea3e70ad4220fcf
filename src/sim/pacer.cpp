#include "sim/pacer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::sim {

/// One wait: leaves the list when it is over, however it ends.
struct Pacer::Sleeper {
  Sleeper(Pacer& owner, TimePoint at) : pacer(owner), place(owner.sleepers_.emplace(at, &signal)) {}
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    if (!signal.fired()) pacer.sleepers_.erase(place);
  }
  Pacer& pacer;
  net::Signal signal;
  Sleepers::iterator place;
};

Status Pacer::open() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return fail(Errc::io, Side::gateway, std::string("timerfd: ") + std::strerror(errno));
  CHECK_OK(alarm_.open(loop_, fd));
  running_.start(run());
  return {};
}

void Pacer::close() {
  running_.clear();
  alarm_.close();
}

void Pacer::set_alarm(TimePoint at) {
  alarm_at_ = at;
  // Zero would switch the alarm off.
  const auto since = std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  itimerspec spec{};
  spec.it_value.tv_sec = since / 1'000'000'000;
  spec.it_value.tv_nsec = since % 1'000'000'000;
  ::timerfd_settime(alarm_.fd(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

net::Task<bool> Pacer::sleep_until(TimePoint at, net::Timer& timer, net::Descriptor* gone) {
  Sleeper sleeper(*this, at);
  if (at < alarm_at_) set_alarm(at);
  const net::WaitFor what{.gone = gone, .signal = &sleeper.signal};
  const net::Wake wake = co_await net::Wait(loop_, timer, what);
  co_return wake == net::Wake::signalled;
}

net::Task<void> Pacer::run() {
  for (;;) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = ::read(alarm_.fd(), &expirations, sizeof expirations);
    alarm_.readable = false;
    alarm_at_ = time_never;
    // Who is woken may sleep again at once, even until a time that has passed: those wait for the next round.
    const TimePoint due = now();
    auto round =
        static_cast<std::ptrdiff_t>(std::distance(sleepers_.begin(), sleepers_.upper_bound(due)));
    for (; round > 0 && !sleepers_.empty() && sleepers_.begin()->first <= due; --round) {
      net::Signal* signal = sleepers_.extract(sleepers_.begin()).mapped();
      signal->fire();
    }
    if (!sleepers_.empty() && sleepers_.begin()->first < alarm_at_)
      set_alarm(sleepers_.begin()->first);
    const net::WaitFor what{.read = &alarm_};
    co_await net::Wait(loop_, timer_, what);
  }
}

}  // namespace sluice::sim
