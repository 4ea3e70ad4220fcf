#include "app/control_events.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace sluice::app {
namespace {

sigset_t our_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

void ControlEvents::block_signals() {
  const sigset_t set = our_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
}

ControlEvents::ControlEvents() {
  const sigset_t set = our_signals();
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  words_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals_ < 0 || words_ < 0) {
    throw std::system_error(errno, std::generic_category(), "no descriptor for signals");
  }
}

ControlEvents::~ControlEvents() {
  ::close(signals_);
  ::close(words_);
}

void ControlEvents::notify() { (void)::eventfd_write(words_, 1); }

ControlEvents::Event ControlEvents::wait(Milliseconds patience) {
  std::array<pollfd, 2> watched = {{{signals_, POLLIN, 0}, {words_, POLLIN, 0}}};
  (void)::poll(watched.data(), watched.size(), static_cast<int>(patience.count()));
  Event event;
  signalfd_siginfo info{};
  if (::read(signals_, &info, sizeof info) == sizeof info) {
    event.signal = static_cast<int>(info.ssi_signo);
  }
  eventfd_t count = 0;
  event.notified = ::eventfd_read(words_, &count) == 0;
  return event;
}

}  // namespace sluice::app
