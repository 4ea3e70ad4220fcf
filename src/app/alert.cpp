#include "app/alert.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "identity/key_grammar.hpp"

namespace sluice::app {

std::string_view to_string(AlertEvent event) {
  switch (event) {
    case AlertEvent::unauthorized: return "account.unauthorized";
    case AlertEvent::blocked: return "account.blocked";
    case AlertEvent::cooling: return "account.cooling";
    case AlertEvent::recovered: return "account.recovered";
  }
  return "";
}

std::optional<AlertEvent> parse_alert_event(std::string_view word) {
  const auto* const found =
      std::ranges::find(all_alert_events, word, [](AlertEvent event) { return to_string(event); });
  if (found == all_alert_events.end()) return {};
  return *found;
}

std::string alert_text(const Alert& alert) {
  std::string text = fmt::format("sluice: account \"{}\"", alert.account);
  if (!alert.model.empty()) text += fmt::format(", model {},", alert.model);
  switch (alert.event) {
    case AlertEvent::unauthorized: text += " is unauthorized"; break;
    case AlertEvent::blocked: text += " is blocked"; break;
    case AlertEvent::cooling: text += " cools down"; break;
    case AlertEvent::recovered: text += " is well again"; break;
  }
  if (alert.until) text += " until " + identity::rfc3339_text(*alert.until);
  if (!alert.reason.empty() && alert.event != AlertEvent::recovered) text += ": " + alert.reason;
  if (alert.event == AlertEvent::recovered && !alert.reason.empty()) {
    text += fmt::format(" (was: {})", alert.reason);
  }
  if (alert.repeated > 0) text += fmt::format(" ({} more times)", alert.repeated);
  if (!alert.node.empty()) text += fmt::format(" [{}]", alert.node);
  return text;
}

}  // namespace sluice::app
