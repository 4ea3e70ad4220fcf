#include "app/config_declared.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "app/config_toml.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

struct Read {
  Config config;
  Findings findings;
};

Read read(std::string_view text) {
  Read out;
  const Environment environment = {{"ANTHROPIC_API_KEY", "sk-ant-canary"},
                                   {"CI", "sk-slc-canary-0123456789"}};
  read_toml(text, "s.toml", environment, out.config, out.findings);
  return out;
}

constexpr std::string_view account_head = "[[account]]\nname = \"a\"\nprovider = \"anthropic\"\n";
constexpr std::string_view credential = "credential = { api_key = \"env:ANTHROPIC_API_KEY\" }\n";
constexpr std::string_view key_head = "[[key]]\nname = \"ci\"\nsecret = \"env:CI\"\n";

Lines account_problems(std::string_view more) {
  return read(std::string(account_head) + std::string(credential) + std::string(more))
      .findings.problems();
}
Lines key_problems(std::string_view more) {
  return read(std::string(key_head) + std::string(more)).findings.problems();
}

TEST(DeclaredAccount, HasEveryFieldOfTheContract) {
  const auto [config, findings] = read(R"(
[[account]]
name = "anthropic-main"
provider = "anthropic"
base_url = "https://api.anthropic.com/"
credential = { api_key = "env:ANTHROPIC_API_KEY" }
priority = 5
weight = 3
max_concurrency = 7
models = ["claude-*"]
model_map = { "sonnet" = "claude-sonnet-4-5" }
cooling = { rate_limited = "30s", overloaded = "0" }
pools = ["default", "fast"]
proxy = "socks5h://u:pw@proxy:1080"
ca_file = "ca.pem"
disabled = true
)");
  EXPECT_EQ(findings.problems(), Lines{});
  ASSERT_EQ(config.accounts.size(), 1U);
  const provider::AccountSettings& account = config.accounts[0];
  EXPECT_EQ(account.name, "anthropic-main");
  EXPECT_EQ(account.base_url, "https://api.anthropic.com");
  EXPECT_EQ(account.credential.kind, provider::Credential::Kind::api_key);
  EXPECT_EQ(account.credential.secret.reveal(), "sk-ant-canary");
  EXPECT_EQ(account.priority, 5);
  EXPECT_EQ(account.weight, 3);
  EXPECT_EQ(account.max_concurrency, 7);
  EXPECT_EQ(account.models, Lines{"claude-*"});
  RestOverrides cooling{};
  cooling[static_cast<std::size_t>(RestRule::rate_limited)] = std::chrono::seconds(30);
  cooling[static_cast<std::size_t>(RestRule::overloaded)] = Milliseconds(0);
  EXPECT_EQ(account.cooling, cooling);
  ASSERT_EQ(account.model_map.size(), 1U);
  EXPECT_EQ(account.model_map[0],
            std::pair(std::string("sonnet"), std::string("claude-sonnet-4-5")));
  EXPECT_EQ(account.pools, (Lines{"default", "fast"}));
  EXPECT_EQ(account.proxy.reveal(), "socks5h://u:pw@proxy:1080");
  EXPECT_EQ(account.ca_file, "ca.pem");
  EXPECT_TRUE(account.disabled);
}

TEST(DeclaredAccount, DefaultsAreThoseOfTheContract) {
  const auto [config, findings] = read(std::string(account_head) + std::string(credential));
  EXPECT_EQ(findings.problems(), Lines{});
  EXPECT_EQ(findings.warnings(), Lines{});
  const provider::AccountSettings& account = config.accounts.at(0);
  EXPECT_EQ(account.base_url, "https://api.anthropic.com");
  EXPECT_EQ(account.priority, 10);
  EXPECT_EQ(account.weight, 1);
  EXPECT_EQ(account.max_concurrency, 0);
  EXPECT_EQ(account.pools, Lines{"default"});
  EXPECT_FALSE(account.disabled);
}

TEST(DeclaredAccount, ProvidersThatAreNotServedYetAreAcceptedWithAWarning) {
  const auto [config, findings] =
      read("[[account]]\nname = \"o\"\nprovider = \"openai\"\n" + std::string(credential));
  EXPECT_EQ(findings.problems(), Lines{});
  EXPECT_EQ(
      findings.warnings(),
      Lines{"s.toml:3: provider of [[account]] \"o\": this version does not serve openai; the "
            "account stays idle"});
}

