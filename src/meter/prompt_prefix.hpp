#pragma once
/// Beginnings of a conversation, as a provider's prompt cache knows them.

#include <cstdint>

namespace sluice::meter {

/// How long a prompt cache keeps what it wrote.
enum class CacheLife : std::uint8_t { none, five_minutes, one_hour };

/// What stands in the prompt up to some place, and not how it is marked.
struct PromptPrefix {
  std::uint64_t hash = 0;
  std::int64_t bytes = 0;  // of the body's text up to here
  CacheLife life = CacheLife::
      none;  // asked to be kept so long; none: a place where an earlier turn may have ended
};

}  // namespace sluice::meter
