#include "net/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace sluice::net {
namespace {

constexpr int batch_events_max = 512;
constexpr std::uint64_t wakeup_token = ~std::uint64_t{0};

void resume(Waiter*& slot, Wake reason) {
  Waiter* waiter = std::exchange(slot, nullptr);
  if (waiter == nullptr || waiter->reason != Wake::none) return;
  waiter->reason = reason;
  waiter->frame.resume();
}

}  // namespace

// --- Descriptor ---------------------------------------------------------------------------------------------------

Status Descriptor::open(Loop& loop, int fd) {
  assert(fd_ < 0 && fd >= 0);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= loop.entries_.size()) loop.entries_.resize(index + 64);
  auto& entry = loop.entries_[index];
  ++entry.generation;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  // The generation tells events of an earlier owner of this number, still in the batch, from ours.
  event.data.u64 = (std::uint64_t{entry.generation} << 32U) | static_cast<std::uint32_t>(fd);
  if (::epoll_ctl(loop.epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    std::string why = std::strerror(errno);
    ::close(fd);
    return fail(Errc::io, Side::gateway, "epoll_ctl: " + why);
  }
  entry.descriptor = this;
  loop_ = &loop;
  fd_ = fd;
  readable = writable = true;
  gone = false;
  return {};
}

void Descriptor::close() {
  if (fd_ < 0) return;
  assert(reader_ == nullptr && writer_ == nullptr && watcher_ == nullptr);
  auto& entry = loop_->entries_[static_cast<std::size_t>(fd_)];
  entry.descriptor = nullptr;
  ++entry.generation;
  ::close(fd_);
  fd_ = -1;
}

void Descriptor::on_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) gone = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable = true;
  // Who is resumed may close or destroy this descriptor, and usually waits for one thing: one resume a batch. Whatever
  // else became true is found by the next wait, which looks at the flags first.
  if (readable && reader_ != nullptr) return resume(reader_, Wake::readable);
  if (writable && writer_ != nullptr) return resume(writer_, Wake::writable);
  if (gone && watcher_ != nullptr) return resume(watcher_, Wake::gone);
}

// --- Signal -------------------------------------------------------------------------------------------------------

void Signal::fire() {
  fired_ = true;
  if (waiter_ != nullptr) resume(waiter_, Wake::signalled);
}

// --- Wait ---------------------------------------------------------------------------------------------------------

bool Wait::await_ready() {
  if (what_.signal != nullptr && what_.signal->fired_) {
    waiter_.reason = Wake::signalled;
  } else if (what_.read != nullptr && what_.read->readable) {
    waiter_.reason = Wake::readable;
  } else if (what_.write != nullptr && what_.write->writable) {
    waiter_.reason = Wake::writable;
  } else if (what_.gone != nullptr && what_.gone->gone) {
    waiter_.reason = Wake::gone;
  } else if (what_.deadline <= loop_.now()) {
    waiter_.reason = Wake::timeout;
  }
  return waiter_.reason != Wake::none;
}

void Wait::await_suspend(std::coroutine_handle<> frame) {
  waiter_.frame = frame;
  attached_ = true;
  if (what_.read != nullptr) what_.read->reader_ = &waiter_;
  if (what_.write != nullptr) what_.write->writer_ = &waiter_;
  if (what_.gone != nullptr) what_.gone->watcher_ = &waiter_;
  if (what_.signal != nullptr) what_.signal->waiter_ = &waiter_;
  loop_.arm(
      timer_, what_.deadline,
      [](void* context) {
        auto* waiter = static_cast<Waiter*>(context);
        resume(waiter, Wake::timeout);
      },
      &waiter_);
}

void Wait::detach() {
  if (!attached_) return;
  attached_ = false;
  if (what_.read != nullptr && what_.read->reader_ == &waiter_) what_.read->reader_ = nullptr;
  if (what_.write != nullptr && what_.write->writer_ == &waiter_) what_.write->writer_ = nullptr;
  if (what_.gone != nullptr && what_.gone->watcher_ == &waiter_) what_.gone->watcher_ = nullptr;
  if (what_.signal != nullptr && what_.signal->waiter_ == &waiter_) what_.signal->waiter_ = nullptr;
  timer_.disarm();
}

// --- Loop ---------------------------------------------------------------------------------------------------------

Loop::Loop(const Clock& clock)
    : clock_(clock),
      now_(clock.now()),
      wheel_(now_),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      scratch_(std::make_unique_for_overwrite<char[]>(scratch_bytes)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wakeup_token;
  if (epoll_ < 0 || wakeup_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) != 0) {
    throw std::runtime_error(std::string("event loop: ") + std::strerror(errno));
  }
}

Loop::~Loop() {
  ::close(wakeup_);
  ::close(epoll_);
}

void Loop::post(std::function<void()> work) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_, &one, sizeof one);
  }
}

void Loop::stop() {
  post([this] { stopping_ = true; });
}

void Loop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wakeup_, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void Loop::run() {
  stopping_ = false;
  while (!stopping_) turn(TimerWheel::tick);
}

void Loop::run_breathing() {
  // Those that come back for more wait for the next turn; any of them may end another.
  for (std::size_t due = breathing_.size(); due > 0 && !breathing_.empty(); --due) {
    Breathe* const next = breathing_.front();
    breathing_.pop_front();
    std::exchange(next->frame_, nullptr).resume();
  }
}

void Loop::turn(Milliseconds max_wait) {
  std::array<epoll_event, batch_events_max> events;
  const auto left = std::chrono::ceil<Milliseconds>(wheel_.next_tick() - clock_.now());
  const auto longest = breathing_.empty() ? max_wait : Milliseconds(0);
  const auto wait = std::clamp(left, Milliseconds(0), longest);
  const int count =
      ::epoll_wait(epoll_, events.data(), batch_events_max, static_cast<int>(wait.count()));
  now_ = clock_.now();
  bool posted = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == wakeup_token) {
      posted = true;
      continue;
    }
    const Entry& entry = entries_[event.data.u64 & 0xffffffffU];
    if (entry.generation == event.data.u64 >> 32U && entry.descriptor != nullptr) {
      entry.descriptor->on_events(event.events);
    }
  }
  if (posted) run_posted();
  if (!breathing_.empty()) run_breathing();
  if (now_ >= wheel_.next_tick()) {
    wheel_.advance(now_);
    if (on_tick) on_tick();
  }
}

// --- Breathe ----------------------------------------------------------------------------------------------------------

void Breathe::await_suspend(std::coroutine_handle<> frame) {
  frame_ = frame;
  loop_.breathing_.push_back(this);
}

Breathe::~Breathe() {
  if (frame_) std::erase(loop_.breathing_, this);
}

}  // namespace sluice::net
