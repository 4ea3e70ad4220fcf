#include "admin/portable_testing.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "admin/account_document.hpp"
#include "admin/key_document.hpp"
#include "admin/key_suffixes.hpp"
#include "admin/pool_document.hpp"
#include "admin/token_document.hpp"
#include "admin/user_document.hpp"
#include "store/activity.hpp"

namespace sluice::admin::testing {
namespace {

namespace json = boost::json;

void insert(Transaction& transaction, Kind kind, std::string id, std::string name,
            const json::object& document, std::string owner = {}) {
  store::Object row = store::testing::object(std::move(id), std::move(name));
  row.owner = std::move(owner);
  row.document = json::serialize(document);
  ASSERT_TRUE(store::Objects(transaction, kind).insert(row));
}

void add_hash(Transaction& transaction, Kind kind, const std::string& owner,
              std::string_view secret, std::optional<WallTime> until = {}) {
  store::HashedSecret hash;
  hash.hash = sha256(secret);
  hash.owner = owner;
  hash.hint = "...last";
  hash.created = store::testing::noon;
  hash.valid_until = until;
  ASSERT_TRUE(store::HashedSecrets(transaction, kind).insert(hash));
}

void add_accounts(Transaction& transaction, store::SecretBox& secrets) {
  const json::object fields{{"provider", "anthropic"},
                            {"credential", {{"api_key", "sk-ant-canary-api-key"}}},
                            {"proxy", "http://user:canary-proxy@proxy.example:3128"},
                            {"models", {"claude-*"}},
                            {"model_map", {{"sonnet", "claude-sonnet-4-5"}}},
                            {"budgets", {{"day", 0.1}, {"5h", 2.5}}},
                            {"cooling", {{"quota", "6h"}}},
                            {"note", "of the \"ops\" team"}};
  provider::AccountSettings account;
  const auto changes =
      granted(apply_account_fields(fields, provider::PrivateUpstreams::refused, account));
  insert(transaction, Kind::account, "01JD0000000000000000000002", "main",
         account_document(account));
  for (const SecretChange& change : changes) {
    if (change.secret.empty()) continue;
    ASSERT_TRUE(secrets.put(transaction, "01JD0000000000000000000002", change.name, change.secret,
                            store::testing::noon));
  }
  const json::object oauth{{"provider", "anthropic-compatible"},
                           {"base_url", "https://gateway.example"},
                           {"credential",
                            {{"oauth2",
                              {{"token_url", "https://login.example/token"},
                               {"client_id", "sluice"},
                               {"client_secret", "canary-client-secret"},
                               {"refresh_token", "canary-refresh-token"}}}}}};
  provider::AccountSettings other;
  const auto more =
      granted(apply_account_fields(oauth, provider::PrivateUpstreams::refused, other));
  insert(transaction, Kind::account, "01JD0000000000000000000003", "oauth",
         account_document(other));
  for (const SecretChange& change : more) {
    if (change.secret.empty()) continue;
    ASSERT_TRUE(secrets.put(transaction, "01JD0000000000000000000003", change.name, change.secret,
                            store::testing::noon));
  }
  ASSERT_TRUE(secrets.put(transaction, "01JD0000000000000000000003", secret_name::access_token,
                          Secret("canary-access-token"), store::testing::noon,
                          store::testing::noon + std::chrono::hours(1)));
}

void add_keys(Transaction& transaction) {
  identity::Key key;
  (void)granted([&]() -> Outcome<bool> {
    const json::object fields{{"limits", {{"concurrency", 4}, {"requests", "60/1m"}}},
                              {"budgets", {{"month", 200}}},
                              {"models", {"claude-*", "!claude-opus-*"}},
                              {"dialects", {"anthropic"}},
                              {"expires", "30d after first use"},
                              {"weight", 7},
                              {"tags", {"ci"}}};
    if (auto applied = apply_key_fields(fields, key); !applied) {
      return std::unexpected(applied.error());
    }
    return true;
  }());
  insert(transaction, Kind::key, "01JD0000000000000000000004", "ci", key_document(key),
         "01JD0000000000000000000000");
  add_hash(transaction, Kind::key, "01JD0000000000000000000004", "sk-slc-new");
  add_hash(transaction, Kind::key, "01JD0000000000000000000004", "sk-slc-old",
           store::testing::noon + std::chrono::hours(24));
  store::Activity(transaction).note({{"01JD0000000000000000000004", store::testing::noon, {}}});
  insert(transaction, Kind::key, "01JD0000000000000000000005", "plain",
         key_document(identity::Key{}));
  add_hash(transaction, Kind::key, "01JD0000000000000000000005", "sk-slc-plain");
}

}  // namespace

void fill(Installation& to) {
  store::testing::write(*to.database, [&](Transaction& transaction) {
    User user;
    user.role = identity::Role::member;
    insert(transaction, Kind::user, "01JD0000000000000000000000", "alice", user_document(user));
    EXPECT_TRUE(to.secrets->put(transaction, "01JD0000000000000000000000", "password",
                                Secret("canary-password-hash"), store::testing::noon));
    EXPECT_TRUE(to.secrets->put(transaction, "01JD0000000000000000000000", "totp",
                                Secret("canary-totp"), store::testing::noon));
    Pool pool;
    pool.note = "for everybody";
    insert(transaction, Kind::pool, "01JD0000000000000000000001", "default", pool_document(pool));
    add_accounts(transaction, *to.secrets);
    add_keys(transaction);
    insert(transaction, Kind::token, "01JD0000000000000000000006", "robot",
           token_document(AdminToken{}), "01JD0000000000000000000000");
    add_hash(transaction, Kind::token, "01JD0000000000000000000006", "sk-slc-robot");
    EXPECT_TRUE(
        add_key_suffix(transaction, *to.secrets, Secret("canary-suffix"), store::testing::noon));
    return true;
  });
}

}  // namespace sluice::admin::testing
