#include "net/connect.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/wait_any.hpp"

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

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connect_any(Loop& loop, Timer& timer, Addresses addresses,
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
    if (trying.empty()) {
      co_return fail(Errc::upstream_unreachable, Side::provider, "connect: " + why,
                     Retry::other_account);
    }
    std::array<Descriptor*, addresses_max> waited_for{};
    std::transform(trying.begin(), trying.end(), waited_for.begin(),
                   [](const auto& stream) { return &stream->descriptor(); });
    const std::span<Descriptor* const> all(waited_for.data(), trying.size());
    const TimePoint until = more ? std::min(deadline, next_at) : deadline;
    const Wake wake = co_await WaitAnyWritable(loop, timer, all, gone, until);
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "while connecting");
    if (wake == Wake::timeout && loop.now() >= deadline) {
      co_return fail(Errc::upstream_timeout, Side::provider,
                     "connecting took longer than connect_timeout_ms", Retry::other_account);
    }
  }
}

}  // namespace sluice::net
