#pragma once
/// What operators are told of accounts without having asked.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace sluice::app {

enum class AlertEvent : std::uint8_t { unauthorized, blocked, cooling, recovered };
inline constexpr std::array all_alert_events = {AlertEvent::unauthorized, AlertEvent::blocked,
                                                AlertEvent::cooling, AlertEvent::recovered};
/// "account.unauthorized", ...: part of the public interface.
[[nodiscard]] std::string_view to_string(AlertEvent event);
[[nodiscard]] std::optional<AlertEvent> parse_alert_event(std::string_view word);

struct Alert {
  std::string id;  // a ULID; the same at every try to deliver it
  AlertEvent event = AlertEvent::recovered;
  std::string account;  // its name
  std::string model;    // empty: the whole account
  std::string state;    // "active", "cooling", "unauthorized", "blocked"
  std::string reason;   // why, or why it was; holds no credential
  std::optional<WallTime> until;
  WallTime at;
  std::string node;
  bool urgent = false;  // someone should look
  int repeated = 0;     // how often the same happened since it was told last
};

/// One line: `sluice: account "main" is unauthorized: 401 authentication_error`.
[[nodiscard]] std::string alert_text(const Alert& alert);

}  // namespace sluice::app
