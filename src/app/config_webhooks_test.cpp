#include <gtest/gtest.h>

#include "app/config_declared.hpp"
#include "app/config_toml.hpp"

namespace sluice::app {
namespace {

using Lines = std::vector<std::string>;

struct Read {
  Config config;
  Findings findings;
};

Read read(std::string_view text) {
  Read out;
  const Environment environment = {{"HOOK", "https://hooks.example/services/T0/canary"}};
  read_toml(text, "s.toml", environment, out.config, out.findings);
  return out;
}

Lines problems(const std::string& more) {
  return read("[[webhook]]\nname = \"ops\"\n" + more).findings.problems();
}

TEST(ConfigWebhooks, HaveEveryFieldOfTheContract) {
  const auto [config, findings] = read(R"(
[[webhook]]
name = "ops"
url = "env:HOOK"
format = "feishu"
secret = "canary-secret"
events = ["account.blocked", "account.recovered"]
)");
  EXPECT_EQ(findings.problems(), Lines{});
  ASSERT_EQ(config.webhooks.size(), 1U);
  const WebhookConfig& webhook = config.webhooks.front();
  EXPECT_EQ(webhook.name, "ops");
  EXPECT_EQ(webhook.url.reveal(), "https://hooks.example/services/T0/canary");
  EXPECT_EQ(webhook.format, WebhookFormat::feishu);
  EXPECT_EQ(webhook.secret.reveal(), "canary-secret");
  EXPECT_EQ(webhook.events, (std::vector<AlertEvent>{AlertEvent::blocked, AlertEvent::recovered}));
}

TEST(ConfigWebhooks, TakeEveryEventUnlessToldOtherwise) {
  const auto [config, findings] = read("[[webhook]]\nname = \"ops\"\nurl = \"env:HOOK\"\n");
  EXPECT_EQ(findings.problems(), Lines{});
  EXPECT_EQ(config.webhooks.front().format, WebhookFormat::generic);
  EXPECT_EQ(config.webhooks.front().events.size(), all_alert_events.size());
}

TEST(ConfigWebhooks, SayWhatIsWrongAndNeverTheUrl) {
  EXPECT_EQ(problems("").size(), 1U);
  for (const char* const url :
       {"canary", "ftp://hooks.example/canary", "https://user:canary@hooks.example/",
        "https://hooks.example/#canary"}) {
    const Lines lines = problems("url = \"" + std::string(url) + "\"\n");
    ASSERT_EQ(lines.size(), 1U) << url;
    EXPECT_NE(lines.front().find("s.toml:3: "), std::string::npos) << lines.front();
    EXPECT_NE(lines.front().find("must be an https:// URL"), std::string::npos) << lines.front();
    EXPECT_EQ(lines.front().find("nary"), std::string::npos) << lines.front();
  }
  EXPECT_EQ(problems("url = \"env:HOOK\"\nformat = \"teams\"\n").size(), 1U);
  EXPECT_EQ(problems("url = \"env:HOOK\"\nevents = [\"account.lost\"]\n").size(), 1U);
  EXPECT_EQ(problems("url = \"env:HOOK\"\nURL = \"x\"\n").size(), 1U);
  EXPECT_EQ(read("[webhook]\nname = \"ops\"\n").findings.problems().size(), 1U);
  EXPECT_EQ(
      problems("url = \"env:HOOK\"\n[[webhook]]\nname = \"ops\"\nurl = \"env:HOOK\"\n").size(), 1U);
}

TEST(ConfigWebhooks, ASecretThatSlackHasNoUseForIsWarnedOf) {
  const auto [config, findings] = read(
      "[[webhook]]\nname = \"ops\"\nurl = \"env:HOOK\"\nformat = \"slack\"\nsecret = "
      "\"env:HOOK\"\n");
  EXPECT_EQ(findings.problems(), Lines{});
  EXPECT_EQ(findings.warnings().size(), 1U);
}

}  // namespace
}  // namespace sluice::app
