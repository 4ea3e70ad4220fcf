#pragma once
/// Which fields of a provider's answer the client gets. Pure.

#include <string>

#include "wire/http_head.hpp"

namespace sluice::relay {

enum class Body : std::uint8_t { as_is, rewritten };

/// The lines of the answer's head, as the provider wrote them and in its order, without: framing and hop-by-hop fields,
/// cookies and what governs our own origin (CORS, HSTS, CSP, Clear-Site-Data), and an `x-request-id`, which becomes
/// `x-upstream-request-id` as ours has that name. With a rewritten body also without what describes its bytes.
[[nodiscard]] std::string client_fields(const wire::ResponseHead& head, Body body);

}  // namespace sluice::relay
