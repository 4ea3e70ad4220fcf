#pragma once
/// Who really called, where proxies stand between.

#include <span>

#include "http/exchange.hpp"
#include "net/ip_network.hpp"

namespace sluice::http {

/// The peer, or whom a trusted proxy names last in X-Forwarded-For. A chain is walked from its near end, as only trusted
/// proxies are believed.
[[nodiscard]] net::IpAddress client_address(const Exchange& exchange,
                                            std::span<const net::Network> trusted);

/// Whether nobody between the client and us could read along: TLS here, or a trusted proxy that says it spoke TLS
/// (X-Forwarded-Proto).
[[nodiscard]] bool client_used_tls(const Exchange& exchange, std::span<const net::Network> trusted);

}  // namespace sluice::http
