#include "app/config_schema.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

TEST(ConfigTable, NamesEachKeyOnceAndExplainsIt) {
  std::set<std::string> seen;
  for (const KeySpec& key : config_keys()) {
    EXPECT_TRUE(seen.insert(key.environment_name()).second) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_TRUE(key.help.ends_with('.')) << key.name;
  }
  EXPECT_EQ(find_key("server", "listen")->environment_name(), "SLUICE_SERVER_LISTEN");
  EXPECT_EQ(find_key("relay", "idle_timeout_ms")->environment_name(),
            "SLUICE_RELAY_IDLE_TIMEOUT_MS");
  EXPECT_EQ(find_key("server", "nope"), nullptr);
}

TEST(ConfigTable, EveryDefaultIsAValueThatTheTableAccepts) {
  for (const KeySpec& key : config_keys()) {
    std::string text = render(key, Config{});
    if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
    if (text == "[]") text.clear();
    Config config;
    EXPECT_EQ(assign(key, config, from_text(key, text)), std::nullopt) << key.name << " " << text;
    EXPECT_EQ(render(key, config), render(key, Config{})) << key.name;
  }
}

TEST(ConfigTable, ReadsEachTypeFromText) {
  Config config;
  const auto set = [&](std::string_view section, std::string_view name, std::string_view text) {
    const KeySpec& key = *find_key(section, name);
    return assign(key, config, from_text(key, text));
  };
  EXPECT_FALSE(set("server", "threads", "4"));
  EXPECT_EQ(config.server.threads, 4);
  EXPECT_FALSE(set("server", "max_body_bytes", "2048"));
  EXPECT_EQ(config.server.max_body_bytes, 2048U);
  EXPECT_FALSE(set("server", "drain_seconds", "5"));
  EXPECT_EQ(config.server.drain, 5s);
  EXPECT_FALSE(set("ledger", "retention_days", "2"));
  EXPECT_EQ(config.ledger.retention, 48h);
  EXPECT_FALSE(set("relay", "on_client_gone", "drain"));
  EXPECT_EQ(config.relay.on_client_gone, OnClientGone::drain);
  EXPECT_FALSE(set("ledger", "durability", "power"));
  EXPECT_EQ(config.ledger.durability, Durability::power);
  EXPECT_FALSE(set("log", "level", "warn"));
  EXPECT_EQ(config.log.level, log::Level::warn);
  EXPECT_FALSE(set("log", "format", "json"));
  EXPECT_EQ(config.log.format, log::Format::json);
  EXPECT_FALSE(set("metrics", "enabled", "false"));
  EXPECT_FALSE(config.metrics.enabled);
  EXPECT_FALSE(set("server", "trusted_proxies", "10.0.0.0/8, ::1"));
  EXPECT_EQ(config.server.trusted_proxies.size(), 2U);
  EXPECT_FALSE(set("server", "cors_origins", "https://a.example,http://localhost:5173"));
  EXPECT_EQ(config.server.cors_origins.size(), 2U);
}

TEST(ConfigTable, SaysWhatIsWrongWithAValue) {
  Config config;
  const auto problem = [&](std::string_view section, std::string_view name, const RawValue& value) {
    return assign(*find_key(section, name), config, value).value_or("");
  };
  EXPECT_EQ(problem("server", "threads", std::string("many")),
            "threads must be a whole number from 0 to 1024, not \"many\"");
  EXPECT_EQ(problem("server", "threads", std::int64_t{-1}),
            "threads must be a whole number from 0 to 1024, not -1");
  EXPECT_EQ(problem("relay", "max_attempts", 2.5),
            "max_attempts must be a whole number from 1 to 20, not 2.5");
  EXPECT_EQ(problem("metrics", "enabled", std::string("yes")),
            "enabled must be true or false, not \"yes\"");
  EXPECT_EQ(problem("relay", "on_client_gone", std::string("drian")),
            "on_client_gone must be one of cancel, drain, not \"drian\"; did you mean \"drain\"?");
  EXPECT_EQ(problem("server", "listen", std::string("8080")),
            "listen must be an address and a port such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or "
            "\"[::1]:8080\", not \"8080\"");
  EXPECT_EQ(problem("server", "trusted_proxies", std::vector<std::string>{"10.0.0.1/8"}),
            "trusted_proxies must be CIDR blocks such as \"10.0.0.0/8\", not \"10.0.0.1/8\"");
  EXPECT_EQ(problem("server", "cors_origins", std::vector<std::string>{"https://a.example/"}),
            "cors_origins must be origins such as \"https://app.example.com\", not "
            "\"https://a.example/\"");
  EXPECT_EQ(problem("metrics", "token", std::int64_t{12345}), "token must be a text");
}

TEST(PrintedConfig, ShowsNoSecret) {
  Config config;
  config.store.url = Secret("postgresql://me:canary1@db/x");
  config.cluster.redis_url = Secret("redis://:canary2@cache");
  config.metrics.token = Secret("canary3");
  provider::AccountSettings account;
  account.name = "a";
  account.credential = {provider::Credential::Kind::api_key, Secret("canary4")};
  account.proxy = Secret("http://u:canary5@p");
  config.accounts.push_back(account);
  const std::string text = render(config);
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  EXPECT_NE(text.find("[server]\nlisten = \"127.0.0.1:8080\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("url = \"postgresql://...@db/x\""), std::string::npos) << text;
  EXPECT_NE(text.find("[[account]]\nname = \"a\""), std::string::npos) << text;
}

}  // namespace
}  // namespace sluice::app
