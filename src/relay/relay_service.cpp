#include "relay/relay_service.hpp"

#include <cstring>

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
/// Refusals say when to come again where we know no better.
constexpr std::string_view soon = "retry-after: 1\r\n";

std::string_view header(const http::Exchange& exchange, std::string_view name) {
  const wire::HeaderField* found = exchange.head().find(name);
  return found == nullptr ? std::string_view() : found->value;
}

std::size_t index_of(const Snapshot& snapshot, const identity::Key& key) {
  return static_cast<std::size_t>(&key - snapshot.keys.keys().data());
}

bool worth_waiting(const Error& error) {
  return error.code == Errc::overloaded || error.code == Errc::concurrency_limited;
}

Error error_of(const routing::Unavailable& unavailable, std::string_view model) {
  const auto no_account = [](std::string context) {
    return Error{Errc::no_account, Side::gateway, Retry::never, std::move(context)};
  };
  using Why = routing::Unavailable::Why;
  switch (unavailable.why) {
    case Why::nobody:
      return no_account(model.empty() ? "no account of this key's pools speaks this dialect"
                                      : "no account of this key's pools serves the model " +
                                            std::string(model));
    case Why::asked:
    case Why::resting: return no_account("every account that could serve this rests");
    case Why::full:
    case Why::probing: break;
  }
  return {Errc::overloaded, Side::gateway, Retry::never,
          "every account that could serve this is at its cap"};
}

std::uint64_t session_hash(const identity::Key& key, std::string_view session) {
  if (session.empty()) return 0;
  const Sha256 digest = sha256(key.id.str() + '\n' + std::string(session));
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = (hash << 8U) | digest[i];
  return hash;
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
  record->client_request_id = header(exchange, "x-request-id").substr(0, client_request_id_max);
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
  std::string fields;
  const bool comes_again = error.code == Errc::overloaded || error.code == Errc::no_account ||
                           error.code == Errc::concurrency_limited;
  if (comes_again) fields += soon;
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

template <class T, class Try>
net::Task<Result<T>> RelayService::queue(http::Exchange& exchange, Milliseconds patience,
                                         Try attempt) {
  const TimePoint deadline = context_.loop.now() + patience;
  net::WaitingLine::Place place(waiting_, context_.loop);
  for (;;) {
    place.signal().reset();
    Result<T> got = attempt();
    if (got || !worth_waiting(got.error()) || !place.joined()) co_return got;
    const net::WaitFor what{
        .gone = &exchange.client(), .signal = &place.signal(), .deadline = deadline};
    const net::Wake wake = co_await net::Wait(context_.loop, exchange.timer(), what);
    if (wake == net::Wake::gone) {
      co_return fail(Errc::client_gone, Side::client, "the client left the queue");
    }
    if (wake == net::Wake::timeout) co_return got;
  }
}

Result<admit::SlotLease> RelayService::take_key_slot(const Snapshot& snapshot,
                                                     const identity::Key& key) {
  const auto& state = snapshot.key_states[index_of(snapshot, key)];
  auto lease = admit::SlotLease::take({state, &state->slots}, key.limits.concurrency);
  if (lease) return std::move(*lease);
  return fail(Errc::concurrency_limited, Side::client,
              "this key already has " + std::to_string(key.limits.concurrency) +
                  " requests running (limits.concurrency)");
}

Result<routing::AccountLease> RelayService::take_account(const RelayRequest& request) const {
  // The random end of the request's id is as good a draw as any.
  std::uint64_t draw = 0;
  std::memcpy(&draw, request.record->id.str().data() + Ulid::size - sizeof draw, sizeof draw);
  const routing::Moment at{.now = context_.loop.now(), .wall = context_.loop.wall_now()};
  auto lease = request.snapshot->accounts.lease({.dialect = request.dialect.name(),
                                                 .model = request.record->model,
                                                 .route = request.route,
                                                 .at = at,
                                                 .draw = draw});
  if (lease) return std::move(*lease);
  return std::unexpected(error_of(lease.error(), request.record->model));
}

net::Task<Result<std::unique_ptr<RelayStream>>> RelayService::relay_request_stream(
    RelayRequest request, std::uint64_t /*session_hash*/) {
  auto lease = take_account(request);
  const Milliseconds patience = request.snapshot->limits.queue_timeout;
  if (!lease && worth_waiting(lease.error()) && patience.count() > 0) {
    const auto attempt = [&] { return take_account(request); };
    lease = co_await queue<routing::AccountLease>(request.exchange, patience, attempt);
  }
  if (!lease) {
    // For the queue, accounts at their cap were worth waiting for; for the client, no account can serve this now.
    if (lease.error().code == Errc::overloaded) lease.error().code = Errc::no_account;
    RequestRecord& record = *request.record;
    const bool left = lease.error().code == Errc::client_gone;
    record.outcome = left ? Outcome::client_closed : Outcome::refused;
    record.status = left ? 0 : http_status(lease.error().code);
    record.reason = lease.error().context;
    request.record.settle();
    co_return std::unexpected(std::move(lease.error()));
  }
  const std::size_t index = lease->index();
  const routing::Account& account = request.snapshot->accounts.accounts()[index];
  request.record->account = account.name;
  request.record->provider = request.snapshot->provider_kinds[index];
  const std::string_view upstream_model = account.upstream_model(request.record->model);
  if (upstream_model != request.record->model && request.model_length > 0) {
    request.record->upstream_model = upstream_model;
    wire::JsonEdit edit{
        .offset = request.model_offset, .length = request.model_length, .replacement = {}};
    wire::append_json_string(edit.replacement, upstream_model);
    request.edited_body = wire::apply_edits(request.body, {&edit, 1});
  }
  auto stream = std::make_unique<RelayStream>(context_, std::move(request), std::move(*lease));
  CO_CHECK(co_await stream->start());
  co_return std::move(stream);
}

net::Task<Result<std::unique_ptr<RelayStream>>> RelayService::relay_request(RelayRequest request,
                                                                            std::uint64_t hash) {
  request.stream = false;
  return relay_request_stream(std::move(request), hash);
}

net::Task<RelayService::Admitted> RelayService::admit(http::Exchange& exchange,
                                                      OpenRecord& record) {
  const std::shared_ptr<const Snapshot> snapshot = snapshot_;
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
      .user_agent = header(exchange, "user-agent"),
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
  auto slot = take_key_slot(*snapshot, *key);
  const Milliseconds patience = snapshot->limits.queue_timeout;
  if (!slot && patience.count() > 0) {
    const auto attempt = [&snapshot, key] { return take_key_slot(*snapshot, *key); };
    slot = co_await queue<admit::SlotLease>(exchange, patience, attempt);
  }
  if (!slot) co_return std::unexpected(std::move(slot.error()));
  key_state.note_use(call.now);
  record->model = std::move(facts.model);
  record->stream = facts.stream && route.call == Call::messages;
  record->billable = route.call == Call::messages;
  RelayRequest request{.exchange = exchange,
                       .dialect = dialect,
                       .snapshot = snapshot,
                       .route = snapshot->key_routes[index_of(*snapshot, *key)],
                       .method = exchange.head().method,
                       .path = route.path,
                       .query = identity::strip_key_query(exchange.query()),
                       .body = body,
                       .model_offset = facts.model_offset,
                       .model_length = facts.model_length,
                       .stream = record->stream,
                       .key_slot = std::move(*slot),
                       .record = std::move(record)};
  const std::uint64_t hash = session_hash(*key, facts.session);
  if (request.stream) co_return co_await relay_request_stream(std::move(request), hash);
  co_return co_await relay_request(std::move(request), hash);
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
