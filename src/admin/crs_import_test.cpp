#include "admin/crs_import.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "admin/crs_import_fixture.hpp"
#include "admin/entities.hpp"
#include "admin/portable_testing.hpp"
#include "identity/key_directory.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using Carried = CrsReport::Carried;
using store::testing::value_of;
using testing::crs_encryption_key;
using testing::crs_file;
using testing::granted;
using testing::Installation;

class CrsImport : public ::testing::Test {
 protected:
  static CrsOptions with_key() {
    return {.encryption_key = Secret(std::string(crs_encryption_key))};
  }
  Outcome<CrsReport> imported(std::string_view document, const CrsOptions& options = with_key()) {
    return import_crs(*here_.database, *here_.secrets, here_.clock, testing::admin(), document,
                      options);
  }
  PortableObject object(store::Kind kind, std::string_view name) {
    for (PortableObject& one : here_.bundle().objects) {
      if (one.kind == kind && one.name == name) return one;
    }
    ADD_FAILURE() << "there is no " << store::to_string(kind) << " " << name;
    return {};
  }
  std::string text(store::Kind kind, std::string_view name, std::string_view field) {
    const PortableObject found = object(kind, name);
    const json::value* const value = found.document.if_contains(field);
    return value == nullptr ? "" : json::serialize(*value);
  }
  std::string secret(std::string_view name, std::string_view which) {
    for (const PortableSecret& one : object(store::Kind::account, name).secrets) {
      if (one.name == which) return std::string(one.secret->reveal());
    }
    return "";
  }
  static const CrsReport::Line& line(const CrsReport& report, std::string_view kind,
                                     std::string_view name) {
    static const CrsReport::Line none;
    for (const auto& one : report.lines) {
      if (one.kind == kind && one.name == name) return one;
    }
    ADD_FAILURE() << "no line of " << kind << " " << name;
    return none;
  }
  void expect_nothing_here() {
    EXPECT_TRUE(here_.bundle().objects.empty());
    EXPECT_TRUE(here_.bundle().key_suffixes.empty());
    EXPECT_EQ(here_.audit_lines(), 0U);
  }

  store::testing::Folder folder_;
  Installation here_{{.data_dir = folder_.path("here")}, folder_.path("here.key")};
  static constexpr store::Kind account = store::Kind::account;
  static constexpr store::Kind key = store::Kind::key;
};

