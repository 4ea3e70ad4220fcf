#pragma once
/// What a browser holds: a session's token, and the proof against forged writes that follows from it. What a program holds.

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace sluice::admin {

/// 256 bits from the system as 43 base64url characters: a session's cookie, a set-up link.
[[nodiscard]] Secret make_one_time_token();
/// "sk-sla-" and 43 base64url characters: an admin token.
[[nodiscard]] Secret make_admin_token();
/// For `x-csrf-token`: tells nothing about the session's token.
[[nodiscard]] std::string csrf_token_of(std::string_view session_token);

}  // namespace sluice::admin
