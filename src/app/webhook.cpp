#include "app/webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "base/hmac.hpp"
#include "identity/key_grammar.hpp"
#include "provider/oauth2.hpp"

namespace sluice::app {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr Milliseconds try_max{10'000};
constexpr std::size_t answer_bytes_max = 1024 * 1024;  // only Feishu's is looked at
/// Source: open.feishu.cn, "Custom bot usage guide": the bot's own limit of 5 a second and 100 a minute.
constexpr std::int64_t feishu_too_many = 11232;

json::object generic_document(const Alert& alert) {
  return {
      {"id", alert.id},
      {"event", to_string(alert.event)},
      {"account", alert.account},
      {"model", alert.model},
      {"state", alert.state},
      {"reason", alert.reason},
      {"until", alert.until ? json::value(identity::rfc3339_text(*alert.until)) : json::value()},
      {"at", identity::rfc3339_text(alert.at)},
      {"node", alert.node},
      {"alert", alert.urgent},
      {"repeated", alert.repeated}};
}

std::string unix_seconds(WallTime now) {
  return std::to_string(std::chrono::floor<seconds>(now.time_since_epoch()).count());
}

json::object document_of(const WebhookConfig& webhook, const Alert& alert, WallTime now) {
  switch (webhook.format) {
    case WebhookFormat::generic: return generic_document(alert);
    case WebhookFormat::slack: return {{"text", alert_text(alert)}};
    case WebhookFormat::feishu: break;
  }
  json::object document;
  if (!webhook.secret.empty()) {
    const std::string timestamp = unix_seconds(now);
    const Secret key(fmt::format("{}\n{}", timestamp, webhook.secret.reveal()));
    document["timestamp"] = timestamp;
    document["sign"] = base64(hmac(Digest::sha256, key.reveal(), ""));
  }
  document["msg_type"] = "text";
  document["content"] = json::object{{"text", alert_text(alert)}};
  return document;
}

/// Feishu answers 200 to whatever it gets; what it made of it stands in the body.
WebhookVerdict judge_feishu(std::string_view body) {
  using Kind = WebhookVerdict::Kind;
  boost::system::error_code error;
  const json::value answer = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* fields = error ? nullptr : answer.if_object();
  const json::value* code = fields == nullptr ? nullptr : fields->if_contains("code");
  if (code == nullptr && fields != nullptr) code = fields->if_contains("StatusCode");
  if (code == nullptr || !code->is_int64()) {
    return {.kind = Kind::try_again, .reason = "an answer without a code", .retry_after = {}};
  }
  if (code->get_int64() == 0) return {};
  return {.kind = code->get_int64() == feishu_too_many ? Kind::try_again : Kind::refused,
          .reason = fmt::format("code {}", code->get_int64()),
          .retry_after = {}};
}

}  // namespace

Result<ControlCall> webhook_call(const WebhookConfig& webhook, const Alert& alert, WallTime now) {
  TRY(const provider::TokenEndpoint endpoint, provider::parse_token_url(webhook.url.reveal()));
  std::string body = json::serialize(document_of(webhook, alert, now));
  std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept-encoding: identity\r\n"
      "content-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n",
      endpoint.path_and_query, endpoint.origin.authority(), body.size());
  if (webhook.format == WebhookFormat::generic && !webhook.secret.empty()) {
    const std::string timestamp = unix_seconds(now);
    const std::string mac =
        hmac(Digest::sha256, webhook.secret.reveal(), fmt::format("{}.{}", timestamp, body));
    head += fmt::format("x-sluice-signature: t={},v1={}\r\n", timestamp, to_hex(mac));
  }
  head += "\r\n";
  ControlCall call;
  call.origin = endpoint.origin;
  call.head = Secret(std::move(head));
  call.body = Secret(std::move(body));
  call.call_max = try_max;
  call.body_bytes_max = answer_bytes_max;
  return call;
}

WebhookVerdict judge_answer(WebhookFormat format, const ControlAnswer& answer, WallTime now) {
  using Kind = WebhookVerdict::Kind;
  const int status = answer.status;
  if (status >= 200 && status < 300) {
    return format == WebhookFormat::feishu ? judge_feishu(answer.body.reveal()) : WebhookVerdict();
  }
  const bool later = status == 408 || status == 425 || status == 429 || status >= 500;
  return {.kind = later ? Kind::try_again : Kind::refused,
          .reason = fmt::format("status {}", status),
          .retry_after = provider::parse_retry_after(answer.retry_after, now)};
}

Milliseconds webhook_delay(int failures, std::optional<seconds> retry_after, Random& random) {
  constexpr Milliseconds delay_max = std::chrono::minutes(10);
  Milliseconds delay{1000};
  for (int i = 1; i < failures && delay < delay_max; ++i) delay *= 4;
  delay = std::min(delay, delay_max);
  constexpr std::uint64_t percents = 41;  // 80 to 120
  delay = delay * static_cast<std::int64_t>(80 + random.next() % percents) / 100;
  return std::max(delay, Milliseconds(retry_after.value_or(seconds(0))));
}

}  // namespace sluice::app
