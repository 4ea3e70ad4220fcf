#pragma once
/// What a post to a webhook looks like in each form, and what its answer means. Pure.

#include <optional>
#include <string>

#include "app/control_client.hpp"
#include "app/webhook_settings.hpp"
#include "base/random.hpp"

namespace sluice::app {

/// The request, signed for `now`.
///
/// generic  {"id", "event", "account", "model", "state", "reason", "until", "at", "node", "alert", "repeated"};
///          `x-sluice-signature: t=UNIX,v1=HEX`, the HMAC-SHA256 of "UNIX.BODY".
/// slack    {"text"}. Source: api.slack.com, "Sending messages using incoming webhooks", read 2026-11-24.
/// feishu   {"timestamp", "sign", "msg_type": "text", "content": {"text"}}; `sign` is the base64 of the HMAC-SHA256 of nothing
///          under the key "UNIX\nSECRET". Source: open.feishu.cn, "Custom bot usage guide", read 2026-11-24.
/// Errors   invalid_config (the URL, in words that don't hold it).
[[nodiscard]] Result<ControlCall> webhook_call(const WebhookConfig& webhook, const Alert& alert,
                                               WallTime now);

/// What an answer means.
struct WebhookVerdict {
  enum class Kind : std::uint8_t {
    delivered,
    try_again,
    refused,  // it would be the next time, too
  };
  Kind kind = Kind::delivered;
  std::string reason;  // for the log
  std::optional<std::chrono::seconds> retry_after;
};
[[nodiscard]] WebhookVerdict judge_answer(WebhookFormat format, const ControlAnswer& answer,
                                          WallTime now);

inline constexpr int webhook_tries_max = 8;
/// Before try `failures` + 1: 1 s, then four times as long each time up to 10 min, a fifth more or less; what the receiver
/// asked for if that is longer. All tries together take about 26 minutes.
[[nodiscard]] Milliseconds webhook_delay(int failures,
                                         std::optional<std::chrono::seconds> retry_after,
                                         Random& random);

}  // namespace sluice::app
