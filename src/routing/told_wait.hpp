#pragma once
/// When a provider says to come again, wherever it says so.

#include <optional>

#include "routing/error_facts.hpp"
#include "routing/failure.hpp"

namespace sluice::routing {

/// Longer waits aren't believed: no provider has windows above a month.
inline constexpr Milliseconds told_wait_max = std::chrono::days(31);

/// As `told_wait(failure, now)`, where the document has been read already.
[[nodiscard]] std::optional<Milliseconds> told_wait(const Failure& failure, const ErrorFacts& facts,
                                                    WallTime now);

/// "34.07s", "1h2m3.5s", "120ms", "6 seconds": what stands at the beginning of `text`. nullopt: no duration, none
/// above nothing, or one above `told_wait_max`.
[[nodiscard]] std::optional<Milliseconds> read_duration(std::string_view text);

/// When days begin in California, which is when Google's quotas of a day do.
[[nodiscard]] WallTime next_pacific_midnight(WallTime now);

}  // namespace sluice::routing
