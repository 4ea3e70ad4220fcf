#include "app/manage/fields.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>

#include "app/cli.hpp"

namespace sluice::app::manage {
namespace {

constexpr std::array all = {Verb::manage};

CommandLine parse(const std::vector<std::string>& arguments) {
  return parse_command_line(arguments, all);
}

std::expected<boost::json::object, std::string> fields(const std::vector<std::string>& arguments,
                                                       const Environment& environment = {}) {
  const CommandLine line = parse(arguments);
  if (!line.command) return std::unexpected(line.error);
  return fields_of(line.command->manage, environment);
}

void expect_fields(const std::vector<std::string>& arguments, std::string_view json) {
  const auto found = fields(arguments, {{"KEY", "canary-1"}, {"PROXY", "http://u:canary-2@p:1"}});
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(boost::json::value(*found),
            boost::json::parse(boost::json::string_view(json.data(), json.size())))
      << boost::json::serialize(*found);
}

void expect_refused(const std::vector<std::string>& arguments, std::string_view part) {
  const CommandLine line = parse(arguments);
  EXPECT_FALSE(line.command);
  EXPECT_EQ(line.exit_code, 2);
  EXPECT_NE(line.error.find(part), std::string::npos) << line.error;
  EXPECT_EQ(line.error.find("canary"), std::string::npos) << line.error;
}

TEST(Fields, OfAnAccountAreTheWordsOfTheFile) {
  expect_fields({"account",
                 "add",
                 "--name",
                 "main",
                 "--provider",
                 "anthropic",
                 "--base-url",
                 "https://x",
                 "--api-key",
                 "env:KEY",
                 "--priority",
                 "5",
                 "--weight",
                 "2",
                 "--max-concurrency",
                 "3",
                 "--model",
                 "claude-*",
                 "--model",
                 "[x]",
                 "--map",
                 "sonnet=claude-sonnet-4-5",
                 "--map",
                 "a=b=c",
                 "--pool",
                 "a",
                 "--pool",
                 "b",
                 "--proxy",
                 "env:PROXY",
                 "--ca-file",
                 "ca.pem",
                 "--note",
                 "-n",
                 "--expires",
                 "2027-01-31T00:00:00Z",
                 "--disabled"},
                R"({"name": "main", "provider": "anthropic", "base_url": "https://x",
          "credential": {"api_key": "canary-1"}, "priority": 5, "weight": 2, "max_concurrency": 3,
          "models": ["claude-*", "[x]"], "model_map": {"sonnet": "claude-sonnet-4-5", "a": "b=c"},
          "pools": ["a", "b"], "proxy": "http://u:canary-2@p:1", "ca_file": "ca.pem", "note": "-n",
          "expires": "2027-01-31T00:00:00Z", "disabled": true})");
  expect_fields(
      {"account", "set", "main", "--active-hours", "mon,tue 22:00-06:00", "--active-hours",
       "9:00-17:00", "--limit", "requests=1/1m", "--limit", "input_tokens="},
      R"({"active_hours": [{"days": ["mon", "tue"], "from": "22:00", "to": "06:00"},
                                     {"days": [], "from": "9:00", "to": "17:00"}],
                    "limits": {"requests": "1/1m", "input_tokens": null}})");
  expect_fields({"account", "add", "main", "--oauth2-token-url", "https://t", "--oauth2-client-id",
                 "c", "--oauth2-client-secret", "env:KEY", "--oauth2-refresh-token", "env:KEY",
                 "--oauth2-scope", "a", "--oauth2-scope", "b"},
                R"({"name": "main", "credential": {"oauth2": {"token_url": "https://t",
                    "client_id": "c", "client_secret": "canary-1", "refresh_token": "canary-1",
                    "scopes": ["a", "b"]}}})");
}

TEST(Fields, OfAKeyAreTheWordsOfTheFile) {
  expect_fields({"key",          "create",
                 "--name",       "ci",
                 "--limit",      "requests=60/1m",
                 "--limit",      "concurrency=10",
                 "--budget",     "day=10",
                 "--budget",     "5h=0.25",
                 "--model",      "!x",
                 "--dialect",    "openai-chat",
                 "--cidr",       "10.0.0.0/8",
                 "--user-agent", "a/*",
                 "--time-zone",  "Asia/Shanghai",
                 "--tag",        "t",
                 "--owner",      "ann",
                 "--account",    "main",
                 "--weight",     "5"},
                R"({"name": "ci", "limits": {"requests": "60/1m", "concurrency": 10},
          "budgets": {"day": "10", "5h": "0.25"}, "models": ["!x"], "dialects": ["openai-chat"],
          "clients": {"cidrs": ["10.0.0.0/8"], "user_agents": ["a/*"]},
          "time_zone": "Asia/Shanghai", "tags": ["t"], "owner": "ann", "accounts": ["main"], "weight": 5})");
}

