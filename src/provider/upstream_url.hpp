#pragma once
/// Where an account may lead: the address rules of base URLs. Checked twice, on the text when the configuration is
/// read and on the resolved address before a connection is made, since a name can resolve to anything.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/ip_network.hpp"

namespace sluice::provider {

struct UpstreamUrl {
  bool tls = true;
  std::string host;  // lower case, IPv6 without brackets
  std::uint16_t port = 443;
  std::string path;                       // "" or "/v1": no slash at its end
  [[nodiscard]] std::string str() const;  // the default port is left out
};

enum class PrivateUpstreams : std::uint8_t { refused, allowed };

/// "https://host[:port][/path]"; no user, query or fragment.
/// Errors  invalid_config, saying what to write instead.
[[nodiscard]] Result<UpstreamUrl> parse_upstream_url(std::string_view text);

/// https anywhere, http to loopback; private and link-local addresses, and http to them or to names, only when
/// allowed; addresses where clouds hand out credentials never.
[[nodiscard]] Status permit_upstream(const UpstreamUrl& url, PrivateUpstreams private_upstreams);
/// The same for an address that the host of `url` resolved to.
[[nodiscard]] Status permit_upstream_address(const UpstreamUrl& url, const net::IpAddress& address,
                                             PrivateUpstreams private_upstreams);

}  // namespace sluice::provider
