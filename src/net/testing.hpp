#pragma once
/// What tests of sockets need: a loop whose time is moved by hand, connected pairs, and waits without luck.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/address.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace sluice::net::testing {

/// A loop on a manual clock, driven by the test a turn at a time. Real time only bounds how long a test may hang.
struct ManualLoop {
  static constexpr std::chrono::seconds patience{20};

  ManualLoop() { std::signal(SIGPIPE, SIG_IGN); }

  ManualClock clock;
  Loop loop{clock};
  Timer timer;
  TaskSet tasks;

  /// What is ready now, and what follows from it.
  void settle() {
    for (int i = 0; i < 4; ++i) loop.turn(Milliseconds(0));
  }
  /// The clock moves on; what is due fires.
  void pass(Milliseconds time) {
    clock.advance(time);
    settle();
  }
  /// Turns until `done` holds. False, and a failed test, when it doesn't within the patience.
  template <class Done>
  bool until(Done done) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > give_up) {
        ADD_FAILURE() << "what was waited for did not happen";
        return false;
      }
      loop.turn(Milliseconds(5));
    }
    return true;
  }

  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await task);
  }
  /// Starts `task`; its value appears in `out`.
  template <class T>
  void start(Task<T> task, std::optional<T>& out) {
    tasks.start(keep(std::move(task), out));
  }
  /// Runs `task` to its end.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    start(std::move(task), out);
    if (!until([&] { return out.has_value(); })) std::abort();
    return std::move(*out);
  }
};

/// A file descriptor that the test holds.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void send(std::string_view bytes) const {
    ASSERT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// What is there now; nullopt: nothing, "" the end.
  [[nodiscard]] std::optional<std::string> receive() const {
    std::string bytes(65536, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  int fd_ = -1;
};

struct Pair {
  Fd near;
  Fd far;
};

inline Pair unix_pair() {
  std::array<int, 2> fds{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {.near = Fd(fds[0]), .far = Fd(fds[1])};
}

/// Listens on a free port of `host`, without accepting.
inline Fd listening(Address& address, int backlog = 16) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), address.raw(), address.length), 0);
  EXPECT_EQ(::listen(fd.get(), backlog), 0);
  address = Address::of_socket(fd.get());
  return fd;
}

inline Address loopback(std::string_view host = "127.0.0.1", std::uint16_t port = 0) {
  return *Address::literal(host, port);
}

/// Connects and waits until it is; the socket is non-blocking afterwards.
inline Fd connected(const Address& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), address.raw(), address.length), 0);
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

inline Pair tcp_pair() {
  Address address = loopback();
  const Fd listener = listening(address);
  Pair pair;
  pair.near = connected(address);
  pair.far = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_GE(pair.far.get(), 0);
  return pair;
}

}  // namespace sluice::net::testing