TEST(DeclaredAccount, TellsWhatIsWrong) {
  EXPECT_EQ(read("[[account]]\nprovider = \"antropic\"\nmodels = 3\n").findings.problems(),
            (Lines{"s.toml:1: name of [[account]] number 1: must be 1 to 64 printable characters "
                   "without quotes",
                   "s.toml:2: provider of [[account]] number 1: must be one of anthropic, "
                   "anthropic-compatible, openai, openai-compatible, azure-openai, gemini, vertex, "
                   "bedrock; did you mean \"anthropic\"?",
                   "s.toml:3: models of [[account]] number 1: must be a list of texts"}));
  EXPECT_EQ(
      read(account_head).findings.problems(),
      Lines{"s.toml:1: credential of [[account]] \"a\": is missing; write credential = { api_key = "
            "\"env:NAME\" }"});
  EXPECT_EQ(
      account_problems("weigth = 2\n"),
      Lines{"s.toml:5: unknown key \"weigth\" in [[account]] \"a\"; did you mean \"weight\"?"});
  EXPECT_EQ(
      account_problems("weight = 0\n"),
      Lines{"s.toml:5: weight of [[account]] \"a\": must be a whole number from 1 to 1000000"});
  EXPECT_EQ(account_problems("pools = []\n"),
            Lines{"s.toml:5: pools of [[account]] \"a\": must name at least one pool"});
  EXPECT_EQ(
      account_problems("base_url = \"api.anthropic.com\"\n"),
      Lines{"s.toml:5: base_url of [[account]] \"a\": the URL must start with https:// (or http:// "
            "for loopback)"});
  EXPECT_EQ(account_problems("model_map = { \"sonnet\" = 4 }\n").size(), 1U);
  EXPECT_EQ(account_problems("cooling = { quota = 4 }\n").size(), 1U);
  EXPECT_EQ(account_problems("cooling = { quota = \"4\" }\n").size(), 1U);
  EXPECT_EQ(account_problems("cooling = { quotas = \"4s\" }\n").size(), 1U);
  EXPECT_EQ(
      account_problems("proxy = \"ftp://canary\"\n"),
      Lines{"s.toml:5: proxy of [[account]] \"a\": must start with http://, https://, socks5:// or "
            "socks5h://"});
  EXPECT_EQ(
      read("[[account]]\nname = \"c\"\nprovider = \"anthropic-compatible\"\n").findings.problems(),
      Lines{"s.toml:1: base_url of [[account]] \"c\": must be set for the provider "
            "anthropic-compatible"});
}

TEST(DeclaredAccount, NamesAreUnique) {
  const std::string one = std::string(account_head) + std::string(credential);
  EXPECT_EQ(read(one + one).findings.problems(),
            Lines{"s.toml:6: name of [[account]] \"a\": is used twice"});
}

TEST(DeclaredAccount, CredentialsThatDoNotResolveAreNamedByTheirPlace) {
  EXPECT_EQ(
      read(std::string(account_head) + "credential = { api_key = \"env:NOPE\" }")
          .findings.problems(),
      Lines{
          "s.toml:4: api_key of credential of [[account]] \"a\": the environment variable NOPE is "
          "not set"});
  EXPECT_EQ(
      read(std::string(account_head) + "credential = { api_kez = \"canary\" }").findings.problems(),
      Lines{"s.toml:4: unknown key \"api_kez\" in credential of [[account]] \"a\"; did you mean "
            "\"api_key\"?"});
  EXPECT_EQ(read(std::string(account_head) + "credential = \"canary\"").findings.problems(),
            Lines{"s.toml:4: credential of [[account]] \"a\": must be a table: { name = value }"});
  EXPECT_EQ(
      read(std::string(account_head) +
           "credential = { api_key = \"canary\", bearer_token = \"canary\" }")
          .findings.problems(),
      Lines{"s.toml:4: bearer_token of credential of [[account]] \"a\": stands beside api_key; an "
            "account has one credential"});
}

TEST(DeclaredAccount, MayHaveARefreshTokenForItsCredential) {
  const auto [config, findings] = read(std::string(account_head) + R"(
credential = { oauth2 = { token_url = "https://login.example/token/?p=x", client_id = "relay", client_secret = "canary", refresh_token = "canary-2", scopes = ["chat"] } }
)");
  EXPECT_EQ(findings.problems(), Lines{});
  ASSERT_EQ(config.accounts.size(), 1U);
  EXPECT_EQ(config.accounts[0].credential.kind, provider::Credential::Kind::oauth2);
  EXPECT_TRUE(config.accounts[0].credential.secret.empty());
  const provider::OAuth2Credential& oauth2 = config.accounts[0].credential.oauth2;
  EXPECT_EQ(oauth2.token_url, "https://login.example/token/?p=x");
  EXPECT_EQ(oauth2.client_id, "relay");
  EXPECT_EQ(oauth2.client_secret.reveal(), "canary");
  EXPECT_EQ(oauth2.refresh_token.reveal(), "canary-2");
  EXPECT_EQ(oauth2.scopes, std::vector<std::string>{"chat"});
  EXPECT_EQ(oauth2.client_auth, provider::ClientAuth::basic);
}