TEST_F(CrsImport, AKeyComesWithAllItMayDo) {
  const CrsReport report = granted(imported(crs_file));
  EXPECT_EQ(
      text(key, "everything", "limits"),
      R"({"concurrency":5,"requests":"100/1h","input_tokens":null,"output_tokens":null,"total_tokens":"100000/1h"})");
  EXPECT_EQ(text(key, "everything", "budgets"), R"({"1h":2.5E0,"day":10})");
  EXPECT_EQ(text(key, "everything", "time_zone"), R"("Asia/Shanghai")");
  EXPECT_EQ(text(key, "everything", "expires"), R"("30d after first use")");
  EXPECT_EQ(text(key, "everything", "dialects"),
            R"(["anthropic","openai-chat","openai-responses"])");
  EXPECT_EQ(text(key, "everything", "models"), R"(["!claude-opus-4-1-20250805"])");
  EXPECT_EQ(
      text(key, "everything", "clients"),
      R"({"cidrs":[],"user_agents":["claude-cli/*","codex_vscode/*","codex_cli_rs/*","codex_exec/*"]})");
  EXPECT_EQ(text(key, "everything", "tags"), R"(["team-a","ci"])");
  EXPECT_EQ(text(key, "everything", "note"), R"("of the team in Berlin")");
  EXPECT_EQ(text(key, "everything", "pools"), R"(["default"])");
  EXPECT_EQ(text(key, "everything", "disabled"), "false");
  EXPECT_EQ(object(key, "everything").owner, object(store::Kind::user, "alice").id);
  EXPECT_EQ(identity::rfc3339_text(object(key, "everything").created), "2026-01-02T03:04:05Z");
  EXPECT_EQ(line(report, "key", "everything").remarks,
            std::vector<std::string>{"its clients are told by their user agent alone"});
  EXPECT_EQ(report.usage_records, 5U);
}

TEST_F(CrsImport, KeysGoOnWorkingWithTheSecretsTheirClientsHave) {
  (void)granted(imported(crs_file));
  const Entities entities = value_of(load_entities(*here_.database, *here_.secrets));
  const auto directory = identity::KeyDirectory::build(entities.keys, entities.key_suffixes);
  ASSERT_TRUE(directory);
  const auto find = [&](std::string_view credential) -> std::string {
    identity::CredentialFinder finder;
    finder.on_header("x-api-key", credential);
    const auto* found =
        directory->find(*finder.result(directory->suffixes()), here_.clock.wall_now());
    return found == nullptr ? "" : found->name;
  };
  EXPECT_EQ(find(testing::crs_client_key), "everything");
  EXPECT_EQ(find("cr_written_by_hand_00000000001"), "legacy");
  EXPECT_EQ(find("cr_0123456789abcdeX"), "");
  // The hash itself is no credential.
  EXPECT_EQ(find("e94e64c6cf7a86fb678c6f06a1624d8673c9b9565077d93952ae9e352b6e7e77"), "");
}

TEST_F(CrsImport, WithoutTheEncryptionKeyKeysAndAccountsWaitForTheirSecrets) {
  const CrsReport report = granted(imported(crs_file, {}));
  EXPECT_TRUE(object(key, "everything").hashes.empty());
  EXPECT_TRUE(here_.bundle().key_suffixes.empty());
  EXPECT_NE(line(report, "key", "everything").remarks.at(0).find("sluice key rotate"),
            std::string::npos);
  EXPECT_EQ(object(key, "legacy").hashes.size(), 1U);  // its key stood in the file
  EXPECT_EQ(text(account, "console", "disabled"), "true");
  EXPECT_EQ(secret("console", "api_key"), "");
  EXPECT_NE(text(account, "console", "note").find("set again: api_key"), std::string::npos);
  EXPECT_NE(line(report, "account", "console").remarks.at(0).find("no encryption key was given"),
            std::string::npos);
}

TEST_F(CrsImport, EachKindOfAccountBecomesWhatItCanBe) {
  const CrsReport report = granted(imported(crs_file));
  EXPECT_EQ(text(account, "console", "provider"), R"("anthropic")");
  EXPECT_EQ(text(account, "console", "base_url"), R"("https://api.anthropic.com")");
  EXPECT_EQ(text(account, "console", "models"), R"(["claude-sonnet-4-5","sonnet"])");
  EXPECT_EQ(text(account, "console", "model_map"), R"({"sonnet":"claude-sonnet-4-5"})");
  EXPECT_EQ(text(account, "console", "priority"), "20");
  EXPECT_EQ(text(account, "console", "max_concurrency"), "3");
  EXPECT_EQ(text(account, "console", "budgets"), R"({"day":20})");
  EXPECT_EQ(text(account, "console", "expires"), R"("2027-02-01T00:00:00Z")");
  EXPECT_EQ(secret("console", "api_key"), "sk-ant-api03-canary-console");
  EXPECT_EQ(secret("console", "proxy"), "socks5h://u%40x:p%3Aw@127.0.0.1:1080");
  EXPECT_EQ(line(report, "account", "console").carried, Carried::whole);

  EXPECT_EQ(text(account, "router", "provider"), R"("anthropic-compatible")");
  EXPECT_EQ(text(account, "router", "base_url"), R"("https://router.example")");
  EXPECT_EQ(secret("router", "bearer_token"), "canary-ccr-key-0123456789");
  EXPECT_EQ(text(account, "router", "pools"), R"(["only router"])");

  EXPECT_EQ(text(account, "responses", "provider"), R"("openai")");
  EXPECT_EQ(text(account, "responses", "base_url"), R"("https://api.openai.com")");
  EXPECT_EQ(secret("responses", "api_key"), "sk-proj-canary-responses");
  EXPECT_EQ(text(account, "responses", "disabled"), "true");  // not schedulable

  EXPECT_EQ(text(account, "azure", "provider"), R"("azure-openai")");
  EXPECT_EQ(secret("azure", "api_key"), "canary-azure-key-0123456789");
  EXPECT_EQ(text(account, "azure", "note"), R"("deployment gpt-5, api-version 2024-10-21")");

  EXPECT_EQ(text(account, "gemini", "provider"), R"("gemini")");
  EXPECT_EQ(secret("gemini", "api_key"), "AIzaCanaryGeminiKey");

  EXPECT_EQ(text(account, "bedrock", "base_url"),
            R"("https://bedrock-runtime.eu-central-1.amazonaws.com")");
  EXPECT_EQ(text(account, "bedrock", "disabled"), "true");
  EXPECT_EQ(secret("bedrock key", "bearer_token"), "bedrock-canary-token-0123456789");
}

TEST_F(CrsImport, LoginsAreLeftBehindAndTheReasonIsTold) {
  const CrsReport report = granted(imported(crs_file));
  for (const char* name : {"my Max", "my Gemini", "my Codex"}) {
    EXPECT_EQ(line(report, "account", name).carried, Carried::not_at_all);
    EXPECT_NE(line(report, "account", name).remarks.at(0).find("never pretends"),
              std::string::npos);
  }
  for (const char* name : {"droid", "vertex"}) {
    EXPECT_EQ(line(report, "account", name).carried, Carried::not_at_all);
  }
  EXPECT_EQ(line(report, "admin", "root").carried, Carried::not_at_all);
  EXPECT_EQ(line(report, "user", "eve").carried, Carried::not_at_all);
  EXPECT_EQ(line(report, "user", "bob").carried, Carried::in_part);
  EXPECT_EQ(line(report, "key", "gone").carried, Carried::not_at_all);
  const std::string told = json::serialize(report.to_json());
  EXPECT_EQ(told.find("canary"), std::string::npos) << told;
  EXPECT_EQ(told.find("0123456789abcdef"), std::string::npos);
}

TEST_F(CrsImport, WhatAKeyWasBoundToIsThePoolItHas) {
  const CrsReport report = granted(imported(crs_file));
  EXPECT_EQ(text(key, "bound", "pools"), R"(["only console","only responses","shared gemini"])");
  EXPECT_EQ(text(account, "console", "pools"), R"(["fast","default","only console"])");
  EXPECT_EQ(text(key, "of a login", "pools"), R"(["only my Max"])");
  EXPECT_NE(line(report, "key", "of a login")
                .remarks.at(0)
                .find("put an account into the pool \"only my Max\""),
            std::string::npos);
  EXPECT_EQ(text(key, "of a group", "pools"), R"(["fast","only gemini"])");
  EXPECT_EQ(text(account, "gemini", "pools"), R"(["fast","only gemini"])");
  EXPECT_EQ(text(store::Kind::pool, "fast", "note"), R"("the fast ones")");
}

TEST_F(CrsImport, AKeyNeverBecomesMoreThanItWas) {
  const CrsReport report = granted(imported(crs_file));
  EXPECT_EQ(text(key, "droid only", "disabled"), "true");
  EXPECT_NE(line(report, "key", "droid only").remarks.back().find("disabled until you have looked"),
            std::string::npos);
  EXPECT_EQ(text(key, "bound-2", "disabled"), "true");  // isActive false
  EXPECT_EQ(text(key, "plain", "disabled"), "true");    // CRS takes a missing isActive for false

  const std::string cases[] = {
      R"("permissions":"{}")",
      R"("permissions":["nobody"])",
      R"("permissions":7)",
      R"("enableClientRestriction":"true","allowedClients":["nobody"])",
      R"("enableClientRestriction":"true","allowedClients":"broken")",
      R"("enableModelRestriction":"true","restrictedModels":"broken")",
      R"("enableModelRestriction":"true","restrictedModels":[1])",
      R"("expiresAt":"soon")",
      R"("expirationMode":"activation","isActivated":"false","activationDays":"0")",
      R"("expirationMode":"activation","isActivated":"false","activationDays":"x")",
  };
  int number = 0;
  for (const std::string& fields : cases) {
    const std::string name = "case " + std::to_string(++number);
    const std::string file =
        R"({"data":{"apiKeys":[{"name":")" + name + R"(","isActive":"true",)" + fields + "}]}}";
    (void)granted(imported(file));
    EXPECT_EQ(text(key, name, "disabled"), "true") << fields;
  }
}

TEST_F(CrsImport, KeysOfAUserWhoIsSwitchedOffAreNotServed) {
  const std::string_view file =
      R"({"data": {"apiKeys": [{"id": "1", "name": "k", "isActive": "true",
    "apiKey": "cr_written_by_hand_00000000001", "userUsername": "eve"}],
    "users": [{"id": "u3", "username": "eve", "isActive": false}]}})";
  (void)granted(imported(file, {}));
  EXPECT_EQ(text(store::Kind::user, "eve", "disabled"), "true");
  EXPECT_TRUE(value_of(load_entities(*here_.database, *here_.secrets)).keys.empty());
}

TEST_F(CrsImport, TellsOnceWhatItDoesNotKnow) {
  const CrsReport report = granted(imported(crs_file));
  EXPECT_EQ(report.unknown_fields,
            (std::vector<std::string>{"apiKeys.newField", "data.somethingNew (2)"}));
  EXPECT_NE(std::find(report.notes.begin(), report.notes.end(),
                      "data.apiKeys: 1 entries are no objects and were passed over"),
            report.notes.end());
}

TEST_F(CrsImport, ReadsWhatTheAdminApiOfCrsExports) {
  const std::string_view file =
      R"({"success": true, "data": {"exportedAt": "2026-11-20T10:00:00.000Z",
    "claudeAccounts": [], "openaiOAuthAccounts": [{"kind": "openai-oauth-account", "id": "o", "name": "codex"}],
    "claudeConsoleAccounts": [{"kind": "claude-console-account", "id": "c", "name": "console", "description": "x",
      "platform": "claude-console", "isActive": true, "schedulable": true, "priority": 50, "status": "active",
      "proxy": {"protocol": "http", "host": "proxy.example", "port": 3128, "username": "", "password": ""},
      "maxConcurrentTasks": 0, "credentials": {"api_key": "sk-ant-plain-canary", "base_url": "https://api.anthropic.com",
      "model_mapping": {"a": "b"}, "user_agent": "x"}, "extra": {"crs_id": "c"}}],
    "openaiResponsesAccounts": [{"id": "r", "name": "responses", "isActive": true, "proxy": null,
      "credentials": {"api_key": "sk-plain", "base_url": "https://gateway.example/v1"}}]}})";
  const CrsReport report = granted(imported(file, {}));
  EXPECT_EQ(secret("console", "api_key"), "sk-ant-plain-canary");
  EXPECT_EQ(text(account, "console", "proxy"), R"("http://proxy.example:3128")");
  EXPECT_EQ(text(account, "console", "model_map"), R"({"a":"b"})");
  EXPECT_EQ(text(account, "responses", "provider"), R"("openai-compatible")");
  EXPECT_EQ(text(account, "responses", "base_url"), R"("https://gateway.example")");
  EXPECT_EQ(line(report, "account", "codex").carried, Carried::not_at_all);
  EXPECT_TRUE(report.unknown_fields.empty());
}

TEST_F(CrsImport, ARedactedFileSaysWhatIsMissing) {
  const std::string_view file = R"({"metadata": {"sanitized": true}, "data": {
    "apiKeys": [{"id": "1", "name": "k", "isActive": "true", "apiKey": "e94e64c6cf...[REDACTED]"}],
    "claudeConsoleAccounts": [{"id": "2", "name": "a", "isActive": "true", "apiUrl": "https://api.anthropic.com",
      "apiKey": "[REDACTED]", "proxy": "{\"type\":\"http\",\"host\":\"p.example\",\"port\":1,\"username\":\"u\",\"password\":\"[REDACTED]\"}"}]}})";
  const CrsReport report = granted(imported(file, {}));
  EXPECT_TRUE(object(key, "k").hashes.empty());
  EXPECT_EQ(text(account, "a", "disabled"), "true");
  EXPECT_EQ(text(account, "a", "proxy"), R"("")");
  EXPECT_NE(report.notes.at(0).find("--sanitize"), std::string::npos);
}

TEST_F(CrsImport, AnEncryptionKeyThatOpensNothingIsRefused) {
  const auto refused =
      imported(crs_file, {.encryption_key = Secret("not the key of this file at all")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "encryption_key");
  expect_nothing_here();
}

TEST_F(CrsImport, ADryRunTellsAllAndChangesNothing) {
  CrsOptions options = with_key();
  options.dry_run = DryRun::yes;
  const CrsReport dry = granted(imported(crs_file, options));
  EXPECT_TRUE(dry.dry_run);
  expect_nothing_here();
  const CrsReport real = granted(imported(crs_file));
  EXPECT_EQ(dry.count(Carried::whole), real.count(Carried::whole));
  EXPECT_EQ(dry.count(Carried::in_part), real.count(Carried::in_part));
}

TEST_F(CrsImport, ASecondImportIsRefusedOrSkipsWhatIsHere) {
  (void)granted(imported(crs_file));
  const std::string before = here_.exported();
  const auto refused = imported(crs_file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::already_exists);
  CrsOptions options = with_key();
  options.on_conflict = OnConflict::skip;
  const CrsReport skipped = granted(imported(crs_file, options));
  EXPECT_TRUE(line(skipped, "key", "everything").skipped);
  EXPECT_TRUE(line(skipped, "account", "console").skipped);
  EXPECT_EQ(here_.exported(), before);
  options.on_conflict = OnConflict::replace;
  (void)granted(imported(crs_file, options));
  EXPECT_EQ(here_.bundle().key_suffixes.size(), 1U);
}

TEST_F(CrsImport, NamesAreMadeFitAndUnique) {
  const std::string_view file = R"({"data": {"apiKeys": [
    {"id": "aaaaaaaa-1", "name": "say \"hi\"\u0000", "isActive": "true"}, {"id": "aaaaaaaa-2", "name": "say hi", "isActive": "true"},
    {"id": "aaaaaaaa-3", "name": "", "isActive": "true"}, {"id": "aaaaaaaa-4", "isActive": "true"},
    {"name": ["no"], "id": 7, "isActive": "true"}]}})";
  const CrsReport report = granted(imported(file, {}));
  std::vector<std::string> names;
  for (const auto& one : report.lines) names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"say hi", "say hi-2", "key aaaaaaaa", "key aaaaaaaa-2",
                                             "key unnamed"}));
}

}  // namespace
}  // namespace sluice::admin
