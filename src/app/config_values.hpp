#pragma once
/// The small grammars of the configuration: addresses, windows, money, ends, secrets, names. Pure, but for
/// `resolve_secret`.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/quantity.hpp"
#include "base/secret.hpp"
#include "identity/key.hpp"

namespace sluice::app {

struct ListenAddress {
  std::string host;  // an IP address without brackets, or "localhost"
  std::uint16_t port = 0;
};
/// "127.0.0.1:8080", "[::1]:8080", "localhost:0".
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);

/// "30s", "1m", "5h", "30d".
[[nodiscard]] std::optional<std::chrono::seconds> parse_window(std::string_view text);
/// "60/1m".
[[nodiscard]] std::optional<identity::RateLimit> parse_rate_limit(std::string_view text);
/// "10", "0.25": digits, at most nine behind the point, no sign; exact.
[[nodiscard]] std::optional<NanoUsd> parse_usd(std::string_view text);
/// The shortest decimal text that means `value`: 0.1 gives "0.1" and so exactly 100,000,000 nano-dollars. nullopt
/// when the number has more digits than a double holds for sure (15).
[[nodiscard]] std::optional<std::string> decimal_text(double value);
/// "day", "week", "month", "total", or a window like "5h".
[[nodiscard]] std::optional<identity::Budget> parse_budget_window(std::string_view text);
/// "", "2027-01-31T12:00:00Z" (RFC 3339), "30d after first use".
[[nodiscard]] std::optional<identity::Expiry> parse_expiry(std::string_view text);

using Environment = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<std::string> lookup(const Environment& environment,
                                                std::string_view name);

struct ResolvedSecret {
  Secret secret;
  bool literal = false;  // the value itself stood in the source
  std::string variable;  // of "env:NAME"
};
/// "env:NAME", "file:PATH" (newlines at its end are cut) or the value itself.
/// Errors  invalid_config, in words that never hold the value.
[[nodiscard]] Result<ResolvedSecret> resolve_secret(std::string_view text,
                                                    const Environment& environment);

/// The candidate most like `name`, nothing when none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view name,
                                                 std::span<const std::string> candidates);
/// "; did you mean "listen"?" or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string> candidates);

/// A URL for people: user and password are cut out.
[[nodiscard]] std::string redact_url(std::string_view url);

}  // namespace sluice::app
