#pragma once
/// Where a connection leads. Connections are shared by all accounts that agree in all of it.

#include <compare>
#include <cstdint>
#include <string>

#include "base/append.hpp"
#include "net/proxy.hpp"

namespace sluice::net {

struct Origin {
  bool tls = true;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 443;
  std::string ca_file;  // own authorities (PEM); empty: the system's
  ProxyRef proxy = {};  // that the way leads through
  friend auto operator<=>(const Origin&, const Origin&) = default;

  /// What goes into `host:`; the scheme's default port is left out.
  [[nodiscard]] std::string authority() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (tls ? 443 : 80)) append(text, ":", std::to_string(port));
    return text;
  }
};

}  // namespace sluice::net
