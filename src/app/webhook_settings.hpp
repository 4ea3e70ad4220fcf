#pragma once
/// A place that alerts are posted to.

#include <cstdint>
#include <string>
#include <vector>

#include "app/alert.hpp"
#include "base/secret.hpp"

namespace sluice::app {

enum class WebhookFormat : std::uint8_t { generic, slack, feishu };

/// As the configuration file describes it.
struct WebhookConfig {
  std::string name;
  Secret url;  // it is what Slack and Feishu know a sender by
  WebhookFormat format = WebhookFormat::generic;
  Secret secret;  // to sign with; empty: unsigned
  std::vector<AlertEvent> events{all_alert_events.begin(), all_alert_events.end()};
};

}  // namespace sluice::app
