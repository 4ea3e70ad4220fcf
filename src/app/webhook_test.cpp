#include "app/webhook.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::app {
namespace {

using std::chrono::seconds;
using Kind = WebhookVerdict::Kind;

constexpr WallTime at{seconds(1'700'000'000)};

Alert unauthorized() {
  return {.id = "01KAVT0000000000000000000A",
          .event = AlertEvent::unauthorized,
          .account = "main",
          .model = "",
          .state = "unauthorized",
          .reason = "401 authentication_error",
          .until = {},
          .at = at,
          .node = "node-1",
          .urgent = true,
          .repeated = 0};
}

WebhookConfig webhook(WebhookFormat format, const char* secret = "") {
  return {.name = "ops",
          .url = Secret("https://hooks.example:8443/services/T0/B0?token=canary"),
          .format = format,
          .secret = Secret(secret)};
}

ControlCall call_of(const WebhookConfig& to, const Alert& alert = unauthorized()) {
  auto call = webhook_call(to, alert, at);
  EXPECT_TRUE(call);
  return *std::move(call);
}

// printf '1700000000.%s' "$BODY" | openssl dgst -sha256 -hmac webhook-secret
TEST(Webhook, TheGenericFormIsSignedOverTimeAndBody) {
  const ControlCall call = call_of(webhook(WebhookFormat::generic, "webhook-secret"));

  EXPECT_EQ(call.body.reveal(),
            R"({"id":"01KAVT0000000000000000000A","event":"account.unauthorized","account":"main",)"
            R"("model":"","state":"unauthorized","reason":"401 authentication_error","until":null,)"
            R"("at":"2023-11-14T22:13:20Z","node":"node-1","alert":true,"repeated":0})");
  EXPECT_EQ(call.origin.host, "hooks.example");
  EXPECT_EQ(call.origin.port, 8443);
  EXPECT_TRUE(call.origin.tls);
  const std::string head(call.head.reveal());
  EXPECT_TRUE(
      head.starts_with("POST /services/T0/B0?token=canary HTTP/1.1\r\n"
                       "host: hooks.example:8443\r\nconnection: close\r\n"))
      << head;
  EXPECT_NE(head.find("\r\nx-sluice-signature: t=1700000000,v1=b82de2a16e9e0e224fba09ef3d2fad77309f"
                      "9cf4d7025fccc62c6a7fd14741d5\r\n"),
            std::string::npos)
      << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(Webhook, WithoutASecretNothingIsSigned) {
  const std::string head(call_of(webhook(WebhookFormat::generic)).head.reveal());
  EXPECT_EQ(head.find("x-sluice-signature"), std::string::npos);
}

TEST(Webhook, SlackGetsALineOfText) {
  Alert cooling = unauthorized();
  cooling.event = AlertEvent::cooling;
  cooling.model = "claude-x";
  cooling.reason = "429 rate_limit_error";
  cooling.until = at + seconds(600);
  cooling.repeated = 2;
  EXPECT_EQ(call_of(webhook(WebhookFormat::slack, "unused"), cooling).body.reveal(),
            R"({"text":"sluice: account \"main\", model claude-x, cools down until )"
            R"(2023-11-14T22:23:20Z: 429 rate_limit_error (2 more times) [node-1]"})");
}

// printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf '1700000000\nfeishu-secret' | xxd -p) -binary | base64
TEST(Webhook, FeishuGetsItsOwnSignature) {
  const ControlCall call = call_of(webhook(WebhookFormat::feishu, "feishu-secret"));
  EXPECT_EQ(call.body.reveal(),
            R"({"timestamp":"1700000000","sign":"OrBzY1Y01Gq+HgJsl+7OfWcMVwc7YocohQm5iiZwjhU=",)"
            R"("msg_type":"text","content":{"text":"sluice: account \"main\" is unauthorized: )"
            R"(401 authentication_error [node-1]"}})");
  EXPECT_EQ(call_of(webhook(WebhookFormat::feishu)).body.reveal().find("sign"),
            std::string_view::npos);
}

TEST(Webhook, TheEventsHaveTheirWords) {
  for (const AlertEvent event : all_alert_events) {
    EXPECT_EQ(parse_alert_event(to_string(event)), event);
  }
  EXPECT_FALSE(parse_alert_event("account.lost"));
}

ControlAnswer answer(int status, const char* body = "", const char* retry_after = "") {
  return {.status = status, .retry_after = retry_after, .body = Secret(body)};
}

TEST(Webhook, WhatCanGoBetterNextTimeIsTriedAgain) {
  const auto kind = [](int status) {
    return judge_answer(WebhookFormat::generic, answer(status), at).kind;
  };
  for (const int status : {200, 201, 204}) EXPECT_EQ(kind(status), Kind::delivered) << status;
  for (const int status : {408, 425, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(kind(status), Kind::try_again) << status;
  }
  for (const int status : {301, 400, 401, 403, 404, 410}) {
    EXPECT_EQ(kind(status), Kind::refused) << status;
  }
  EXPECT_EQ(judge_answer(WebhookFormat::slack, answer(429, "", "30"), at).retry_after, seconds(30));
}

TEST(Webhook, FeishuSaysInTheBodyHowItWent) {
  const auto kind = [](const char* body) {
    return judge_answer(WebhookFormat::feishu, answer(200, body), at).kind;
  };
  EXPECT_EQ(kind(R"({"code":0,"msg":"success"})"), Kind::delivered);
  EXPECT_EQ(kind(R"({"StatusCode":0})"), Kind::delivered);
  EXPECT_EQ(kind(R"({"code":11232,"msg":"frequency limited"})"), Kind::try_again);
  EXPECT_EQ(kind(R"({"code":19021,"msg":"sign match fail"})"), Kind::refused);
  EXPECT_EQ(kind("<html>"), Kind::try_again);
  EXPECT_EQ(kind("[]"), Kind::try_again);
}

TEST(Webhook, EachTryComesLaterThanTheOneBefore) {
  SeededRandom random(7);
  Milliseconds whole{0};
  for (int failures = 1; failures < webhook_tries_max; ++failures) {
    const Milliseconds delay = webhook_delay(failures, {}, random);
    whole += delay;
    EXPECT_GE(delay, Milliseconds(800));
    EXPECT_LE(delay, std::chrono::minutes(12));
  }
  EXPECT_GE(whole, std::chrono::minutes(20));
  EXPECT_LE(whole, std::chrono::minutes(35));
  EXPECT_EQ(webhook_delay(1, seconds(90), random), seconds(90));
}

}  // namespace
}  // namespace sluice::app
