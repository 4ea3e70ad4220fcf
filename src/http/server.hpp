#pragma once
/// HTTP/1.1 towards clients: the connections of one I/O thread. Each is one coroutine that reads a head, hands an
/// `Exchange` to the handler, and goes on with the next request of the connection.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "http/buffer_budget.hpp"
#include "http/exchange.hpp"
#include "net/listener.hpp"
#include "net/stream.hpp"
#include "wire/http_head.hpp"

namespace sluice::http {

struct ServerLimits {
  wire::HeadLimits head;
  std::uint64_t body_bytes_max = 33554432;
  std::size_t connections_max = 20000;  // of the whole process
  Milliseconds header_timeout{10000};
  Milliseconds body_idle_timeout{30000};
  Milliseconds write_stall_timeout{60000};
  Milliseconds keepalive_idle{75000};
  Milliseconds tls_handshake_timeout{10000};
  /// Besides the idle timeout, a body must come at this rate.
  static constexpr std::int64_t body_bytes_per_second_min = 1024;
  /// After a refusal that left a body unread, so much is read and dropped, lest a reset destroys the answer.
  static constexpr std::size_t linger_bytes_max = 1 << 20;
  static constexpr Milliseconds linger_max{2000};
};

/// What the program does with requests. One object for all threads.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Answers `exchange`. Returning without an answer, or in the middle of one, closes the connection.
  [[nodiscard]] virtual net::Task<void> handle(Exchange& exchange) = 0;
  /// The body that tells a client of `error`, in the dialect that `path` speaks (empty when there was no readable head).
  [[nodiscard]] virtual std::string error_body(std::string_view path, const Error& error,
                                               std::string_view request_id) = 0;
};

/// Counts that all threads share.
struct ServerCounts {
  std::atomic<std::int64_t> connections{0};
  std::atomic<bool> draining{false};
};

class Server {
 public:
  Server(net::Loop& loop, Random& random, Handler& handler, BufferBudget& budget,
         ServerCounts& counts, const ServerLimits& limits);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// With `tls`, the listener speaks TLS only.
  [[nodiscard]] Status listen(const net::Address& address,
                              std::shared_ptr<const net::TlsServerContext> tls);
  [[nodiscard]] const net::Address& address() const { return listener_.address(); }
  /// For connections accepted from now on.
  void set_tls(std::shared_ptr<const net::TlsServerContext> tls) { tls_ = std::move(tls); }
  void set_limits(const ServerLimits& limits) { limits_ = limits; }
  void stop_listening() { listener_.close(); }

  /// Requests being answered on this thread; any thread may ask.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t connections() const { return sessions_.size(); }
  /// Cuts what is left.
  void close_all() { sessions_.clear(); }

 private:
  friend class Session;
  friend class Exchange;
  void accept(int fd, const net::Address& peer);
  [[nodiscard]] std::string answer_of_a_full_server();

  net::Loop& loop_;
  Random& random_;
  Handler& handler_;
  BufferBudget& budget_;
  ServerCounts& counts_;
  ServerLimits limits_;
  std::shared_ptr<const net::TlsServerContext> tls_;
  net::Listener listener_;
  std::atomic<std::size_t> in_flight_{0};  // written by the loop's thread alone
  net::TaskSet sessions_;
};

}  // namespace sluice::http
