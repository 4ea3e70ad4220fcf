#pragma once
/// The running program: workers, what they share, and the control thread's part: start, reload, follow the store, drain, stop.

#include <functional>
#include <memory>
#include <vector>

#include "app/admin_host.hpp"
#include "app/config.hpp"
#include "app/control_events.hpp"
#include "app/control_loop.hpp"
#include "app/snapshot_builder.hpp"
#include "app/store_link.hpp"
#include "app/worker.hpp"
#include "dialect/anthropic/anthropic.hpp"

namespace sluice::app {

class Program {
 public:
  /// Reads the configuration anew; nothing when it must not be used (and was reported).
  using Reload = std::function<std::optional<Config>()>;

  explicit Program(Config config);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// Listens, and takes requests from then on. Errors: invalid_config, io; nothing is left behind.
  [[nodiscard]] Status start();
  /// Where clients connect: the real port where 0 was asked for.
  [[nodiscard]] const net::Address& address() const { return workers_.front()->address(); }
  /// Until SIGTERM or SIGINT, which drain (a second one cuts); SIGHUP reloads, and so does a change in the store. The
  /// signals must be blocked in all threads, see `ControlEvents::block_signals`.
  void run(const Reload& reload);

 private:
  [[nodiscard]] Result<Settings> settings_of(const Config& config);
  /// What requests that begin from now on read.
  void use(const Settings& settings);
  void follow_store();
  void keep_tokens();
  void watch_accounts();
  [[nodiscard]] routing::Moment moment() const;
  [[nodiscard]] Milliseconds until_rebuild() const;
  [[nodiscard]] std::string scrape() const;
  [[nodiscard]] boost::json::object health() const;
  [[nodiscard]] std::shared_ptr<const relay::Snapshot> snapshot() const;
  void reload(const Reload& read);
  void drain();
  [[nodiscard]] std::size_t in_flight() const;

  Config config_;
  SystemClock clock_;
  const WallTime started_ = clock_.wall_now();
  ControlEvents events_;
  std::unique_ptr<StoreLink> store_;
  WallTime snapshot_until_ = WallTime::max();  // then it is built anew
  net::FairLine line_{clock_};
  RuntimeStates states_;
  net::BlockingPool blocking_;
  net::BlockingPool lookups_;  // of names
  std::atomic<bool> private_upstreams_;
  net::Resolver resolver_;
  http::TlsContexts tls_contexts_;
  http::BufferBudget budget_;
  http::ServerCounts counts_;
  dialect::anthropic::Anthropic anthropic_;
  std::unique_ptr<metrics::Metrics> metrics_;
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const relay::Snapshot> snapshot_;  // for the scrape, which runs beside a reload
  std::unique_ptr<ControlLoop> control_;
  std::unique_ptr<AdminHost> admin_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sluice::app
