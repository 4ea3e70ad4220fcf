#pragma once
/// Text as both engines can hold it: PostgreSQL takes neither a NUL nor malformed UTF-8, SQLite anything. What can't be held
/// becomes U+FFFD, so that both hold the same, and a name with a NUL in it is never taken for the name before the NUL.

#include <string>
#include <string_view>

namespace sluice::store {

[[nodiscard]] std::string storable_text(std::string_view text);

}  // namespace sluice::store
