#pragma once
/// The URL of an account's proxy.

#include <string_view>

#include "base/error.hpp"
#include "net/proxy.hpp"

namespace sluice::provider {

/// "socks5h://user:password@host:1080"; http, https, socks5 or socks5h. User and password are percent-decoded. Without a port: 80,
/// 443 or 1080. The proxy may be anywhere but where clouds hand out credentials.
/// Errors  invalid_config, saying what to write instead, and never a part of the URL.
[[nodiscard]] Result<net::Proxy> parse_proxy_url(std::string_view url);

}  // namespace sluice::provider
