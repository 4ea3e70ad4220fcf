#include "app/front.hpp"

#include <algorithm>

#include "app/metrics_text.hpp"
#include "base/ascii.hpp"
#include "base/log.hpp"
#include "http/client_address.hpp"
#include "relay/routes.hpp"

namespace sluice::app {
namespace {

constexpr Milliseconds scrape_max{10000};
constexpr Milliseconds admin_max{30000};

/// "127.0.0.1:8080" -> loopback; also "localhost" and "[::1]".
bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.rfind(':'));
  if (ascii::iequal(host, "localhost")) return true;
  const auto address = net::Address::literal(host, 0);
  return address && address->is_loopback();
}

/// The peer is on this machine, and nothing says that it speaks for somebody else: a proxy beside us must not open the
/// door. Nor may a page in a browser here: its Host would be the name it was lured under.
bool is_loopback_visitor(const http::Exchange& exchange) {
  if (!exchange.peer().is_loopback() || !is_loopback_host(exchange.head().value("host")))
    return false;
  const auto& fields = exchange.head().headers;
  return std::none_of(fields.begin(), fields.end(), [](const wire::HeaderField& field) {
    return ascii::iequal(field.name, "forwarded") || ascii::iequal(field.name, "via") ||
           ascii::istarts_with(field.name, "x-forwarded-");
  });
}

/// Leaves the line of those who wait for the admin side.
class Waiting {
 public:
  explicit Waiting(AdminSide& side) : side_(side), admitted_(side.waiting++ < side.waiting_max) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --side_.waiting; }
  [[nodiscard]] bool admitted() const { return admitted_; }

 private:
  AdminSide& side_;
  bool admitted_;
};

bool reads(const http::Exchange& exchange) {
  return exchange.head().method == "GET" || exchange.head().method == "HEAD";
}

}  // namespace

std::string Front::error_body(std::string_view path, const Error& error,
                              std::string_view request_id) {
  if (admin::AdminApi::owns(path)) return admin::AdminApi::refusal(error, false).body;
  return relay_.error_body(path, error, request_id);
}

net::Task<void> Front::handle(http::Exchange& exchange) {
  const std::string_view path = exchange.path();
  if (admin_ != nullptr && serves_ != Serves::clients && admin::AdminApi::owns(path)) {
    return handle_admin(exchange);
  }
  if (path == "/health" || path == "/ready" || path == "/metrics" || serves_ == Serves::operators) {
    return handle_operator(exchange);
  }
  const bool allowed = allow_origin(exchange);
  if (exchange.head().method == "OPTIONS" &&
      exchange.head().find("access-control-request-method") != nullptr) {
    return handle_preflight(exchange, allowed);
  }
  return relay_.handle(exchange);
}

net::Task<void> Front::handle_operator(http::Exchange& exchange) {
  const Status done = co_await operate(exchange);
  if (done || exchange.begun() || done.error().code == Errc::client_gone) co_return;
  const std::string_view fields =
      done.error().code == Errc::method_not_allowed ? "allow: GET, HEAD\r\n" : "";
  const Status refused = co_await exchange.refuse(done.error(), fields);
  if (!refused) log::debug("client.gone request={}", exchange.request_id().str());
}

net::Task<void> Front::handle_admin(http::Exchange& exchange) {
  const bool tls = http::client_used_tls(exchange, settings_->trusted_proxies);
  auto answer = co_await ask_admin(exchange);
  if (!answer && http_status(answer.error().code) == 0) co_return;  // the client is gone
  const admin::ApiResponse response =
      answer ? *std::move(answer) : admin::AdminApi::refusal(answer.error(), tls);
  const Status done = co_await exchange.respond(response.status, response.content_type,
                                                response.body, response.fields);
  if (!done) log::debug("client.gone request={}", exchange.request_id().str());
}

admin::ApiRequest Front::admin_request(const http::Exchange& exchange) const {
  const auto& trusted = settings_->trusted_proxies;
  admin::ApiRequest request;
  request.method = exchange.head().method;
  request.path = exchange.path();
  request.query = exchange.query();
  for (const wire::HeaderField& field : exchange.head().headers) {
    request.headers.emplace_back(field.name, field.value);
  }
  request.peer = http::client_address(exchange, trusted).str();
  request.tls = http::client_used_tls(exchange, trusted);
  request.loopback_visitor = is_loopback_visitor(exchange);
  request.request_id = exchange.request_id().str();
  return request;
}

