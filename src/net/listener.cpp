#include "net/listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"

namespace sluice::net {

Status Listener::listen(const Address& address, Accept accept) {
  const auto refuse = [&](const char* what) {
    std::string why = std::strerror(errno);
    return fail(Errc::io, Side::gateway,
                "cannot listen on " + address.text() + " (" + what + ": " + why +
                    "); is another server on it? choose another with --listen");
  };
  const int fd =
      ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return refuse("socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd, address.raw(), address.length) != 0 || ::listen(fd, backlog) != 0) {
    auto refused = refuse("bind");
    ::close(fd);
    return refused;
  }
  address_ = Address::of_socket(fd);
  accept_ = std::move(accept);
  CHECK_OK(descriptor_.open(loop_, fd));
  accepting_.start(run());
  return {};
}

void Listener::close() {
  accepting_.clear();
  descriptor_.close();
}

Task<void> Listener::run() {
  for (;;) {
    Address peer;
    peer.length = sizeof peer.storage;
    const int fd = ::accept4(descriptor_.fd(), reinterpret_cast<sockaddr*>(&peer.storage),
                             &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      accept_(fd, peer);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      descriptor_.readable = false;
      const WaitFor what{.read = &descriptor_};
      co_await Wait(loop_, timer_, what);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      log::warn("listener.paused reason={}", log::quoted(std::strerror(errno)));
      const WaitFor what{.deadline = loop_.now() + retry_after_exhaustion};
      co_await Wait(loop_, timer_, what);
    }
    // All else (ECONNABORTED, EINTR, a network error of that one connection) concerns a connection that is gone already.
  }
}

}  // namespace sluice::net
