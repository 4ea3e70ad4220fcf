#pragma once
/// How an account is reached and signed in to: the request head that a provider gets.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/origin.hpp"
#include "wire/http_head.hpp"

namespace sluice::provider {

enum class SignIn : std::uint8_t { none, x_api_key, bearer };

/// How long an account is waited for.
struct Timeouts {
  Milliseconds connect{10000};      // name, TCP, proxy and TLS together
  Milliseconds first_byte{600000};  // until the head of the answer
  Milliseconds idle{300000};        // between two reads of it
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

struct Upstream {
  net::Origin origin;
  std::string base_path;  // "" or "/v1": no slash at its end
  SignIn sign_in = SignIn::x_api_key;
  Secret credential;
  Timeouts timeouts;         // in effect: the account's own, or the relay's
  bool refreshable = false;  // the credential is a token that can be had anew
};

struct OutgoingRequest {
  std::string_view method;
  std::string_view path;                    // of the dialect, "/v1/messages"
  std::string_view query;                   // without '?', and without the client's key
  const wire::RequestHead& head;            // the client's own; what may pass on of it does
  std::optional<std::uint64_t> body_bytes;  // nullopt: no body
  bool uncompressed = false;                // whatever codings the client would take
};

/// The head of a request to Anthropic or a compatible server. The client's fields pass on as they are, in their order,
/// but for hop-by-hop fields, its credentials, what speaks of its network (cookies, origin, forwarded), and what would
/// choose another billing target. `accept-encoding: identity` and `anthropic-version` where the client named none.
[[nodiscard]] std::string anthropic_request_head(const Upstream& upstream,
                                                 const OutgoingRequest& request);

/// Masks every occurrence of the account's credential: some error bodies repeat it. True if there was one.
bool mask_credential(const Upstream& upstream, std::string& text);

}  // namespace sluice::provider