TEST(DeclaredAccount, IsAPublicClientWithoutAClientSecret) {
  const auto [config, findings] = read(std::string(account_head) + R"(
credential = { oauth2 = { token_url = "https://login.example/token", client_id = "relay", refresh_token = "canary" } }
)");
  EXPECT_EQ(findings.problems(), Lines{});
  EXPECT_EQ(config.accounts[0].credential.oauth2.client_auth, provider::ClientAuth::none);
}

TEST(DeclaredAccount, SaysWhatARefreshTokenNeeds) {
  const auto problems = [](std::string_view oauth2) {
    return read(std::string(account_head) + "credential = { " + std::string(oauth2) + " }")
        .findings.problems();
  };
  const std::string of = "s.toml:4: ";
  const std::string in = " of oauth2 of [[account]] \"a\": ";
  EXPECT_EQ(problems("oauth2 = { client_auth = \"post\" }"),
            (Lines{of + "token_url" + in + "is missing; write where refresh tokens are exchanged",
                   of + "client_id" + in + "is missing",
                   of + "client_secret" + in +
                       "is missing; client_auth = \"none\" is for clients without one",
                   of + "refresh_token" + in + "is missing; write refresh_token = \"env:NAME\""}));
  EXPECT_EQ(problems("oauth2 = { token_url = \"login.example\", client_id = \"c\", refresh_token = "
                     "\"canary\", client_auth = \"mtls\" }")
                .size(),
            2U);
  EXPECT_EQ(problems("api_key = \"canary\", oauth2 = { token_url = \"https://l\", client_id = "
                     "\"c\", refresh_token = \"canary\" }")
                .size(),
            1U);
}

