#include "relay/in_line.hpp"

namespace sluice::relay {

net::Task<Result<bool>> wait_in_line(RelayContext& context, const RelayRequest& request,
                                     ClientSide& client, Wanted wanted) {
  const TimePoint until = wanted.until;
  net::FairLine::Place place(context.line, context.loop, request.party, std::move(wanted.take),
                             wanted.need);
  for (;;) {
    if (place.granted()) co_return true;
    const TimePoint now = context.loop.now();
    if (!place.joined() || now >= until || now >= client.deadline()) co_return false;
    const net::WaitFor what =
        client.watch({.signal = &place.signal(), .deadline = until}, request.stream);
    const net::Wake wake = co_await net::Wait(context.loop, client.timer(), what);
    if (wake == net::Wake::gone) {
      co_return fail(Errc::client_gone, Side::client, "the client left the queue");
    }
    const TimePoint woken = context.loop.now();
    if (wake != net::Wake::timeout || woken >= until || woken >= client.deadline()) continue;
    CO_CHECK(co_await client.after_silence(wake, until, "queue_timeout_ms"));
    CO_CHECK(client.still_there());
  }
}

Milliseconds expected_wait(const RelayContext& context, const RelayRequest& request) {
  if (!context.line.has_waiters()) return Milliseconds{0};
  return context.line.expected_wait(request.party, context.loop.now()).value_or(Milliseconds{0});
}

}  // namespace sluice::relay
