#pragma once
/// One I/O thread: its loop, its connections to providers, its listeners. All of it is built and torn down by the
/// control thread; in between it belongs to its own.

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "app/front.hpp"
#include "net/dialer.hpp"

namespace sluice::app {

/// What the workers share.
struct Shared {
  const Clock& clock;
  net::BlockingPool& blocking;
  net::Resolver& resolver;
  net::AddressRule rule;
  http::TlsContexts& tls_contexts;
  http::BufferBudget& budget;
  http::ServerCounts& counts;
  net::FairLine& line;
  const dialect::Dialect& anthropic;
  AdminSide* admin;  // null: none
};

/// What a reload replaces.
struct Settings {
  std::shared_ptr<const relay::Snapshot> snapshot;
  std::shared_ptr<const FrontSettings> front;
  http::ServerLimits limits;
  std::shared_ptr<const net::TlsServerContext> tls;  // null: plain
};

class Worker {
 public:
  Worker(const Shared& shared, metrics::ThreadMetrics& metrics, Front::Scrape scrape,
         Front::Serves serves, const Settings& settings);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Before `start`:
  [[nodiscard]] Status listen(const net::Address& address);
  [[nodiscard]] Status listen_for_operators(const net::Address& address);
  [[nodiscard]] const net::Address& address() const { return server_.address(); }
  [[nodiscard]] const net::Address& operators_address() const { return operators_->address(); }

  void start();
  /// For requests that begin from now on. Any thread.
  void use(Settings settings);
  /// Cuts what still runs, and ends the thread.
  void stop();

  // Any thread:
  [[nodiscard]] std::size_t in_flight() const {
    return server_.in_flight() + (operators_ ? operators_->in_flight() : 0);
  }
  [[nodiscard]] std::size_t idle_connections() const { return idle_connections_.load(); }
  [[nodiscard]] std::size_t active_connections() const { return active_connections_.load(); }

 private:
  void apply(const Settings& settings);
  void on_tick();
  static constexpr int ticks_a_sweep = 10;  // about a second

  SeededRandom random_;
  net::Loop loop_;
  net::Dialer dialer_;
  http::ConnectionPool connections_;
  relay::RelayService relay_;
  Front front_;
  Front operators_front_;
  http::Server server_;
  std::optional<http::Server> operators_;
  const Shared shared_;
  http::ServerLimits limits_;
  std::shared_ptr<const net::TlsServerContext> tls_;
  int ticks_ = 0;
  std::atomic<std::size_t> idle_connections_{0};
  std::atomic<std::size_t> active_connections_{0};
  std::thread thread_;
};

}  // namespace sluice::app
