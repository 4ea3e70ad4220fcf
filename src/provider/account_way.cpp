#include "provider/account_way.hpp"

#include <fmt/format.h>

#include "provider/proxy_url.hpp"

namespace sluice::provider {

Status lead(net::Origin& origin, const AccountSettings& account) {
  origin.ca_file = account.ca_file;
  origin.proxy = net::ProxyRef();
  if (account.proxy.empty()) return {};
  auto proxy = parse_proxy_url(account.proxy.reveal());
  if (!proxy) {
    return fail(proxy.error().code, proxy.error().side,
                fmt::format("account \"{}\": proxy {}", account.name, proxy.error().context));
  }
  origin.proxy = net::ProxyRef(*std::move(proxy));
  return {};
}

Result<net::Origin> origin_of(const UpstreamUrl& url, const AccountSettings& account) {
  net::Origin origin{.tls = url.tls, .host = url.host, .port = url.port, .ca_file = {}};
  CHECK_OK(lead(origin, account));
  return origin;
}

Timeouts timeouts_of(const AccountSettings& account, const Timeouts& relays) {
  const auto own_or = [](Milliseconds own, Milliseconds otherwise) {
    return own > Milliseconds(0) ? own : otherwise;
  };
  return {.connect = own_or(account.connect_timeout, relays.connect),
          .first_byte = own_or(account.first_byte_timeout, relays.first_byte),
          .idle = own_or(account.idle_timeout, relays.idle)};
}

Status permit_address(const net::Origin& origin, const net::Address& address,
                      PrivateUpstreams private_upstreams) {
  const UpstreamUrl url{.tls = origin.tls, .host = origin.host, .port = origin.port, .path = {}};
  const auto ip = net::IpAddress::from(*address.raw());
  return permit_upstream_address(url, ip.value_or(net::IpAddress()), private_upstreams);
}

}  // namespace sluice::provider
