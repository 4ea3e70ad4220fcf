// What the fields of each kind refuse, and that texts of every kind stay what they are.

#include <fmt/format.h>

#include "admin/account_document.hpp"
#include "admin/key_document.hpp"
#include "admin/pool_document.hpp"
#include "admin/testing.hpp"
#include "admin/token_document.hpp"
#include "admin/user_document.hpp"

namespace sluice::admin::testing {
namespace {

using boost::json::value;
using namespace std::string_literals;

Outcome<void> apply(Kind kind, const object& fields) {
  switch (kind) {
    case Kind::account: {
      provider::AccountSettings account;
      account.provider = "anthropic-compatible";
      account.base_url = "https://example.org";
      const auto applied =
          apply_account_fields(fields, provider::PrivateUpstreams::refused, account);
      if (!applied) return std::unexpected(applied.error());
      return {};
    }
    case Kind::pool: {
      Pool pool;
      return apply_pool_fields(fields, pool);
    }
    case Kind::key: {
      identity::Key key;
      return apply_key_fields(fields, key);
    }
    case Kind::user: {
      User user;
      return apply_user_fields(fields, user);
    }
    case Kind::token: {
      AdminToken token;
      return apply_token_fields(fields, token);
    }
  }
  return {};
}

array many(std::size_t count) {
  array out;
  for (std::size_t i = 0; i < count; ++i) out.emplace_back("x" + std::to_string(i));
  return out;
}

/// {"limits.requests", v} is {"limits": {"requests": v}}.
object nested(std::string_view path, value given) {
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return {{path, std::move(given)}};
  return {{path.substr(0, dot), nested(path.substr(dot + 1), std::move(given))}};
}

struct Bad {
  Kind kind;
  std::string path;
  value given;
  std::string words;
  std::string field = {};  // where it isn't the path
};

TEST(Documents, EveryFaultNamesItsField) {
  const std::string long_text(3000, 'a');
  const std::vector<Bad> all = {
      {Kind::key, "name", "", "1 to 64"},
      {Kind::key, "name", "say \"hi\"", "quotes"},
      {Kind::key, "name", 7, "1 to 64"},
      {Kind::key, "name", nullptr, "1 to 64"},
      {Kind::key, "note", boost::json::string(long_text), "at most 2000 bytes"},
      {Kind::key, "note", boost::json::string("nul\0"s), "control"},
      {Kind::key, "note", "\x1b[31m", "control"},
      {Kind::key, "note", "\xc2\x9b", "control"},
      {Kind::key, "note", "\xff", "UTF-8"},
      {Kind::key, "note", "\xed\xa0\x80", "UTF-8"},
      {Kind::key, "note", 1, "must be a text"},
      {Kind::key, "owner", array{}, "must be a text"},
      {Kind::key, "pools", array{}, "at least one"},
      {Kind::key, "pools", many(65), "at most 64"},
      {Kind::key, "pools", array{""}, "empty"},
      {Kind::key, "pools", array{"a\"b"}, "no name"},
      {Kind::key, "pools", "default", "list of texts"},
      {Kind::key, "pools", array{1}, "list of texts"},
      {Kind::key, "models", many(257), "at most 256"},
      {Kind::key, "models", array{"!"}, "empty"},
      {Kind::key, "tags", many(33), "at most 32"},
      {Kind::key, "dialects", array{"antropic"}, "did you mean \"anthropic\"?"},
      {Kind::key, "clients.cidrs", array{"10.0.0.1/8"}, "CIDR"},
      {Kind::key, "clients.ips", array{}, "unknown field"},
      {Kind::key, "clients", array{}, "object"},
      {Kind::key, "limits.requests", "60", "60/1m"},
      {Kind::key, "limits.requests", 60, "must be a text"},
      {Kind::key, "limits.concurrency", "10", "whole number"},
      {Kind::key, "limits.concurrency", 1.5, "whole number"},
      {Kind::key, "limits.concurrency", -1, "from 0 to"},
      {Kind::key, "limits.concurrency", 18446744073709551615ULL, "from 0 to"},
      {Kind::key, "limits.request", "60/1m", "did you mean \"requests\"?"},
      {Kind::key, "budgets.day", "ten", "dollars"},
      {Kind::key, "budgets.day", -1, "dollars"},
      {Kind::key, "budgets.day", 1e300, "dollars"},
      {Kind::key, "budgets.day", true, "dollars"},
      {Kind::key, "budgets.year", 1, "no window", "budgets"},
      {Kind::key, "expires", "tomorrow", "2027-01-31"},
      {Kind::key, "time_zone", "../etc/passwd", "UTC"},
      {Kind::key, "weight", 0, "from 1 to 1000"},
      {Kind::key, "weight", 1001, "from 1 to 1000"},
      {Kind::key, "weight", "5", "whole number"},
      {Kind::key, "disabled", "yes", "true or false"},
      {Kind::key, "disabeld", true, "did you mean \"disabled\"?"},
      {Kind::key, "version", 1, "unknown field"},
      {Kind::account, "provider", "antropic", "did you mean \"anthropic\"?"},
      {Kind::account, "priority", "10", "whole number"},
      {Kind::account, "weight", 0, "from 1 to"},
      {Kind::account, "max_concurrency", 1'000'001, "from 0 to"},
      {Kind::account, "model_map", object{{"a", ""}}, "map names"},
      {Kind::account, "model_map.a", 1, "must be a text"},
      {Kind::account, "cooling", 1, "object"},
      {Kind::account, "cooling.quota", "4", "must be a time"},
      {Kind::account, "cooling.quota", "32d", "must be a time"},
      {Kind::account, "cooling.quota", 4, "must be a text"},
      {Kind::account, "cooling.quotas", "4s", "unknown"},
      {Kind::account, "limits.concurrency", 1, "max_concurrency"},
      {Kind::account, "credential", "sk-ant-x", "object"},
      {Kind::account, "credential", object{}, "one of"},
      {Kind::account, "credential", object{{"api_key", "a"}, {"bearer_token", "b"}}, "one of"},
      {Kind::account, "credential.api_key", "", "secret itself"},
      {Kind::account, "credential.api_key", "two words", "blanks"},
      {Kind::account, "credential.api_key", "line\r\nx-evil: 1", "blanks"},
      {Kind::account, "credential.kind", "api_key", "unknown field"},
      {Kind::account, "credential.oauth2", nullptr, "object"},
      {Kind::account, "credential.oauth2", object{{"token_url", "http://example.org"}}, "http",
       "credential.oauth2.token_url"},
      {Kind::account, "proxy", "proxy.example:3128", "socks5h://"},
      {Kind::account, "proxy", "http://", "host"},
      {Kind::account, "proxy", "http://host/path", "host"},
      {Kind::account, "proxy", "http://a b@host:1", "%XX"},
      {Kind::account, "expires", "30d after first use", "2027-01-31"},
      {Kind::account, "connect_timeout_ms", 86'400'001, "from 0 to"},
      {Kind::account, "active_hours", many(2), "object", "active_hours[0]"},
      {Kind::account, "active_hours", array{object{{"from", "9"}}}, "09:30",
       "active_hours[0].from"},
      {Kind::account, "active_hours", array{object{}, object{{"to", "24:01"}}}, "09:30",
       "active_hours[1].to"},
      {Kind::account, "active_hours", array{object{{"days", array{"monday"}}}}, "mon, tue",
       "active_hours[0].days"},
      {Kind::account, "active_hours", array{object{{"from", "09:00"}, {"to", "09:00"}}}, "differ",
       "active_hours[0].to"},
      {Kind::pool, "pools", array{}, "unknown field"},
      {Kind::pool, "limits", 1, "object"},
      {Kind::user, "role", "root", "one of admin, operator"},
      {Kind::user, "email", "nobody", "address"},
      {Kind::token, "scopes", array{}, "without a scope"},
      {Kind::token, "scopes", array{"keys:raed"}, "did you mean \"keys:read\"?"},
      {Kind::token, "expires", "soon", "2027-01-31"},
  };
  for (const Bad& bad : all) {
    const auto outcome = apply(bad.kind, nested(bad.path, bad.given));
    SCOPED_TRACE(std::string(to_string(bad.kind)) + " " + bad.path + " " +
                 boost::json::serialize(bad.given));
    expect_refused(outcome, Errc::invalid_request, bad.field.empty() ? bad.path : bad.field,
                   bad.words);
  }
}

TEST(Documents, AFaultOfASecretSaysNothingOfIt) {
  for (const object& fields :
       {object{{"credential", {{"api_key", "canary with blanks"}}}},
        object{{"credential", "canary"}}, object{{"proxy", "canary://canary:canary@host"}},
        object{{"credential", {{"oauth2", {{"client_secret", "canary\n"}}}}}}}) {
    const auto outcome = apply(Kind::account, fields);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message.find("canary"), std::string::npos);
  }
}

TEST(Documents, TheFirstFaultIsTold) {
  const auto outcome = apply(Kind::key, {{"note", 1}, {"time_zone", ".."}, {"x", 1}});
  expect_refused(outcome, Errc::invalid_request, "time_zone");
}

TEST(Documents, OneOfANewerVersionIsAFaultAndNotAGuess) {
  store::Object newer = store::testing::object("01HKEY", "ci");
  newer.document = R"({"pools":["default"],"only_on_weekends":true})";
  const auto key = read_key(newer);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::invalid_config);
  EXPECT_NE(key.error().context.find("key \"ci\""), std::string::npos);
  EXPECT_NE(key.error().context.find("newer version"), std::string::npos);
  newer.document = "[]";
  EXPECT_FALSE(read_key(newer));
}

TEST(Documents, MoneyIsExact) {
  for (const char* amount : {"0.1", "0.000000001", "123456789.123456789", "0.3", "1000000"}) {
    Pool pool;
    ASSERT_TRUE(apply_pool_fields({{"budgets", {{"day", amount}}}}, pool));
    Pool again;
    ASSERT_TRUE(apply_pool_fields(pool_document(pool), again)) << amount;
    EXPECT_EQ(again.budgets, pool.budgets) << amount;
  }
}

}  // namespace
}  // namespace sluice::admin::testing
