#pragma once
/// The words of a key's rules, the same in the file, on the command line and in the admin API: each is read here, and
/// written back as it may be read again.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/quantity.hpp"
#include "base/timestamps.hpp"
#include "identity/key.hpp"

namespace sluice::identity {

/// "30s", "1m", "5h", "30d".
[[nodiscard]] std::optional<std::chrono::seconds> parse_window(std::string_view text);
[[nodiscard]] std::string window_text(std::chrono::seconds window);

/// "60/1m".
[[nodiscard]] std::optional<RateLimit> parse_rate_limit(std::string_view text);
[[nodiscard]] std::string rate_limit_text(const RateLimit& limit);

/// "10", "0.25": digits, at most nine behind the point, no sign; exact.
[[nodiscard]] std::optional<NanoUsd> parse_usd(std::string_view text);
[[nodiscard]] std::string usd_text(NanoUsd amount);
/// The shortest decimal text that means `value`: 0.1 gives "0.1" and so exactly 100,000,000 nano-dollars. nullopt
/// when the number has more digits than a double holds for sure (15).
[[nodiscard]] std::optional<std::string> decimal_text(double value);

/// "day", "week", "month", "total", or a window like "5h".
[[nodiscard]] std::optional<Budget> parse_budget_window(std::string_view text);
[[nodiscard]] std::string budget_window_text(const Budget& budget);

using sluice::parse_rfc3339;
/// As `parse_rfc3339` reads it.
[[nodiscard]] std::string rfc3339_text(WallTime time);

/// "", "2027-01-31T12:00:00Z" (RFC 3339), "30d after first use".
[[nodiscard]] std::optional<Expiry> parse_expiry(std::string_view text);
[[nodiscard]] std::string expiry_text(const Expiry& expiry);

/// Looks like a name of the tz database: "UTC", "Europe/Berlin".
[[nodiscard]] bool is_time_zone(std::string_view name);

}  // namespace sluice::identity