TEST(Fields, ClearedOnesAreNull) {
  expect_fields({"key", "set", "ci", "--clear", "expires", "--clear", "--limit", "--clear",
                 "models", "--pool", "a"},
                R"({"expires": null, "limits": null, "models": null, "pools": ["a"]})");
  EXPECT_EQ(fields({"key", "set", "ci", "--clear", "expire"}).error(),
            "--clear: there is no flag \"expire\"; did you mean \"expires\"?");
  EXPECT_NE(fields({"key", "set", "ci", "--clear", "pool", "--pool", "a"}).error().find("same"),
            std::string::npos);
}

TEST(Fields, ASecretOnTheCommandLineIsRefusedWithTheReason) {
  for (const char* flag :
       {"--api-key", "--bearer-token", "--oauth2-client-secret", "--oauth2-refresh-token"}) {
    expect_refused({"account", "add", "main", flag, "canary"}, "process list");
    expect_refused({"account", "add", "main", std::string(flag) + "=canary"}, "env:NAME");
  }
  expect_refused({"account", "add", "main", "--proxy", "http://u:canary@p:1"}, "process list");
  EXPECT_TRUE(parse({"account", "add", "main", "--proxy", "http://p:1"}).command);
  expect_refused({"account", "add", "main", "sk-ant-canary"}, "too many");
  expect_refused({"account", "sk-ant-canary-canary-canary"}, "there is no command");
  expect_refused({"account", "add", "--api-kye=canary"}, "did you mean \"--api-key\"");
}

TEST(Fields, ASecretThatIsNotThereIsToldByItsFlag) {
  const auto none = fields({"account", "add", "m", "--api-key", "env:NONE"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), "--api-key: the environment variable NONE is not set");
  EXPECT_FALSE(fields({"account", "add", "m", "--api-key", "file:/none"}));
}

TEST(Fields, WrongValuesAreToldBeforeAnythingIsOpened) {
  expect_refused({"account", "add", "m", "--priority", "high"},
                 "--priority: must be a whole number");
  expect_refused({"account", "add", "m", "--provider", "antropic"}, "did you mean \"anthropic\"");
  expect_refused({"account", "add", "m", "--map", "x"}, "FROM=TO");
  expect_refused({"key", "create", "m", "--limit", "=1"}, "NAME=AMOUNT");
  expect_refused({"account", "add", "--provider", "anthropic"}, "--name NAME is needed");
  expect_refused({"account", "add", "m", "--name", "n"}, "given twice");
  expect_refused({"account", "add", "m", "--priority", "1", "--priority", "2"}, "--priority");
  expect_refused({"account", "add", "m", "--api-key", "-", "--proxy", "-"}, "one standard input");
  expect_refused({"key", "show"}, "NAME is needed");
  expect_refused({"account", "add", "m", "--api-key", "env:A", "--oauth2-client-id", "x"},
                 "one credential");
  expect_refused({"account", "add", "m", "--active-hours", "mon"}, "--active-hours");
}

TEST(Fields, ARefusedFieldIsNamedByItsFlag) {
  const CommandLine line = parse({"key", "create", "m", "--limit", "requests=1", "--cidr", "x"});
  ASSERT_TRUE(line.command);
  const Invocation& invocation = line.command->manage;
  EXPECT_EQ(flag_of_field(invocation, "limits.requests"), "--limit");
  EXPECT_EQ(flag_of_field(invocation, "clients"), "--cidr");
  EXPECT_EQ(flag_of_field(invocation, "clients.user_agents[0]"), "--user-agent");
  EXPECT_EQ(flag_of_field(invocation, "models"), "--model");
  EXPECT_EQ(flag_of_field(invocation, "mode"), "");
  EXPECT_EQ(flag_of_field(invocation, ""), "");
}

}  // namespace
}  // namespace sluice::app::manage
