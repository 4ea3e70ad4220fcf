#pragma once
/// Whether a key may make this call. Limits and budgets are not asked here, see `admit`.

#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "identity/key.hpp"

namespace sluice::identity {

/// What a request wants to do, and from where. The views live as long as the call.
struct Call {
  std::string_view model;    // empty: the call names none, and no model rule applies
  std::string_view dialect;  // "anthropic", "openai-chat", ...
  net::IpAddress peer;
  std::string_view user_agent;
  WallTime now;
  std::optional<WallTime> first_used = {};  // of the key
};

/// A key with this expiry is past its end; `first_used` nullopt: nobody has used it yet.
[[nodiscard]] bool has_ended(const Expiry& expiry, std::optional<WallTime> first_used,
                             WallTime now);

/// Errors  key_disabled, key_expired; not_allowed, whose message names what was refused
/// (Side::client all).
[[nodiscard]] Status permits(const Key& key, const Call& call);

}  // namespace sluice::identity
