#pragma once
/// Why an account rests, and what its settings may say of it: the words of the file, the command line and the admin API
/// on one side, of the table of failures on the other.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace sluice {

/// Why an account rests. The names are part of the public interface: settings, events, listings.
enum class RestRule : std::uint8_t {
  unreachable,   // no connection, three times in a row
  server_error,  // 5xx, cuts and timeouts: three in a row, or too many of the last 30 s
  rate_limited,  // 429, until the provider's own time
  overloaded,    // 529 and its like: the provider's fault, and so of the model alone
  quota,         // no credit left, a spend limit, billing
  forbidden,     // 403
  unauthorized,  // 401: until the credential changes
  model_missing  // this account doesn't have the model
};
inline constexpr std::size_t rest_rules = 8;

/// In the order of the enumerators.
inline constexpr std::array<std::string_view, rest_rules> rest_rule_names = {
    "unreachable", "server_error", "rate_limited", "overloaded",
    "quota",       "forbidden",    "unauthorized", "model_missing"};

/// "rate_limited", ...
[[nodiscard]] constexpr std::string_view to_string(RestRule rule) {
  return rest_rule_names[static_cast<std::size_t>(rule)];
}

[[nodiscard]] constexpr std::optional<RestRule> parse_rest_rule(std::string_view name) {
  for (std::size_t i = 0; i < rest_rules; ++i) {
    if (rest_rule_names[i] == name) return static_cast<RestRule>(i);
  }
  return {};
}

/// How long an account rests by each rule, where its settings say other than the table. 0: not at all.
using RestOverrides = std::array<std::optional<Milliseconds>, rest_rules>;

inline constexpr std::chrono::days rest_length_max{31};
/// "0", or a number of seconds, minutes, hours or days: "30s", "5m", "1h", "7d"; up to `rest_length_max`.
[[nodiscard]] std::optional<Milliseconds> parse_rest_length(std::string_view text);
/// As it is read; whole seconds.
[[nodiscard]] std::string rest_length_text(Milliseconds length);

}  // namespace sluice
