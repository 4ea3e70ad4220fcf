#include <fmt/format.h>

#include <algorithm>

#include "app/config_declared.hpp"
#include "base/names.hpp"
#include "provider/oauth2.hpp"

namespace sluice::app {
namespace {

WebhookFormat read_format(TomlTable& table) {
  const std::string text = table.text("format", "generic");
  if (text == "slack") return WebhookFormat::slack;
  if (text == "feishu") return WebhookFormat::feishu;
  if (text != "generic") table.problem("format", "must be generic, slack or feishu");
  return WebhookFormat::generic;
}

void read_url(TomlTable& table, TomlContext& context, WebhookConfig& webhook) {
  if (!table.has("url")) table.problem("url", "is missing; write url = \"env:NAME\"");
  if (auto url = table.secret("url"); url && !url->empty()) {
    webhook.url = std::move(*url);
    const auto endpoint = provider::parse_token_url(webhook.url.reveal());
    // The words of the refusal could quote the URL, which is a secret.
    if (!endpoint) {
      table.problem("url",
                    "must be an https:// URL, or http:// to loopback, without user or fragment");
    }
  }
  context.findings.webhook_urls.push_back(table.origin("url"));
}

std::vector<AlertEvent> read_events(TomlTable& table) {
  std::vector<std::string> known;
  for (const AlertEvent event : all_alert_events) known.emplace_back(to_string(event));
  std::vector<AlertEvent> events;
  for (const std::string& word : table.texts("events", known)) {
    if (const auto event = parse_alert_event(word)) {
      events.push_back(*event);
    } else {
      table.problem("events", fmt::format("\"{}\" is none of {}{}", word, fmt::join(known, ", "),
                                          did_you_mean(word, known)));
    }
  }
  return events;
}

WebhookConfig read_webhook(const toml::table& node, std::size_t index, TomlContext& context,
                           const Config& config) {
  const auto given = node["name"].value<std::string>();
  TomlTable table(context, node,
                  given && is_name(*given) ? fmt::format("[[webhook]] \"{}\"", *given)
                                           : fmt::format("[[webhook]] number {}", index + 1));
  WebhookConfig webhook;
  webhook.name = table.text("name");
  if (!is_name(webhook.name)) {
    table.problem(
        "name", fmt::format("must be 1 to {} printable characters without quotes", name_bytes_max));
  } else if (std::ranges::find(config.webhooks, webhook.name, &WebhookConfig::name) !=
             config.webhooks.end()) {
    table.problem("name", "is used twice");
  }
  read_url(table, context, webhook);
  webhook.format = read_format(table);
  if (auto secret = table.secret("secret")) webhook.secret = std::move(*secret);
  if (webhook.format == WebhookFormat::slack && table.has("secret")) {
    table.warn("secret", "slack has no signatures; the URL is its secret");
  }
  webhook.events = read_events(table);
  table.refuse_unknown();
  return webhook;
}

}  // namespace

void read_webhooks(const toml::array& webhooks, TomlContext& context, Config& config) {
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    if (const toml::table* node = webhooks[i].as_table()) {
      config.webhooks.push_back(read_webhook(*node, i, context, config));
    } else {
      context.findings.problem(origin_of(context, webhooks[i]),
                               "write each webhook as a table under [[webhook]]");
    }
  }
}

}  // namespace sluice::app
