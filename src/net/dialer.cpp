#include "net/dialer.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sluice::net {
namespace {

using Streams = std::vector<std::unique_ptr<Stream>>;

/// A socket on its way to `address`; null, and why, when it failed at once.
std::unique_ptr<Stream> start_connect(Loop& loop, const Address& address, std::string& why) {
  const int fd =
      ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) {
    why = std::strerror(errno);
    return nullptr;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  const int idle_seconds = 30;
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  auto stream = std::make_unique<Stream>();
  const bool connected = ::connect(fd, address.raw(), address.length) == 0;
  const int error = errno;
  if (auto opened = stream->open(loop, fd); !opened) {
    why = opened.error().context;
    return nullptr;
  }
  if (!connected) {
    if (error != EINPROGRESS) {
      why = std::strerror(error);
      return nullptr;
    }
    stream->descriptor().writable = false;
  }
  // Nothing can be there before the first request is.
  stream->descriptor().readable = false;
  return stream;
}

/// 0 once connected, EINPROGRESS, or the reason of the failure.
int connect_state(Stream& stream) {
  if (!stream.descriptor().writable) return EINPROGRESS;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(stream.descriptor().fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    return errno;
  }
  return error;
}

/// Waits for whichever of several connecting sockets moves first: each has a waiter slot of its own.
class AnyConnected {
 public:
  AnyConnected(Loop& loop, Timer& timer, Streams& streams, TimePoint deadline, Descriptor* gone)
      : loop_(loop), timer_(timer), streams_(streams), deadline_(deadline), gone_(gone) {}

  Task<Wake> wait() {
    // With one socket, the usual case, a plain wait does.
    if (streams_.size() == 1) {
      const WaitFor what{
          .write = &streams_.front()->descriptor(), .gone = gone_, .deadline = deadline_};
      co_return co_await Wait(loop_, timer_, what);
    }
    // With more, look at all of them once a tick: late by at most 100 ms, on a path that has already lost 250.
    const TimePoint next = std::min(deadline_, loop_.now() + TimerWheel::tick);
    const WaitFor what{.write = &streams_.back()->descriptor(), .gone = gone_, .deadline = next};
    const Wake wake = co_await Wait(loop_, timer_, what);
    if (wake == Wake::timeout && next < deadline_) co_return Wake::writable;
    co_return wake;
  }

 private:
  Loop& loop_;
  Timer& timer_;
  Streams& streams_;
  TimePoint deadline_;
  Descriptor* gone_;
};

std::unexpected<Error> unreachable(const std::string& what, const std::string& why) {
  return fail(Errc::upstream_unreachable, Side::provider, what + ": " + why, Retry::other_account);
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> Dialer::connect(Loop& loop, Timer& timer, Addresses addresses,
                                                      TimePoint deadline, Descriptor* gone) {
  std::string why = "no address";
  Streams trying;
  std::size_t next = 0;
  TimePoint next_at = loop.now();
  const std::size_t count = std::min(addresses.size(), addresses_max);
  for (;;) {
    if (next < count && (trying.empty() || loop.now() >= next_at)) {
      auto started = start_connect(loop, addresses[next++], why);
      if (!started) continue;
      trying.push_back(std::move(started));
      next_at = loop.now() + attempt_delay;
    }
    for (std::size_t i = 0; i < trying.size();) {
      const int state = connect_state(*trying[i]);
      if (state == 0) co_return std::move(trying[i]);
      if (state == EINPROGRESS) {
        ++i;
        continue;
      }
      why = std::strerror(state);
      next_at = loop.now();  // RFC 8305, 5: after a failure the next one's turn is now
      trying.erase(trying.begin() + static_cast<std::ptrdiff_t>(i));
    }
    const bool more = next < count;
    if (more && (trying.empty() || loop.now() >= next_at)) continue;
    if (trying.empty()) co_return unreachable("connect", why);
    AnyConnected any(loop, timer, trying, more ? std::min(deadline, next_at) : deadline, gone);
    const Wake wake = co_await any.wait();
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "while connecting");
    if (wake == Wake::timeout && loop.now() >= deadline) {
      co_return fail(Errc::upstream_timeout, Side::provider,
                     "connecting took longer than connect_timeout_ms", Retry::other_account);
    }
  }
}

Task<Status> tls_handshake(Loop& loop, Timer& timer, Stream& stream, TimePoint deadline,
                           Descriptor* gone) {
  for (;;) {
    const IoResult step = stream.handshake();
    if (step.kind == IoResult::Kind::ok) co_return Status{};
    if (step.kind != IoResult::Kind::again) {
      co_return unreachable("TLS", tls_failure(stream.tls()));
    }
    Descriptor& self = stream.descriptor();
    const WaitFor what{.read = step.wants_write ? nullptr : &self,
                       .write = step.wants_write ? &self : nullptr,
                       .gone = gone,
                       .deadline = deadline};
    const Wake wake = co_await Wait(loop, timer, what);
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "during TLS");
    if (wake == Wake::timeout) {
      co_return fail(Errc::upstream_timeout, Side::provider,
                     "the TLS handshake took longer than connect_timeout_ms", Retry::other_account);
    }
  }
}

Task<Result<std::unique_ptr<Stream>>> Dialer::dial(Loop& loop, Timer& timer, Target target,
                                                   TimePoint deadline, Descriptor* gone) {
  CO_TRY(auto addresses, co_await resolver_.resolve(loop, timer, target.origin.host,
                                                    target.origin.port, deadline, gone));
  Status permitted;
  std::erase_if(addresses, [&](const Address& address) {
    Status verdict = rule_(target.origin, address);
    if (verdict) return false;
    permitted = std::move(verdict);
    return true;
  });
  if (addresses.empty()) {
    co_return unreachable("connect", permitted ? "no address" : permitted.error().context);
  }
  CO_TRY(auto stream, co_await connect(loop, timer, std::move(addresses), deadline, gone));
  if (target.tls) {
    TlsSession session = target.tls->connect(stream->descriptor().fd(), target.origin.host);
    if (!session) co_return unreachable("TLS", "no session");
    stream->start_tls(std::move(session));
    stream->descriptor().readable = true;
    if (auto done = co_await tls_handshake(loop, timer, *stream, deadline, gone); !done) {
      co_return std::unexpected(std::move(done.error()));
    }
  }
  co_return std::move(stream);
}

}  // namespace sluice::net
