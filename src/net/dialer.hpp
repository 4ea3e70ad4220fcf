#pragma once
/// Connections to providers: resolve, connect (both families), through a proxy where there is one, TLS. One per I/O thread.

#include <functional>
#include <memory>
#include <string>

#include "net/origin.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace sluice::net {

struct Target {
  Origin origin;
  std::shared_ptr<TlsClientContext> tls;             // of the origin; null: plain
  std::shared_ptr<TlsClientContext> proxy_tls = {};  // of its proxy, where that is an https one
};

/// Whether a connection may be made to an address that the origin's name resolved to. Any thread.
using AddressRule = std::function<Status(const Origin& origin, const Address& address)>;

class Dialer {
 public:
  Dialer(Resolver& resolver, AddressRule rule) : resolver_(resolver), rule_(std::move(rule)) {}

  /// A connected stream, TLS done, all of it by `deadline`. The rule is asked of every address of the origin that is looked up
  /// here; a proxy may be anywhere but at a cloud's metadata service.
  /// Errors: upstream_unreachable (name, connect, proxy, TLS: the context says which), upstream_timeout, client_gone (`gone` left;
  /// null: not watched), io (no descriptor left).
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> dial(Loop& loop, Timer& timer, Target target,
                                                           TimePoint deadline, Descriptor* gone);

 private:
  class Way;
  Resolver& resolver_;
  AddressRule rule_;
};

/// TLS on a connected socket, either side.
[[nodiscard]] Task<Status> tls_handshake(Loop& loop, Timer& timer, Stream& stream,
                                         TimePoint deadline, Descriptor* gone);

}  // namespace sluice::net
