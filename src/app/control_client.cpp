#include "app/control_client.hpp"

#include "base/ascii.hpp"
#include "http/client_exchange.hpp"

namespace sluice::app {
namespace {

using http::BodyRead;

std::unexpected<Error> late() {
  return fail(Errc::upstream_timeout, Side::provider, "no complete answer in time");
}

std::unexpected<Error> invalid(const char* what) {
  return fail(Errc::upstream_invalid, Side::provider, what);
}

}  // namespace

net::Task<Result<ControlAnswer>> ControlClient::call(ControlCall call) {
  // A server that ignores `connection: close` leaves one behind.
  connections_.sweep();
  net::Timer timer;
  const TimePoint deadline = loop_.now() + call.call_max;
  CO_TRY(auto connection, co_await connections_.dial(timer, call.origin, deadline, nullptr));
  http::ClientExchange exchange(loop_, connections_, std::move(connection));
  const auto left = std::chrono::duration_cast<Milliseconds>(deadline - loop_.now());
  const Status sent =
      co_await exchange.send(timer, call.head.reveal(), call.body.reveal(), left, nullptr);
  if (!sent)
    co_return sent.error().code == Errc::upstream_timeout ? late() : std::unexpected(sent.error());
  for (;;) {
    CO_TRY(const bool here, exchange.read_head(false));
    if (here) break;
    const net::WaitFor what{.read = &exchange.descriptor(), .deadline = deadline};
    const net::Wake wake = co_await net::Wait(loop_, timer, what);
    if (wake == net::Wake::timeout) co_return late();
  }
  ControlAnswer answer;
  answer.status = exchange.head().status;
  answer.retry_after = exchange.head().value("retry-after");
  const std::string_view coding = exchange.head().value("content-encoding");
  if (!coding.empty() && !ascii::iequal(coding, "identity")) {
    co_return invalid("the answer is compressed, which was not asked for");
  }
  std::string body;
  for (;;) {
    CO_TRY(const BodyRead read, exchange.read_body());
    if (read.kind == BodyRead::Kind::end) break;
    if (read.kind == BodyRead::Kind::bytes) {
      if (body.size() + read.bytes.size() > call.body_bytes_max) {
        co_return invalid("the answer is too long");
      }
      body += read.bytes;
      continue;
    }
    net::Descriptor& self = exchange.descriptor();
    const net::WaitFor what{.read = read.wants_write ? nullptr : &self,
                            .write = read.wants_write ? &self : nullptr,
                            .deadline = deadline};
    const net::Wake wake = co_await net::Wait(loop_, timer, what);
    if (wake == net::Wake::timeout) co_return late();
  }
  answer.body = Secret(std::move(body));
  co_return answer;
}

}  // namespace sluice::app
