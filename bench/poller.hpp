#pragma once
/// epoll, edge-triggered, with waits that are exact to the microsecond.

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>

namespace sluice::bench {

using Time = std::chrono::steady_clock::time_point;
inline Time now() { return std::chrono::steady_clock::now(); }

class Poller {
 public:
  Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    // The default slack of 50 us would round every pace and every arrival.
    prctl(PR_SET_TIMERSLACK, 1);
  }
  ~Poller() { close(fd_); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches both directions for good; `tag` comes back with each event.
  void add(int fd, std::uint64_t tag) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = tag}};
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0)
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }

  /// What is ready, at the latest at `until`; without it, waits for good. Valid until the next
  /// call.
  std::span<const epoll_event> wait(std::optional<Time> until) {
    timespec timeout{};
    if (until) {
      const auto left = std::max<std::int64_t>(0, (*until - now()).count());
      timeout = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    }
    const int count = epoll_pwait2(fd_, events_.data(), static_cast<int>(events_.size()),
                                   until ? &timeout : nullptr, nullptr);
    return {events_.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }

 private:
  int fd_;
  std::array<epoll_event, 512> events_{};
};

/// The peer is leaving: read on until the end, as no further edge will tell of it.
inline bool is_closing(const epoll_event& event) {
  return (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

}  // namespace sluice::bench
