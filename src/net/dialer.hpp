#pragma once
/// Connections to providers: resolve, connect (both families, RFC 8305), TLS. One per I/O thread.

#include <functional>
#include <memory>
#include <string>

#include "net/origin.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"

namespace sluice::net {

struct Target {
  Origin origin;
  std::shared_ptr<TlsClientContext> tls;  // of the origin; null: plain
};

/// Whether a connection may be made to an address that the origin's name resolved to. Any thread.
using AddressRule = std::function<Status(const Origin& origin, const Address& address)>;

class Dialer {
 public:
  static constexpr Milliseconds attempt_delay{
      250};  // RFC 8305, 5: before the next address is tried beside
  static constexpr std::size_t addresses_max = 8;

  Dialer(Resolver& resolver, AddressRule rule) : resolver_(resolver), rule_(std::move(rule)) {}

  /// A connected stream, TLS done. Errors: upstream_unreachable (name, connect, TLS: the context says which),
  /// upstream_timeout, client_gone (`gone` left; null: not watched), io (no descriptor left).
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> dial(Loop& loop, Timer& timer, Target target,
                                                           TimePoint deadline, Descriptor* gone);

 private:
  [[nodiscard]] static Task<Result<std::unique_ptr<Stream>>> connect(Loop& loop, Timer& timer,
                                                                     Addresses addresses,
                                                                     TimePoint deadline,
                                                                     Descriptor* gone);
  Resolver& resolver_;
  AddressRule rule_;
};

/// TLS on a connected socket, either side.
[[nodiscard]] Task<Status> tls_handshake(Loop& loop, Timer& timer, Stream& stream,
                                         TimePoint deadline, Descriptor* gone);

}  // namespace sluice::net
