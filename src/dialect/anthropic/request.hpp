#pragma once
/// What the relay must know of a Messages request.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "dialect/dialect.hpp"

namespace sluice::dialect::anthropic {

/// What names a container is longer than this in no case.
inline constexpr std::size_t resource_bytes_max = 256;

/// Errors  invalid_request: not a JSON object, no `model`, a field of the wrong type, a field given twice.
///         The context begins with the field's name, as the vendor's own messages do.
[[nodiscard]] Result<RequestFacts> read_request(std::string_view body);

/// The session that a client packs into `metadata.user_id`: `user_HASH_account_UUID_session_UUID`, or a JSON object
/// with `session_id`. Empty in all other cases: a plain user id names a person, and not one conversation.
[[nodiscard]] std::string session_of(std::string_view user_id);

}  // namespace sluice::dialect::anthropic