TEST(DeclaredKey, HasEveryFieldOfTheContract) {
  const auto [config, findings] = read(R"(
[[key]]
name = "ci"
secret = "env:CI"
pools = ["fast"]
weight = 30
limits = { concurrency = 10, requests = "60/1m", input_tokens = "200000/1m", output_tokens = "50000/1h" }
budgets = { day = 10.0, month = 200, "5h" = "0.1", total = 0.3 }
models = ["claude-*", "!claude-opus-*"]
dialects = ["anthropic"]
clients = { cidrs = ["10.0.0.0/8"], user_agents = ["claude-cli/*"] }
expires = "2027-01-31T00:00:00Z"
time_zone = "Europe/Berlin"
)");
  EXPECT_EQ(findings.problems(), Lines{});
  ASSERT_EQ(config.keys.size(), 1U);
  const identity::Key& key = config.keys[0];
  EXPECT_EQ(key.id.str(), "declared:ci");
  EXPECT_EQ(key.hash, sha256("sk-slc-canary-0123456789"));
  EXPECT_EQ(key.pools, Lines{"fast"});
  EXPECT_EQ(key.weight, 30);
  EXPECT_EQ(key.limits.concurrency, 10);
  EXPECT_EQ(key.limits.requests, (identity::RateLimit{60, 60s}));
  EXPECT_EQ(key.limits.input_tokens, (identity::RateLimit{200000, 60s}));
  EXPECT_EQ(key.limits.output_tokens, (identity::RateLimit{50000, 1h}));
  using Window = identity::Budget::Window;
  EXPECT_EQ(key.budgets,
            (std::vector<identity::Budget>{{Window::rolling, 5h, NanoUsd(100'000'000)},
                                           {Window::day, 0s, NanoUsd(10'000'000'000)},
                                           {Window::month, 0s, NanoUsd(200'000'000'000)},
                                           {Window::total, 0s, NanoUsd(300'000'000)}}));
  EXPECT_TRUE(key.models.allows("claude-sonnet-4-5"));
  EXPECT_FALSE(key.models.allows("claude-opus-4-1"));
  EXPECT_EQ(key.dialects, Lines{"anthropic"});
  EXPECT_EQ(key.networks.size(), 1U);
  EXPECT_FALSE(key.user_agents.allows("curl/8"));
  EXPECT_TRUE(key.expiry.at);
  EXPECT_EQ(key.time_zone, "Europe/Berlin");
  EXPECT_EQ(findings.warnings(),
            (Lines{"s.toml:7: limits of [[key]] \"ci\": this version enforces concurrency only",
                   "s.toml:8: budgets of [[key]] \"ci\": this version does not enforce budgets"}));
}

TEST(DeclaredKey, CanBeGivenAsAHash) {
  const auto [config, findings] =
      read("[[key]]\nname = \"h\"\nsha256 = \"" + std::string(64, 'a') + "\"\n");
  EXPECT_EQ(findings.problems(), Lines{});
  EXPECT_EQ(config.keys.at(0).hash[0], 0xaa);
  EXPECT_EQ(config.keys.at(0).weight, 1);
}

TEST(DeclaredKey, TellsWhatIsWrong) {
  EXPECT_EQ(
      read("[[key]]\nname = \"h\"\n").findings.problems(),
      Lines{
          "s.toml:1: secret of [[key]] \"h\": is missing; write secret = \"env:NAME\" or sha256 = "
          "\"hex\""});
  EXPECT_EQ(read("[[key]]\nname = \"h\"\nsha256 = \"abc\"\n").findings.problems(),
            Lines{"s.toml:3: sha256 of [[key]] \"h\": must be 64 hex digits"});
  EXPECT_EQ(
      key_problems("sha256 = \"abc\"\n"),
      Lines{"s.toml:4: sha256 of [[key]] \"ci\": stands beside secret; a key has one of them"});
  EXPECT_EQ(
      key_problems("limits = { requests = \"60/min\" }\n"),
      Lines{"s.toml:4: requests of limits of [[key]] \"ci\": must be a number in a window such as "
            "\"60/1m\" (s, m, h, d)"});
  EXPECT_EQ(key_problems("limits = { request = \"60/1m\" }\n"),
            Lines{"s.toml:4: unknown key \"request\" in limits of [[key]] \"ci\"; did you mean "
                  "\"requests\"?"});
  EXPECT_EQ(
      key_problems("budgets = { year = 3.0 }\n"),
      Lines{"s.toml:4: budgets of [[key]] \"ci\": \"year\" is no window; write day, week, month, "
            "total or one such as \"5h\""});
  EXPECT_EQ(key_problems("budgets = { day = -1 }\n").size(), 1U);
  EXPECT_EQ(
      key_problems("dialects = [\"antropic\"]\n"),
      Lines{"s.toml:4: dialects of [[key]] \"ci\": \"antropic\" is none of anthropic, openai-chat, "
            "openai-responses, gemini, bedrock; did you mean \"anthropic\"?"});
  EXPECT_EQ(
      key_problems("clients = { cidrs = [\"10.0.0.1/8\"] }\n"),
      Lines{"s.toml:4: cidrs of clients of [[key]] \"ci\": \"10.0.0.1/8\" is no CIDR block such as "
            "\"10.0.0.0/8\""});
  EXPECT_EQ(key_problems("expires = \"soon\"\n"),
            Lines{"s.toml:4: expires of [[key]] \"ci\": must be a time such as "
                  "\"2027-01-31T00:00:00Z\", or "
                  "\"30d after first use\""});
  for (const char* weight : {"0", "1001", "-1", "1.5"}) {
    EXPECT_EQ(key_problems(std::string("weight = ") + weight + "\n"),
              Lines{"s.toml:4: weight of [[key]] \"ci\": must be a whole number from 1 to 1000"});
  }
  EXPECT_EQ(key_problems("time_zone = \"\"\n"),
            Lines{"s.toml:4: time_zone of [[key]] \"ci\": must be a name such as \"UTC\" or "
                  "\"Europe/Berlin\""});
}

TEST(DeclaredKey, TwoKeysDoNotShareASecret) {
  EXPECT_EQ(key_problems("[[key]]\nname = \"web\"\nsecret = \"env:CI\"\n"),
            Lines{"s.toml:6: secret of [[key]] \"web\": is the same as that of \"ci\""});
}

TEST(DeclaredKey, AShortSecretIsAWarning) {
  const auto [config, findings] = read("[[key]]\nname = \"s\"\nsecret = \"canary\"\n");
  ASSERT_EQ(findings.warnings().size(), 1U);
  EXPECT_EQ(findings.warnings()[0],
            "s.toml:3: secret of [[key]] \"s\": has fewer than 20 characters and may be guessed");
}

TEST(DeclaredSecrets, StandInNoFinding) {
  const auto [config, findings] = read(R"(
[[account]]
name = "a"
provider = "anthropic"
credential = { api_key = "canary with blanks", secret = "canary" }
api_key = "canary"
proxy = "canary"
[[key]]
name = "k"
secret = ["canary"]
[[key]]
secret = "canary"
sha256 = "canary"
)");
  EXPECT_GE(findings.problems().size(), 6U);
  for (const auto& list : {findings.problems(), findings.warnings()}) {
    for (const std::string& line : list) EXPECT_EQ(line.find("canary"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace sluice::app
