#include "relay/relay_service.hpp"

#include "base/fast_hash.hpp"
#include "base/log.hpp"
#include "http/client_address.hpp"
#include "identity/credential.hpp"
#include "identity/permits.hpp"
#include "wire/json_peek.hpp"

namespace sluice::relay {
namespace {

using http::Written;
using metrics::Outcome;

/// What is kept of a client's own x-request-id.
constexpr std::size_t client_request_id_max = 128;
/// A client that has to wait for longer than this shall not try again by itself: SDKs would, after a second.
constexpr std::chrono::seconds retry_wait_max{60};

std::size_t index_of(const Snapshot& snapshot, const identity::Key& key) {
  return static_cast<std::size_t>(&key - snapshot.keys.keys().data());
}

/// When to come again, and whether at all; nothing for refusals that time doesn't change.
std::string retry_fields(const Error& error) {
  using std::chrono::ceil;
  using std::chrono::seconds;
  if (error.code == Errc::overloaded) return "retry-after: 1\r\n";
  if (error.code != Errc::no_account && error.code != Errc::concurrency_limited) return {};
  std::string fields;
  const auto wait = ceil<seconds>(error.retry_after);
  if (wait.count() > 0) fields = "retry-after: " + std::to_string(wait.count()) + "\r\n";
  if (wait.count() == 0 || wait > retry_wait_max) fields += "x-should-retry: false\r\n";
  return fields;
}

/// "claude-sonnet" of "claude-sonnet-4-5": what stays when a conversation takes the next version.
std::string_view family_of(std::string_view model) {
  for (std::size_t i = 0; i + 1 < model.size(); ++i) {
    if (model[i] == '-' && model[i + 1] >= '0' && model[i + 1] <= '9') return model.substr(0, i);
  }
  return model;
}

/// Which conversation of which key this is; 0: none that can be told.
routing::SessionHash session_of(const http::Exchange& exchange, const KeyState& key,
                                const dialect::RequestFacts& facts, std::uint64_t opening) {
  const auto of = [&](std::string_view text) { return fast_hash(key.hash, fast_hash(text)); };
  if (!facts.session.empty()) return of(facts.session);
  for (const std::string_view name : {"x-session-id", "x-claude-code-session-id"}) {
    if (const std::string_view told = exchange.head().value(name); !told.empty()) return of(told);
  }
  return opening == 0 ? 0 : opening ^ of(family_of(facts.model));
}

}  // namespace

std::string RelayService::error_body(std::string_view /*path*/, const Error& error,
                                     std::string_view request_id) const {
  const dialect::Refusal refusal{.code = error.code,
                                 .status = http_status(error.code),
                                 .message = error.context,
                                 .request_id = request_id};
  return anthropic_.error_body(refusal);
}

net::Task<void> RelayService::handle(http::Exchange& exchange) {
  OpenRecord record(context_.loop, context_.metrics);
  record->id = exchange.request_id();
  record->started = exchange.started();
  record->client_request_id =
      exchange.head().value("x-request-id").substr(0, client_request_id_max);
  Status done;
  // Two steps, so that a stream of minutes holds only the second one's frame.
  auto stream = co_await admit(exchange, record);
  if (stream) {
    done = co_await forward(**stream, exchange);
    stream->reset();
  } else {
    done = std::unexpected(std::move(stream.error()));
  }
  if (done) co_return;
  const Error& error = done.error();
  if (exchange.begun() || error.code == Errc::client_gone) {
    exchange.cut();
  } else {
    co_await refuse(exchange, error);
  }
  if (!record) co_return;  // a stream has settled it
  record->status = exchange.status();
  record->bytes_to_client = exchange.body_bytes();
  record->outcome = error.code == Errc::client_gone ? Outcome::client_closed : Outcome::refused;
  record->reason = error.context;
}

net::Task<void> RelayService::refuse(http::Exchange& exchange, const Error& error) {
  std::string fields = retry_fields(error);
  if (error.code == Errc::method_not_allowed) {
    Route route;
    (void)match_route("", exchange.path(), true, route);
    ((fields += "allow: ") += route.allow) += "\r\n";
  }
  if (error.code == Errc::concurrency_limited) {
    context_.metrics.limit_refusals.of(metrics::Limit::concurrency).add();
  }
  const Status told = co_await exchange.refuse(error, fields);
  if (!told) log::debug("client.gone request={}", exchange.request_id().str());
}

Result<const identity::Key*> RelayService::authenticate(const http::Exchange& exchange,
                                                        const Snapshot& snapshot) const {
  TRY(const auto presented,
      identity::present_credential(exchange.head(), exchange.query(), snapshot.keys.suffixes()));
  const identity::Key* key = snapshot.keys.find(presented, context_.loop.wall_now());
  if (key == nullptr) return fail(Errc::invalid_key, Side::client, "unknown key");
  return key;
}

net::Task<Result<std::unique_ptr<RelayStream>>> RelayService::relay_request_stream(
    RelayRequest request) {
  auto stream = std::make_unique<RelayStream>(context_, std::move(request));
  CO_CHECK(co_await stream->start(current_));
  co_return std::move(stream);
}

net::Task<Result<std::unique_ptr<RelayStream>>> RelayService::relay_request(RelayRequest request) {
  request.stream = false;
  return relay_request_stream(std::move(request));
}

net::Task<RelayService::Admitted> RelayService::admit(http::Exchange& exchange,
                                                      OpenRecord& record) {
  const std::shared_ptr<const Snapshot> snapshot = current_.get();
  Route route;
  const bool says_anthropic = exchange.head().find("anthropic-version") != nullptr;
  switch (match_route(exchange.head().method, exchange.path(), says_anthropic, route)) {
    case RouteMatch::none:
      co_return fail(Errc::unknown_route, Side::client,
                     "no such route: " + shown_path(exchange.path()));
    case RouteMatch::wrong_method:
      co_return fail(Errc::method_not_allowed, Side::client,
                     "this route takes " + std::string(route.allow));
    case RouteMatch::found: break;
  }
  const dialect::Dialect& dialect = anthropic_;
  record->dialect = metrics::Dialect::anthropic;
  CO_TRY(const identity::Key* const key, authenticate(exchange, *snapshot));
  record->key = key->name;
  if (draining_.load(std::memory_order_relaxed)) {
    co_return fail(Errc::overloaded, Side::gateway, "this relay is shutting down");
  }
  KeyState& key_state = *snapshot->key_states[index_of(*snapshot, *key)];
  identity::Call call{
      .model = {},
      .dialect = dialect.name(),
      .peer = http::client_address(exchange, snapshot->trusted_proxies),
      .user_agent = exchange.head().value("user-agent"),
      .now = context_.loop.wall_now(),
      .first_used = KeyState::from_seconds(key_state.first_used.load(std::memory_order_relaxed))};
  // Whom we would refuse anyway doesn't get to fill our memory with a body first.
  CO_CHECK(identity::permits(*key, call));
  CO_TRY(const std::string_view body, co_await exchange.read_body());
  const bool posts = route.call == Call::messages || route.call == Call::count_tokens;
  dialect::RequestFacts facts;
  if (posts) {
    CO_TRY(facts, dialect.read_request(body));
    call.model = facts.model;
    CO_CHECK(identity::permits(*key, call));
  }
  record->model = std::move(facts.model);
  record->stream = facts.stream && route.call == Call::messages;
  record->billable = route.call == Call::messages;
  const std::size_t key_route = snapshot->key_routes[index_of(*snapshot, *key)];
  const std::shared_ptr<KeyState>& state = snapshot->key_states[index_of(*snapshot, *key)];
  RelayRequest request{.exchange = exchange,
                       .dialect = dialect,
                       .snapshot = snapshot,
                       .route = key_route,
                       .key_state = state,
                       .key_concurrency = key->limits.concurrency,
                       .party = {.id = state->hash, .weight = key->weight},
                       .queue_deadline = context_.loop.now() + snapshot->limits.queue_timeout,
                       .method = exchange.head().method,
                       .path = route.path,
                       .query = identity::strip_key_query(exchange.query()),
                       .body = body,
                       .model_offset = facts.model_offset,
                       .model_length = facts.model_length,
                       .stream = record->stream,
                       .resource = std::move(facts.resource),
                       .record = std::move(record)};
  // Where there is one account alone, it is no matter whose conversation this is.
  if (posts && snapshot->accounts.has_choice(key_route)) {
    const dialect::Conversation conversation = dialect.read_conversation(body);
    request.session = session_of(exchange, *state, facts, conversation.opening);
    if (conversation.prefix_count > 0) {
      request.conversation = std::make_unique<dialect::Conversation>(conversation);
    }
  }
  if (request.stream) co_return co_await relay_request_stream(std::move(request));
  co_return co_await relay_request(std::move(request));
}

net::Task<Status> RelayService::forward(RelayStream& stream, http::Exchange& exchange) {
  if (!exchange.begun()) exchange.begin(stream.status(), stream.fields(), stream.length());
  stream.release_fields();
  // Minutes may pass now: what the client asked is with the provider, and need not be held for it.
  exchange.release_request();
  for (;;) {
    auto chunk = co_await stream.next();
    if (!chunk) co_return std::unexpected(std::move(chunk.error()));
    const auto* data = std::get_if<Data>(&*chunk);
    if (data == nullptr) break;
    if (!stream.client_is_there()) continue;
    const Written written = exchange.write(data->bytes);
    if (written == Written::done) continue;
    const bool taken = written == Written::blocked && co_await exchange.flush();
    if (!taken && !stream.go_on_without_client()) {
      co_return fail(Errc::client_gone, Side::client, "the client left within the answer");
    }
  }
  if (!stream.client_is_there())
    co_return fail(Errc::client_gone, Side::client, "read on without it");
  if (stream.complete()) co_return co_await exchange.finish();
  exchange.cut();
  // What was told in-band must still reach the client.
  co_return co_await exchange.flush();
}

}  // namespace sluice::relay
