#pragma once
/// What the prompt caches of providers hold of ours: which beginnings of conversations were written on which account, and until
/// when. Told by what requests ask to be kept, corrected by what answers say was read. Shared by all threads, in shards.

#include <cstdint>
#include <span>

#include "base/clock.hpp"
#include "meter/prompt_prefix.hpp"
#include "meter/usage.hpp"
#include "routing/session_table.hpp"

namespace sluice::routing {

using ModelHash = std::uint64_t;  // see `model_hash`

class PromptCache {
 public:
  static constexpr std::size_t entries_max = 262144;  // then those that end first are forgotten

  /// Bytes at the beginning of the prompt that this account would read from its cache.
  [[nodiscard]] std::int64_t warm_bytes(AccountHash account, ModelHash model,
                                        std::span<const meter::PromptPrefix> prefixes,
                                        TimePoint now) const;
  /// An answer came: `tokens` is what it says was read and written. What was expected and not read is forgotten.
  void learn(AccountHash account, ModelHash model, std::span<const meter::PromptPrefix> prefixes,
             const meter::TokenCounts& tokens, TimePoint now);
};

}  // namespace sluice::routing
