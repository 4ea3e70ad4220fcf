#pragma once
/// What a listener answers: operations (/health, /ready, /metrics), the admin side, browsers' preflights, and the dialects'
/// routes. One per listener and I/O thread.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "admin/admin_api.hpp"
#include "http/server.hpp"
#include "net/blocking_pool.hpp"
#include "relay/relay_service.hpp"

namespace sluice::app {

/// Shared by all fronts; replaced as a whole.
struct FrontSettings {
  bool metrics_enabled = true;
  Secret metrics_token;  // empty: loopback visitors only
  std::vector<std::string> cors_origins;
  std::vector<net::Network> trusted_proxies;
};

/// The admin side, as all fronts reach it: its threads are its own, since SQL and password hashes shall make nobody wait who
/// asks for a name or a file.
struct AdminSide {
  AdminSide(admin::AdminApi& of, net::BlockingPool& threads) : api(of), pool(threads) {}
  admin::AdminApi& api;
  net::BlockingPool& pool;
  std::atomic<std::size_t> waiting = 0;  // requests, at most `waiting_max`
  static constexpr std::size_t waiting_max = 32;
};

class Front final : public http::Handler {
 public:
  enum class Serves : std::uint8_t { clients, operators, both };
  /// Gives the text of /metrics; called on a thread that may block.
  using Scrape = std::function<std::string()>;

  /// `admin` may be null: there is no admin side then.
  Front(Serves serves, relay::RelayService& relay, net::Loop& loop, net::BlockingPool& blocking,
        AdminSide* admin, const http::ServerCounts& counts, Scrape scrape)
      : serves_(serves),
        relay_(relay),
        loop_(loop),
        blocking_(blocking),
        admin_(admin),
        counts_(counts),
        scrape_(std::move(scrape)) {}
  void use(std::shared_ptr<const FrontSettings> settings) { settings_ = std::move(settings); }

  [[nodiscard]] net::Task<void> handle(http::Exchange& exchange) override;
  [[nodiscard]] std::string error_body(std::string_view path, const Error& error,
                                       std::string_view request_id) override;

 private:
  [[nodiscard]] net::Task<void> handle_operator(http::Exchange& exchange);
  [[nodiscard]] net::Task<void> handle_admin(http::Exchange& exchange);
  [[nodiscard]] net::Task<Result<admin::ApiResponse>> ask_admin(http::Exchange& exchange);
  [[nodiscard]] admin::ApiRequest admin_request(const http::Exchange& exchange) const;
  [[nodiscard]] static net::Task<void> handle_preflight(http::Exchange& exchange, bool allowed);
  [[nodiscard]] net::Task<Status> operate(http::Exchange& exchange);
  [[nodiscard]] net::Task<Status> ready(http::Exchange& exchange);
  [[nodiscard]] net::Task<Status> show_metrics(http::Exchange& exchange);
  [[nodiscard]] bool may_see_metrics(const http::Exchange& exchange) const;
  [[nodiscard]] bool allow_origin(http::Exchange& exchange) const;
  [[nodiscard]] static net::Task<Status> preflight(http::Exchange& exchange, bool allowed);

  Serves serves_;
  relay::RelayService& relay_;
  net::Loop& loop_;
  net::BlockingPool& blocking_;
  AdminSide* admin_;
  const http::ServerCounts& counts_;
  Scrape scrape_;
  std::shared_ptr<const FrontSettings> settings_;
};

}  // namespace sluice::app