net::Task<Result<admin::ApiResponse>> Front::ask_admin(http::Exchange& exchange) {
  const Waiting waiting(*admin_);
  if (!waiting.admitted()) {
    co_return fail(Errc::overloaded, Side::gateway, "too many requests wait for the admin side");
  }
  if (exchange.head().content_length > admin::AdminApi::body_bytes_max) {
    co_return fail(Errc::body_too_large, Side::client, "a body of the admin API has at most 1 MiB");
  }
  admin::ApiRequest request = admin_request(exchange);
  CO_TRY(const std::string_view body, co_await exchange.read_body());
  request.body = body;
  std::function<admin::ApiResponse()> work = [&api = admin_->api, request = std::move(request)] {
    return api.respond(request);
  };
  const net::BlockingPool::Bounds bounds{.deadline = loop_.now() + admin_max,
                                         .gone = &exchange.client()};
  auto outcome = co_await admin_->pool.run<admin::ApiResponse>(loop_, exchange.timer(),
                                                               std::move(work), bounds);
  if (outcome.value) co_return *std::move(outcome.value);
  if (outcome.wake == net::Wake::gone) {
    co_return fail(Errc::client_gone, Side::client, "while the admin side worked");
  }
  co_return fail(Errc::overloaded, Side::gateway, "the admin side took too long; try again soon");
}

net::Task<void> Front::handle_preflight(http::Exchange& exchange, bool allowed) {
  const Status done = co_await preflight(exchange, allowed);
  if (!done) log::debug("client.gone request={}", exchange.request_id().str());
}

net::Task<Status> Front::operate(http::Exchange& exchange) {
  const std::string_view path = exchange.path();
  if (path != "/health" && path != "/ready" && path != "/metrics") {
    co_return fail(Errc::unknown_route, Side::client,
                   "no such route on the address of operators: " + relay::shown_path(path));
  }
  if (!reads(exchange)) {
    co_return fail(Errc::method_not_allowed, Side::client, "this route takes GET");
  }
  if (path == "/health") {
    co_return co_await exchange.respond(200, "application/json", "{\"status\":\"ok\"}\n");
  }
  if (path == "/ready") co_return co_await ready(exchange);
  co_return co_await show_metrics(exchange);
}

net::Task<Status> Front::ready(http::Exchange& exchange) {
  if (counts_.draining.load(std::memory_order_relaxed)) {
    co_return co_await exchange.respond(503, "application/json",
                                        "{\"ready\":false,\"reasons\":[\"draining\"]}\n");
  }
  co_return co_await exchange.respond(200, "application/json", "{\"ready\":true,\"reasons\":[]}\n");
}

bool Front::may_see_metrics(const http::Exchange& exchange) const {
  if (settings_->metrics_token.empty()) return is_loopback_visitor(exchange);
  const std::string_view given = exchange.head().value("authorization");
  constexpr std::string_view scheme = "bearer ";
  return ascii::istarts_with(given, scheme) &&
         equal_constant_time(ascii::trim(given.substr(scheme.size())),
                             settings_->metrics_token.reveal());
}

net::Task<Status> Front::show_metrics(http::Exchange& exchange) {
  if (serves_ == Serves::clients || !settings_->metrics_enabled) {
    co_return fail(Errc::unknown_route, Side::client, "no such route: /metrics");
  }
  if (!may_see_metrics(exchange)) {
    co_return settings_->metrics_token.empty()
        ? fail(Errc::not_allowed, Side::client,
               "/metrics answers loopback visitors only; set [metrics] token for others")
        : fail(Errc::invalid_key, Side::client, "/metrics wants Authorization: Bearer TOKEN");
  }
  std::function<std::string()> work = scrape_;
  const net::BlockingPool::Bounds bounds{.deadline = loop_.now() + scrape_max,
                                         .gone = &exchange.client()};
  const auto text =
      co_await blocking_.run<std::string>(loop_, exchange.timer(), std::move(work), bounds);
  if (!text.value) co_return fail(Errc::overloaded, Side::gateway, "the metrics took too long");
  co_return co_await exchange.respond(200, metrics_content_type, *text.value);
}

bool Front::allow_origin(http::Exchange& exchange) const {
  const std::string_view origin = exchange.head().value("origin");
  if (origin.empty()) return false;
  const auto& allowed = settings_->cors_origins;
  const bool any = std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
  if (!any && std::find(allowed.begin(), allowed.end(), origin) == allowed.end()) return false;
  // Never with credentials: a key is sent by the page itself, cookies mean nothing here.
  ((exchange.extra_fields += "access-control-allow-origin: ") += any ? "*" : origin) +=
      "\r\nvary: origin\r\naccess-control-expose-headers: x-request-id, x-sluice-error, "
      "request-id, retry-after\r\n";
  return true;
}

net::Task<Status> Front::preflight(http::Exchange& exchange, bool allowed) {
  std::string fields;
  if (allowed) {
    fields = "access-control-allow-methods: GET, POST, DELETE\r\naccess-control-max-age: 600\r\n";
    const std::string_view asked = exchange.head().value("access-control-request-headers");
    if (!asked.empty()) ((fields += "access-control-allow-headers: ") += asked) += "\r\n";
  }
  // Without the fields the browser refuses on its own; the answer is the same empty 204.
  co_return co_await exchange.respond(204, {}, {}, fields);
}

}  // namespace sluice::app
