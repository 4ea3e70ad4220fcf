#include "poller.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace sluice::soak {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::runtime_error(std::string("epoll_create1: ") + std::strerror(errno));
}

Poller::~Poller() { ::close(epoll_); }

void Poller::add(int fd, std::uint32_t events, Handler& handler) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= entries_.size()) entries_.resize(index + 256);
  Entry& entry = entries_[index];
  entry.handler = &handler;
  ++entry.generation;
  epoll_event event{};
  event.events = events;
  event.data.u64 = (std::uint64_t{entry.generation} << 32U) | static_cast<std::uint32_t>(fd);
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::runtime_error(std::string("epoll_ctl: ") + std::strerror(errno));
  }
}

void Poller::change(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = (std::uint64_t{entries_[static_cast<std::size_t>(fd)].generation} << 32U) |
                   static_cast<std::uint32_t>(fd);
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0) {
    throw std::runtime_error(std::string("epoll_ctl: ") + std::strerror(errno));
  }
}

void Poller::remove(int fd) {
  entries_[static_cast<std::size_t>(fd)].handler = nullptr;
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::turn(Milliseconds patience) {
  if (!timers_.empty()) {
    const auto left = std::chrono::ceil<Milliseconds>(timers_.begin()->first - Clock::now());
    patience = std::max(Milliseconds{0}, std::min(patience, left));
  }
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(patience.count()));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const Entry& entry = entries_[event.data.u64 & 0xffffffffU];
    if (entry.handler != nullptr && entry.generation == event.data.u64 >> 32U) {
      entry.handler->on_events(event.events);
    }
  }
  // What is started while these run is for the next turn.
  const Time now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
  graves_.clear();
}

bool Poller::run(const std::function<bool()>& done, Milliseconds limit) {
  const Time deadline = Clock::now() + limit;
  while (!done()) {
    if (Clock::now() >= deadline) return false;
    turn(Milliseconds{50});
  }
  return true;
}

void Timer::start(Milliseconds delay, std::function<void()> work) {
  stop();
  running_ = true;
  place_ = poller_.timers_.emplace(Clock::now() + delay, [this, work = std::move(work)] {
    running_ = false;
    work();
  });
}

void Timer::stop() {
  if (running_) poller_.timers_.erase(place_);
  running_ = false;
}

}  // namespace sluice::soak
