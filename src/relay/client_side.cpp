#include "relay/client_side.hpp"

namespace sluice::relay {
namespace {

/// What a stream that we begin ourselves says of itself.
constexpr std::string_view event_stream_fields =
    "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache, no-transform\r\n"
    "x-accel-buffering: no\r\n";

}  // namespace

ClientSide::ClientSide(http::Exchange& exchange, const dialect::Dialect& dialect,
                       const RelayLimits& limits, const Wishes& wishes)
    : exchange_(exchange),
      dialect_(dialect),
      keepalive_(limits.keepalive),
      drain_limit_(limits.drain_limit),
      deadline_(due(wishes.started, limits.total_timeout)),
      may_drain_(limits.on_client_gone == ClientGone::drain && wishes.billable) {
  if (wishes.stream) comment_due_ = due(exchange.loop().now(), limits.early_head);
}

bool ClientSide::go_on_without() {
  if (!may_drain_) return false;
  if (is_there_) {
    is_there_ = false;
    deadline_ = std::min(deadline_, exchange_.loop().now() + drain_limit_);
  }
  return true;
}

net::Task<Status> ClientSide::keep_alive() {
  if (!exchange_.begun()) {
    exchange_.begin(200, event_stream_fields, std::nullopt);
    has_early_head_ = true;
  }
  comment_due_ = due(exchange_.loop().now(), keepalive_);
  const http::Written written = exchange_.write(dialect_.keepalive());
  if (written == http::Written::blocked) {
    if (co_await exchange_.flush()) co_return Status{};
  } else if (written == http::Written::done) {
    co_return Status{};
  }
  if (go_on_without()) co_return Status{};
  co_return fail(Errc::client_gone, Side::client, "the client left");
}

net::Task<Status> ClientSide::after_silence(net::Wake wake, TimePoint deadline, const char* limit) {
  if (wake == net::Wake::gone) {
    if (go_on_without()) co_return Status{};
    co_return fail(Errc::client_gone, Side::client, "the client left");
  }
  const TimePoint now = exchange_.loop().now();
  if (now < deadline_ && now < deadline) co_return co_await keep_alive();
  co_return out_of_time(limit);
}

Status ClientSide::still_there() const {
  if (is_there_) return {};
  return fail(Errc::client_gone, Side::client, "the client left before a call");
}

std::unexpected<Error> ClientSide::out_of_time(const char* limit) const {
  std::string message = "the provider was silent for longer than ";
  if (exchange_.loop().now() >= deadline_) {
    message = is_there_ ? "the answer took longer than total_timeout_ms"
                        : "the answer took longer than drain_limit_seconds";
  } else {
    message += limit;
  }
  return fail(Errc::upstream_timeout, Side::provider, std::move(message), Retry::other_account);
}

}  // namespace sluice::relay
