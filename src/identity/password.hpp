#pragma once
/// Passwords of people: kept as Argon2id, 64 MiB and two passes each, so that a stolen store is slow to guess at.
///
///     if (user) good = verify_password(user->password_hash, typed); else verify_nobody(typed);
///
/// Thread   any; each call takes about 0.1 s and 64 MiB, so the caller bounds how many run at once.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace sluice::identity {

inline constexpr std::size_t password_characters_min = 12;
inline constexpr std::size_t password_bytes_max = 1024;  // bounds what a stranger makes us hash

/// "$argon2id$v=19$m=65536,t=2,p=1$...": the costs and the salt stand in it. Errors  overloaded: no memory for it now.
[[nodiscard]] Result<std::string> hash_password(const Secret& password);
/// False as well for what is no hash, for a password too long to be one, and where memory is short.
[[nodiscard]] bool verify_password(std::string_view hash, const Secret& password);
/// Takes as long as `verify_password`: whether a user exists must not be told by time.
void verify_nobody(const Secret& password);
/// Made with other costs than today's: hash again while the password is at hand.
[[nodiscard]] bool needs_rehash(std::string_view hash);

/// Long enough, and not among the first that anybody would try; no rules about kinds of characters. Source: NIST SP 800-63B,
/// 5.1.1.2. Errors  invalid_request, Side::client; the message says what is asked for.
[[nodiscard]] Status check_password(const Secret& password, std::string_view user_name);

}  // namespace sluice::identity
