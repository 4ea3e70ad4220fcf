#pragma once
/// A failure in a line, for people.

#include <string>

#include "routing/error_facts.hpp"
#include "routing/failure.hpp"

namespace sluice::routing {

/// What is kept of a provider's own words.
inline constexpr std::size_t reason_words_max = 200;

/// "429 rate_limit_error, input tokens used up", "no connection". UTF-8 without controls, at most 400 bytes. What looks like a
/// credential is left out: some providers quote the key that they refuse.
[[nodiscard]] std::string failure_reason(const Failure& failure, const ErrorFacts& facts);

}  // namespace sluice::routing
