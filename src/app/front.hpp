#pragma once
/// What a listener answers: operations (/health, /ready, /metrics), browsers' preflights, and the dialects' routes. One
/// per listener and I/O thread.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "net/blocking_pool.hpp"
#include "relay/relay_service.hpp"

namespace sluice::app {

/// Shared by all fronts; replaced as a whole.
struct FrontSettings {
  bool metrics_enabled = true;
  Secret metrics_token;  // empty: loopback visitors only
  std::vector<std::string> cors_origins;
};

class Front final : public http::Handler {
 public:
  enum class Serves : std::uint8_t { clients, operators, both };
  /// Gives the text of /metrics; called on a thread that may block.
  using Scrape = std::function<std::string()>;

  Front(Serves serves, relay::RelayService& relay, net::Loop& loop, net::BlockingPool& blocking,
        const http::ServerCounts& counts, Scrape scrape)
      : serves_(serves),
        relay_(relay),
        loop_(loop),
        blocking_(blocking),
        counts_(counts),
        scrape_(std::move(scrape)) {}
  void use(std::shared_ptr<const FrontSettings> settings) { settings_ = std::move(settings); }

  [[nodiscard]] net::Task<void> handle(http::Exchange& exchange) override;
  [[nodiscard]] std::string error_body(std::string_view path, const Error& error,
                                       std::string_view request_id) override;

 private:
  [[nodiscard]] net::Task<void> handle_operator(http::Exchange& exchange);
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
  const http::ServerCounts& counts_;
  Scrape scrape_;
  std::shared_ptr<const FrontSettings> settings_;
};

}  // namespace sluice::app
