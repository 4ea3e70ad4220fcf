#pragma once
/// A listening socket of one thread (SO_REUSEPORT: the kernel spreads connections over the threads).

#include <functional>

#include "net/address.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace sluice::net {

class Listener {
 public:
  /// Called with each accepted, non-blocking, TCP_NODELAY socket; takes it.
  using Accept = std::function<void(int fd, const Address& peer)>;

  explicit Listener(Loop& loop) : loop_(loop) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  /// Errc::io names the address and what to do. Port 0 takes a free one, see `address`.
  [[nodiscard]] Status listen(const Address& address, Accept accept);
  [[nodiscard]] const Address& address() const { return address_; }
  void close();

 private:
  Task<void> run();
  static constexpr int backlog = 4096;
  static constexpr Milliseconds retry_after_exhaustion{100};  // no descriptors left: let some close
  Loop& loop_;
  Address address_;
  Accept accept_;
  Descriptor descriptor_;
  Timer timer_;
  TaskSet accepting_;
};

}  // namespace sluice::net
