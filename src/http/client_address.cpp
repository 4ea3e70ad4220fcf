#include "http/client_address.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"

namespace sluice::http {
namespace {

bool is_one_of(std::span<const net::Network> trusted, const net::IpAddress& who) {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&](const net::Network& network) { return network.contains(who); });
}

net::IpAddress peer_address(const Exchange& exchange) {
  return net::IpAddress::from(*exchange.peer().raw()).value_or(net::IpAddress());
}

}  // namespace

net::IpAddress client_address(const Exchange& exchange, std::span<const net::Network> trusted) {
  net::IpAddress address = peer_address(exchange);
  if (trusted.empty()) return address;
  // Several fields are one list: the proxy's own may stand behind one that the client made up.
  std::string fields;
  for (const wire::HeaderField& field : exchange.head().headers) {
    if (!ascii::iequal(field.name, "x-forwarded-for")) continue;
    if (!fields.empty()) fields += ',';
    fields += field.value;
  }
  std::string_view chain = fields;
  while (!chain.empty() && is_one_of(trusted, address)) {
    const auto comma = chain.rfind(',');
    const std::string_view last =
        ascii::trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    const auto named = net::IpAddress::parse(last);
    if (!named) break;
    address = *named;
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
  }
  return address;
}

bool client_used_tls(const Exchange& exchange, std::span<const net::Network> trusted) {
  if (exchange.is_tls()) return true;
  if (!is_one_of(trusted, peer_address(exchange))) return false;
  bool https = false;
  for (const wire::HeaderField& field : exchange.head().headers) {
    // The proxy's own stands last.
    if (ascii::iequal(field.name, "x-forwarded-proto")) {
      https = ascii::iequal(ascii::trim(field.value), "https");
    }
  }
  return https;
}

}  // namespace sluice::http
