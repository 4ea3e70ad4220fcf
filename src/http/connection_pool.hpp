#pragma once
/// Connections to providers, kept alive between requests: one pool a thread, the newest first.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/dialer.hpp"
#include "net/origin.hpp"
#include "net/stream.hpp"

namespace sluice::http {

/// One open connection; the pool counts those that live.
struct Connection {
  explicit Connection(std::size_t& live_count) : live(live_count) { ++live; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { --live; }

  std::size_t& live;
  std::unique_ptr<net::Stream> stream;
  net::Origin origin;
  bool reused = false;
  TimePoint idle_since;
};

/// TLS contexts by authority file, made once. One per process.
class TlsContexts {
 public:
  using Trust = net::TlsClientContext::Trust;
  [[nodiscard]] Result<std::shared_ptr<net::TlsClientContext>> find(
      const std::string& ca_file, Trust trust = Trust::file_alone);
  /// Puts the contexts of `origin` beside it: its own, and that of an https proxy on the way. The proxy is a host of its own, so it
  /// may also be verified by the system's authorities where the origin has a file.
  [[nodiscard]] Result<net::Target> target(net::Origin origin);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, Trust>, std::shared_ptr<net::TlsClientContext>> contexts_;
};

class ConnectionPool {
 public:
  static constexpr std::size_t idle_per_origin_max = 256;
  static constexpr std::chrono::seconds idle_max{
      50};  // below the 60 s at which front ends commonly hang up

  ConnectionPool(net::Loop& loop, net::Dialer& dialer, TlsContexts& contexts)
      : loop_(loop), dialer_(dialer), contexts_(contexts) {}
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// An idle connection that is alive, as far as this side can know; nullptr without one. No system call in the usual case.
  [[nodiscard]] std::unique_ptr<Connection> take_idle(const net::Origin& origin);
  /// A new one. Errors of `net::Dialer::dial`.
  [[nodiscard]] net::Task<Result<std::unique_ptr<Connection>>> dial(net::Timer& timer,
                                                                    net::Origin origin,
                                                                    TimePoint deadline,
                                                                    net::Descriptor* gone);
  /// After an answer was read to its end, and nothing behind it.
  void give_back(std::unique_ptr<Connection> connection);
  /// Closes what is dead or was idle for too long. Called every second or so.
  void sweep();

  [[nodiscard]] std::size_t idle() const { return idle_count_; }
  [[nodiscard]] std::size_t active() const { return live_count_ - idle_count_; }

 private:
  using Idle = std::vector<std::unique_ptr<Connection>>;
  [[nodiscard]] bool alive(Connection& connection) const;
  net::Loop& loop_;
  net::Dialer& dialer_;
  TlsContexts& contexts_;
  std::size_t live_count_ = 0;
  std::map<net::Origin, Idle> idle_;
  std::size_t idle_count_ = 0;
};

}  // namespace sluice::http
